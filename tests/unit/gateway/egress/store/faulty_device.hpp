#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace gateway::egress::test {

// A device that fails by plan and that forgets, in a power cut, what was never synced. It is a
// layer over the file system for every database opened while it lives, of which there is one at a
// time.
//
// A sync that fails loses what was written since the one before, as with Linux: the data can still
// be read, will never be on the device, and the next sync says that all is well.
class FaultyDevice {
 public:
  enum class Call : std::uint8_t { read, write, short_write, sync, truncate };
  struct Plan {
    Call call = Call::write;
    std::string file;      // how its name ends
    unsigned first = 1;    // the next call is 1
    unsigned times = 1;    // so many in a row
    int system_error = 0;  // EIO if 0
  };

  FaultyDevice();
  ~FaultyDevice();
  FaultyDevice(const FaultyDevice&) = delete;
  FaultyDevice& operator=(const FaultyDevice&) = delete;

  // In place of the plan before. Any thread.
  void fail(const Plan& plan);
  void heal();
  // Calls that failed so far.
  [[nodiscard]] unsigned failures() const;
  // Writes what a power cut would leave now into `folder`.
  void cut_power(const std::string& folder) const;

 private:
  struct Write {
    std::size_t offset;
    std::string bytes;
  };
  struct Content {
    std::string synced;
    std::vector<Write> written;  // since
  };
  struct Layer;  // what SQLite calls
  friend struct Layer;

  [[nodiscard]] bool fails(Call call, const std::string& path);
  void opened(const std::string& path);
  void wrote(const std::string& path, std::size_t offset, const void* bytes, std::size_t size);
  void synced(const std::string& path, bool good);
  void truncated(const std::string& path, std::size_t size);
  void removed(const std::string& path);

  mutable std::mutex mutex_;
  Plan plan_;
  bool planned_ = false;
  unsigned calls_ = 0;
  unsigned failures_ = 0;
  std::map<std::string, Content> files_;
};

}  // namespace gateway::egress::test

#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/egress/segments/file_system.hpp"

namespace gateway::test {

// A device in memory with the file system on it, which can do what real ones do at their worst:
// fail by plan, be full, flip bits, and lose in a power cut whatever was not synced, in whole
// sectors and in any order. As with Linux, what a failed sync was to write can still be read, will
// never be on the device, and the next sync says that all is well. Any thread.
class SimulatedDisk final : public egress::FileSystem {
 public:
  enum class Call : std::uint8_t {
    open,
    status,
    list,
    remove,
    rename,
    sync_folder,
    read,
    write,
    sync,
    truncate,
    reserve,
    punch
  };
  // Returns the error that a call is to fail with, 0 for none. It may also block, as a device that
  // hangs does.
  using Plan = std::function<int(Call call, const std::string& path)>;

  SimulatedDisk();
  ~SimulatedDisk() override;

  void plan(Plan plan);
  // How many bytes there are; files take whole blocks of 4 KiB.
  void set_capacity(std::uint64_t bytes);
  // From now on syncs return without having done anything.
  void lie_about_syncs(bool lie);
  // All calls from the `nth` changing one on, the first being 1, fail: the machine is off.
  void cut_power_at(std::uint64_t nth);
  // Changing calls so far.
  [[nodiscard]] std::uint64_t changes() const;

  // The device after a power cut: what was synced, and of the rest what chance has written.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> after_power_cut(std::mt19937_64& random) const;
  // Likewise, but nothing of the rest.
  [[nodiscard]] std::unique_ptr<SimulatedDisk> synced_only() const;

  void make_folder(const std::string& path);
  [[nodiscard]] std::vector<std::string> files() const;
  [[nodiscard]] std::string contents(const std::string& path) const;
  void set_contents(const std::string& path, std::string contents);
  void flip(const std::string& path, std::uint64_t offset, unsigned bit);
  // The page of 4 KiB with this number cannot be read from now on, until mend_pages().
  void spoil_page(const std::string& path, std::uint64_t page);
  void mend_pages();
  [[nodiscard]] std::uint64_t bytes_read() const;
  // Returns how many files were open at a time at most.
  [[nodiscard]] std::size_t most_open() const;
  // Bytes that files take.
  [[nodiscard]] std::uint64_t used() const;

  egress::IoResult<std::unique_ptr<egress::File>> open(const std::string& path, Mode mode) override;
  egress::IoResult<egress::FileStatus> status(const std::string& path) override;
  egress::IoResult<std::vector<std::string>> list(const std::string& folder) override;
  egress::IoResult<void> remove(const std::string& path) override;
  egress::IoResult<void> rename(const std::string& from, const std::string& to) override;
  egress::IoResult<void> sync_folder(const std::string& folder) override;

 private:
  struct Node;
  class OpenFile;
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  // Asks the plan, without the lock; null: it may be done.
  [[nodiscard]] boost::system::error_code ask(Call call, const std::string& path);
  [[nodiscard]] std::uint64_t used_locked() const;
  [[nodiscard]] static std::uint64_t used_by(const Node& node);

  mutable std::mutex mutex_;
  Plan plan_;
  std::uint64_t capacity_ = std::uint64_t{1} << 40;
  bool lies_ = false;
  std::uint64_t changes_ = 0;
  std::uint64_t cut_at_ = 0;
  std::uint64_t next_inode_ = 1;
  std::int64_t time_ = 1;
  std::set<std::pair<std::string, std::uint64_t>> bad_pages_;
  std::uint64_t bytes_read_ = 0;
  std::size_t open_ = 0;
  std::size_t most_open_ = 0;
  std::vector<std::string> folders_;
  Names names_;    // as they are
  Names durable_;  // as they are on the device
};

}  // namespace gateway::test

#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::egress {

// Results whose error is that of the operating system: errno as a boost::system::error_code.
template <class T>
using IoResult = boost::system::result<T>;

struct FileStatus {
  FileStatus() = default;

  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::uint64_t allocated = 0;  // bytes on the device
  std::int64_t changed_ns = 0;  // of the content, since 1970
  bool regular = false;

  bool operator==(const FileStatus&) const = default;
  [[nodiscard]] bool same_file(const FileStatus& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

// An open file. The destructor closes it.
class File {
 public:
  File() = default;
  virtual ~File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // Reads into `into` from `offset` on. Returns fewer bytes only at the end of the file.
  [[nodiscard]] virtual IoResult<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
  // Writes all of `bytes`. After an error any part of them may have been written.
  [[nodiscard]] virtual IoResult<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  // Flushes content and size to the device.
  [[nodiscard]] virtual IoResult<void> sync() = 0;
  [[nodiscard]] virtual IoResult<void> truncate(std::uint64_t size) = 0;
  // Allocates the first `size` bytes on the device without changing the size of the file.
  [[nodiscard]] virtual IoResult<void> reserve(std::uint64_t size) = 0;
  // Gives the space of a part of the file back to the device; it reads as zeros from then on. The
  // error is operation_not_supported where the file system has no such thing.
  [[nodiscard]] virtual IoResult<void> punch(std::uint64_t offset, std::uint64_t size) = 0;
  [[nodiscard]] virtual IoResult<FileStatus> status() = 0;
  // Takes an advisory lock between processes, held until unlock() or the destruction of this
  // object. The error is resource_unavailable_try_again while another process holds it.
  [[nodiscard]] virtual IoResult<void> try_lock() = 0;
  virtual void unlock() = 0;
};

// The operating system as the store uses it, so that tests and simulations can put a device in its
// place that fails, lies or loses power. Used by one thread at a time.
class FileSystem {
 public:
  enum class Mode : std::uint8_t {
    read,
    write,   // read and write a file that is there
    create,  // likewise, the file must not be there
    either,  // likewise, made if it is not there
  };

  FileSystem() = default;
  virtual ~FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;

  [[nodiscard]] virtual IoResult<std::unique_ptr<File>> open(const std::string& path,
                                                             Mode mode) = 0;
  [[nodiscard]] virtual IoResult<FileStatus> status(const std::string& path) = 0;
  // Returns the names in a folder, in any order.
  [[nodiscard]] virtual IoResult<std::vector<std::string>> list(const std::string& folder) = 0;
  [[nodiscard]] virtual IoResult<void> remove(const std::string& path) = 0;
  [[nodiscard]] virtual IoResult<void> rename(const std::string& from, const std::string& to) = 0;
  // Flushes names that were made, changed or removed in `folder` to the device.
  [[nodiscard]] virtual IoResult<void> sync_folder(const std::string& folder) = 0;
};

// Returns the file system of this machine.
[[nodiscard]] FileSystem& native_file_system();

}  // namespace gateway::egress

#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace gateway::tls {

// Identifies a state of a file by device, inode, size and times; all 0 for a file that is not
// there. Symbolic links are followed, so that a swapped directory, as Kubernetes does it, is
// noticed.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  [[nodiscard]] static FileStamp of(const std::string& path);
  [[nodiscard]] bool operator==(const FileStamp&) const = default;
};
using FileStamps = std::vector<FileStamp>;

// Decides when files are read again. Several files are seldom replaced in one instant: files are
// read when they differ from those read last and have not changed from one look to the next.
class FileWatch {
 public:
  // `read`: taken before the files were read.
  explicit FileWatch(FileStamps read) : read_(std::move(read)), seen_(read_) {}

  // Returns true if the files must be read now. It returns true again only after another change,
  // also if reading fails.
  [[nodiscard]] bool changed(FileStamps now) {
    const bool settled = now == seen_;
    seen_ = std::move(now);
    if (!settled || seen_ == read_) return false;
    read_ = seen_;
    return true;
  }

 private:
  FileStamps read_;
  FileStamps seen_;
};

}  // namespace gateway::tls

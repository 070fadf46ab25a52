#pragma once
#include <string>

#include "gateway/egress/store/store_error.hpp"

namespace gateway::egress {

// Says that one process owns what `path` stands for, until it lets go or dies. The file holds the
// owner's process id, for people; the lock itself is the kernel's (flock(2)). The file stays:
// taking it away would let two processes lock two files of that name.
class FileLock {
 public:
  // Errors: in_use, or unusable if the file cannot be made.
  [[nodiscard]] static StoreOutcome<FileLock> take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int file) noexcept : file_(file) {}
  int file_ = -1;
};

}  // namespace gateway::egress

#include "gateway/egress/store/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace gateway::egress {
namespace {

// "12345", or nothing if the owner has not come to writing it.
std::string owner_of(int file) {
  std::array<char, 16> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  const auto* const begin = text.data();
  const auto* const end = begin + std::max<ssize_t>(size, 0);
  return {begin, std::find_if(begin, end, [](char c) { return c < '0' || c > '9'; })};
}

}  // namespace

StoreOutcome<FileLock> FileLock::take(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) {
    return StoreError(StoreError::Kind::unusable,
                      fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }
  FileLock lock(file);
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return StoreError(StoreError::Kind::unusable,
                        fmt::format("{}: {}", path, std::generic_category().message(errno)));
    }
    const std::string owner = owner_of(file);
    return StoreError(StoreError::Kind::in_use,
                      fmt::format("{} is in use by another process{}", path,
                                  owner.empty() ? "" : " (pid " + owner + ")"));
  }
  // Only people read it: on a full device the lock holds all the same.
  const std::string pid = std::to_string(getpid()) + '\n';
  if (ftruncate(file, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(file, pid.data(), pid.size(), 0);
  }
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

FileLock::~FileLock() {
  if (file_ >= 0) close(file_);
}

}  // namespace gateway::egress

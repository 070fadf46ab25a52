#pragma once
#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <thread>

#include "gateway/egress/segments/file_system.hpp"

namespace gateway::egress {

// Closes files on a thread of its own.
//
// Problem: the last close of a deleted file frees its blocks and its cached pages. For 16 MiB that
// takes 3 to 5 ms on ext4, and a replay, which deletes many such files a second, reads nothing
// meanwhile. Solution: another thread closes them. It is started when there is a first file, and
// has a bounded number of them: what is more is closed by the caller, and so are all where no
// thread can be had.
class FileCloser {
 public:
  // The files that may wait for their close.
  static constexpr std::size_t kMostWaiting = 8;

  FileCloser() = default;
  // Closes all that wait; may take as long as the device.
  ~FileCloser();
  FileCloser(const FileCloser&) = delete;
  FileCloser& operator=(const FileCloser&) = delete;

  // Closes a file soon; `file` may be null. Called by one thread at a time.
  void close(std::unique_ptr<File> file) noexcept;
  // Returns when all of them are closed and their space is free.
  void finish();

 private:
  void run() noexcept;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::array<std::unique_ptr<File>, kMostWaiting> waiting_;
  std::size_t count_ = 0;  // of those that wait; the first places of waiting_ hold them
  bool closing_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gateway::egress

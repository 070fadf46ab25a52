#include "gateway/egress/segments/file_closer.hpp"

#include <exception>
#include <utility>

#include "runtime/cores.hpp"

namespace gateway::egress {

FileCloser::~FileCloser() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void FileCloser::close(std::unique_ptr<File> file) noexcept {
  if (!file) return;
  if (!thread_.joinable()) {
    try {
      thread_ = std::thread([this] { run(); });
    } catch (const std::exception&) {
      return;  // there can be no thread now, or no memory for it: the file is closed here
    }
  }
  {
    const std::lock_guard lock(mutex_);
    if (count_ == waiting_.size()) return;
    waiting_[count_++] = std::move(file);
  }
  wake_.notify_one();
}

void FileCloser::finish() {
  std::unique_lock lock(mutex_);
  finished_.wait(lock, [this] { return count_ == 0 && !closing_; });
}

void FileCloser::run() noexcept {
  name_this_thread("store files");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || count_ != 0; });
    if (count_ == 0) return;
    std::unique_ptr<File> file = std::move(waiting_[--count_]);
    closing_ = true;
    lock.unlock();
    file.reset();
    lock.lock();
    closing_ = false;
    finished_.notify_one();
  }
}

}  // namespace gateway::egress

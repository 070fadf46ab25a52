#include "testkit/loop_thread.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"

namespace gateway::test {

LoopThread::Waker::Waker() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

LoopThread::Waker::~Waker() {
  ::close(fd_);
}

void LoopThread::Waker::wake() const noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is at its limit, and then the loop is awake anyway.
  [[maybe_unused]] const ssize_t written = ::write(fd_, &one, sizeof one);
}

void LoopThread::Waker::ready(std::uint32_t /*events*/) {
  std::uint64_t count = 0;
  while (::read(fd_, &count, sizeof count) > 0) {
  }
}

LoopThread::LoopThread(std::string name) {
  poller_.add(waker_.fd(), waker_);
  thread_ = std::thread([this, name = std::move(name)] {
    name_this_thread(name.c_str());
    try {
      run();
    } catch (...) {
      failure_ = std::current_exception();
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  });
}

LoopThread::~LoopThread() {
  try {
    stop();
  } catch (const std::exception& error) {
    fmt::print(stderr, "test kit: {}\n", error.what());
  }
}

void LoopThread::call(const std::function<void()>& task) {
  if (!thread_.joinable() || std::this_thread::get_id() == thread_.get_id()) {
    task();
    return;
  }
  Call call{&task, nullptr};
  std::unique_lock lock(mutex_);
  calls_.push_back(&call);
  waker_.wake();
  changed_.wait(lock, [&] { return call.done || ended_; });
  if (!call.done) {
    std::erase(calls_, &call);
    lock.unlock();
    stop();  // throws what ended it
    task();
    return;
  }
  if (call.thrown) std::rethrow_exception(call.thrown);
}

void LoopThread::wait_until(const std::function<bool()>& holds) {
  constexpr std::chrono::milliseconds kLook{1};
  bool held = false;
  while (!held && thread_.joinable()) {
    call([&] { held = holds(); });
    if (!held) std::this_thread::sleep_for(kLook);
  }
}

void LoopThread::stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  waker_.wake();
  thread_.join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void LoopThread::run() {
  while (do_calls()) turns_.turn(std::chrono::steady_clock::now() + std::chrono::seconds(1));
}

// Returns false when the loop is to end.
bool LoopThread::do_calls() {
  std::unique_lock lock(mutex_);
  while (!calls_.empty()) {
    Call& call = *calls_.front();
    calls_.erase(calls_.begin());
    lock.unlock();
    try {
      (*call.task)();
    } catch (...) {
      call.thrown = std::current_exception();
    }
    lock.lock();
    call.done = true;
    changed_.notify_all();
  }
  return !stopping_;
}

}  // namespace gateway::test

#include "testkit/poller.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <system_error>

namespace gateway::test {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)), events_() {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  // An open loop that sleeps 50 microseconds too long, as is the default, is no longer one.
  ::prctl(PR_SET_TIMERSLACK, 1UL);
}

Poller::~Poller() {
  ::close(fd_);
}

void Poller::add(int fd, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | static_cast<std::uint32_t>(EPOLLET);
  event.data.ptr = &pollable;
  if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

void Poller::remove(int fd) noexcept {
  static_cast<void>(::epoll_ctl(fd_, EPOLL_CTL_DEL, fd, nullptr));
}

int Poller::wait(std::chrono::nanoseconds limit, int most) {
  const timespec time{static_cast<time_t>(limit.count() / 1'000'000'000),
                      static_cast<long>(limit.count() % 1'000'000'000)};
  const int count = ::epoll_pwait2(fd_, events_.data(), most, &time, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  // Kernels before 5.11 wait in milliseconds.
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(limit);
  return ::epoll_wait(fd_, events_.data(), most, static_cast<int>(rounded.count()));
}

void Poller::turn(TimePoint until, int most) {
  constexpr std::chrono::nanoseconds kLongest = std::chrono::seconds(1);
  const std::chrono::nanoseconds limit = until - std::chrono::steady_clock::now();
  const int count = wait(std::clamp(limit, std::chrono::nanoseconds(0), kLongest), most);
  if (count < 0) {
    if (errno == EINTR) return;
    throw std::system_error(errno, std::generic_category(), "epoll_wait");
  }
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events_[static_cast<std::size_t>(i)];
    static_cast<Pollable*>(event.data.ptr)->ready(event.events);
  }
}

}  // namespace gateway::test

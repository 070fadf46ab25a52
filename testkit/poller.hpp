#pragma once
#include <array>
#include <chrono>
#include <cstdint>

#include <sys/epoll.h>

namespace gateway::test {

// What wants to hear of a descriptor.
class Pollable {
 public:
  Pollable() = default;
  Pollable(const Pollable&) = delete;
  Pollable& operator=(const Pollable&) = delete;
  virtual ~Pollable() = default;
  // `events` as epoll has them. May come once more after the descriptor was closed.
  virtual void ready(std::uint32_t events) = 0;
};

// What has something to do at certain times, in the thread of its poller.
class Driven {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  Driven() = default;
  Driven(const Driven&) = delete;
  Driven& operator=(const Driven&) = delete;
  virtual ~Driven() = default;
  // Returns when advance() is needed even if the poller has nothing to say.
  [[nodiscard]] virtual TimePoint next_due(TimePoint now) = 0;
  // Does what is due by `now`; to be called after each turn of the poller.
  virtual void advance(TimePoint now) = 0;
};

// The loop of load and eventbus: epoll and nothing else, since what they cost is taken from the
// machine that is measured. For one thread.
class Poller {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // Throws std::system_error.
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Until remove(), `pollable` hears of it, each change once (EPOLLET). It must live for the
  // rest of the turn in which the descriptor was removed. Throws std::system_error.
  void add(int fd, Pollable& pollable);
  // Ends that; to be called before `fd` is closed. As long as a child that is being started has a
  // copy of a descriptor, epoll goes on telling of it after it was closed here.
  void remove(int fd) noexcept;
  static constexpr int kEvents = 256;

  // One wait, not beyond `until`, and all that came of it: of so many descriptors at most. The
  // others come in the next turn, before these come again.
  void turn(TimePoint until, int most = kEvents);

 private:
  int wait(std::chrono::nanoseconds limit, int most);

  int fd_;
  std::array<epoll_event, kEvents> events_;
};

}  // namespace gateway::test

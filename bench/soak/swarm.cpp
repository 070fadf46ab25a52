#include "soak/swarm.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"

namespace gateway::soak {
namespace {

constexpr std::size_t kMostRefusalsKept = 1'000'000;
// Of one that never reads: the gateway's answers are then soon its own trouble.
constexpr int kDeafBuffer = 4096;

[[noreturn]] void throw_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

void set(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

}  // namespace

Swarm::Swarm(const Settings& settings) : settings_(settings), connections_(settings.connections) {
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (poll_ < 0) throw_errno("epoll");
  thread_ = std::thread([this] {
    name_this_thread("attack");
    try {
      run();
    } catch (...) {
      failure_ = std::current_exception();
    }
  });
}

Swarm::~Swarm() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (const Connection& connection : connections_) {
    if (connection.socket >= 0) ::close(connection.socket);
  }
  ::close(poll_);
}

void Swarm::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (Connection& connection : connections_) close(connection, false);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

double Swarm::refusal_ms(double quantile) const {
  if (refusals_ms_.empty()) return 0;
  std::vector<double> sorted = refusals_ms_;
  std::sort(sorted.begin(), sorted.end());
  const auto at = static_cast<std::size_t>(quantile * static_cast<double>(sorted.size()));
  return sorted[std::min(at, sorted.size() - 1)];
}

bool Swarm::reads() const noexcept {
  return settings_.habit != Habit::deaf && settings_.habit != Habit::flood;
}

void Swarm::run() {
  std::array<epoll_event, 512> events{};
  auto last = Clock::now();
  while (!stopping_) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      on_event(*static_cast<Connection*>(event.data.ptr), event.events);
    }
    const auto now = Clock::now();
    act(now, std::chrono::duration<double>(now - last).count());
    last = now;
  }
}

// What is due by the clock.
void Swarm::act(Clock::time_point now, double seconds) {
  may_open_ = settings_.connect_rate > 0 ? std::min(may_open_ + settings_.connect_rate * seconds,
                                                    settings_.connect_rate / 10)
                                         : 200;
  for (; may_open_ >= 1 && next_to_open_ < connections_.size(); may_open_ -= 1) {
    open(connections_[next_to_open_++]);
  }
  // What cannot be kept up with is not made up for later.
  may_post_ = std::min(may_post_ + settings_.rate * seconds, settings_.rate / 20 + 1);
  for (; may_post_ >= 1 && !free_.empty(); may_post_ -= 1) {
    Connection& connection = *free_.back();
    free_.pop_back();
    if (settings_.habit == Habit::reset) {
      open(connection);
      continue;
    }
    connection.busy = true;
    ++offered_;
    write(connection, settings_.post.size());
  }
  if (settings_.habit != Habit::drip) return;
  for (Connection& connection : connections_) {
    if (!connection.connected || connection.due > now) continue;
    connection.due = now + settings_.pause;
    write(connection, connection.sent + 1);
  }
}

void Swarm::open(Connection& connection) {
  connection = Connection();
  connection.socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection.socket < 0) throw_errno("socket");
  if (!reads()) set(connection.socket, SOL_SOCKET, SO_RCVBUF, kDeafBuffer);
  set(connection.socket, IPPROTO_TCP, TCP_NODELAY, 1);
  if (settings_.sources > 1) {
    const auto which = static_cast<std::uint32_t>(&connection - connections_.data());
    set(connection.socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const sockaddr_in own = address(INADDR_LOOPBACK + 1 + which % settings_.sources, 0);
    if (::bind(connection.socket, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0) {
      throw_errno("bind");
    }
  }
  const sockaddr_in peer = address(INADDR_LOOPBACK, settings_.port);
  if (::connect(connection.socket, reinterpret_cast<const sockaddr*>(&peer), sizeof peer) != 0 &&
      errno != EINPROGRESS) {
    throw_errno("connect");
  }
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &connection;
  ::epoll_ctl(poll_, EPOLL_CTL_ADD, connection.socket, &event);
}

void Swarm::on_event(Connection& connection, std::uint32_t events) {
  if (connection.socket < 0) return;  // closed since, in the same turn
  if (!connection.connected && (events & EPOLLOUT) != 0 && (events & EPOLLERR) == 0) {
    on_connected(connection);
    if (connection.socket < 0) return;
  }
  const bool goes_on =
      reads() ? (events & EPOLLIN) == 0 || read(connection) : (events & EPOLLRDHUP) == 0;
  if (!goes_on || (events & (EPOLLERR | EPOLLHUP)) != 0) {
    end(connection);
    return;
  }
  if (connection.busy && (events & EPOLLOUT) != 0) write(connection, settings_.post.size());
}

void Swarm::on_connected(Connection& connection) {
  connection.connected = true;
  ++opened_;
  switch (settings_.habit) {
    case Habit::post:
      free_.push_back(&connection);
      break;
    case Habit::silent:
      break;
    case Habit::drip:
      // Not all of them at the same moment.
      connection.due = Clock::now() + settings_.pause * static_cast<int>(opened_ % 100) / 100;
      write(connection, settings_.drip_from);
      break;
    case Habit::reset:
      ++offered_;
      connection.half = offered_ % 2 == 0;
      write(connection, connection.half ? settings_.post.size() / 2 : settings_.post.size());
      close(connection, true);
      free_.push_back(&connection);
      break;
    case Habit::hold:
    case Habit::deaf:
    case Habit::flood:
      connection.busy = true;
      ++offered_;
      write(connection, settings_.post.size());
      break;
  }
}

void Swarm::write(Connection& connection, std::size_t most) {
  const std::string_view post = settings_.post;
  most = std::min(most, post.size());
  while (connection.sent < most) {
    const ssize_t size = ::send(connection.socket, post.data() + connection.sent,
                                most - connection.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) return;  // full, or an event is about to say why
    bytes_ += static_cast<std::uint64_t>(size);
    connection.sent += static_cast<std::size_t>(size);
    if (settings_.habit == Habit::flood && connection.sent == post.size()) {
      connection.sent = 0;
      ++offered_;
    }
  }
  if (connection.busy && connection.sent == post.size()) {
    connection.busy = false;
    connection.sent = 0;
    connection.asked = Clock::now();
  }
}

bool Swarm::read(Connection& connection) {
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t size = ::recv(connection.socket, part.data(), part.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    connection.answer.append(part.data(), static_cast<std::size_t>(size));
    take_answer(connection);
  }
}

void Swarm::take_answer(Connection& connection) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::string& answer = connection.answer;
  const auto head = answer.find("\r\n\r\n");
  if (head == std::string::npos) return;
  std::size_t length = 0;
  if (const auto at = answer.find(kLength); at < head) {
    std::from_chars(answer.data() + at + kLength.size(), answer.data() + head, length);
  }
  if (answer.size() < head + 4 + length) return;
  unsigned status = 0;
  std::from_chars(answer.data() + 9, answer.data() + 12, status);
  connection.answered = true;
  if (status / 100 == 2) {
    ++good_;
  } else if (status == 503) {
    ++refused_;
    const std::chrono::duration<double, std::milli> took = Clock::now() - connection.asked;
    if (refusals_ms_.size() < kMostRefusalsKept) refusals_ms_.push_back(took.count());
  } else if (status == 408) {
    ++timed_out_;
  } else {
    ++other_;
  }
  connection.answer.clear();
  if (settings_.habit == Habit::post) free_.push_back(&connection);
}

void Swarm::end(Connection& connection) {
  if (connection.connected) {
    ++ended_;
    if (!connection.answered) ++ended_unanswered_;
  }
  close(connection, false);
  if (settings_.habit == Habit::post) {
    std::erase(free_, &connection);
    open(connection);
  } else if (settings_.habit == Habit::reset) {
    free_.push_back(&connection);
  }
}

void Swarm::close(Connection& connection, bool with_reset) {
  if (connection.socket < 0) return;
  if (with_reset) {
    const linger now{1, 0};
    ::setsockopt(connection.socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  ::close(connection.socket);
  connection.socket = -1;
  connection.connected = false;
}

}  // namespace gateway::soak

#include "soak/fast_bus.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>

#include "runtime/cores.hpp"

namespace gateway::soak {
namespace {

constexpr int kPollMs = 20;
constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kLength = "Content-Length: ";

void watch(int poll, int socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = socket;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
}

}  // namespace

FastBus::FastBus(std::uint16_t port, double rate) : rate_(rate) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, SOMAXCONN) != 0) {
    throw std::system_error(errno, std::generic_category(), "eventbus");
  }
  poll_ = ::epoll_create1(EPOLL_CLOEXEC);
  watch(poll_, listener_);
  thread_ = std::thread([this] {
    name_this_thread("bus");
    run();
  });
}

FastBus::~FastBus() {
  stopping_ = true;
  thread_.join();
  for (const auto& [socket, connection] : connections_) ::close(socket);
  ::close(listener_);
  ::close(poll_);
}

// So short where the rate is kept that answers do not leave in lumps.
int FastBus::wait_ms() const noexcept {
  return rate_ > 0 ? 1 : kPollMs;
}

void FastBus::run() {
  using std::chrono::steady_clock;
  std::array<epoll_event, 64> events{};
  auto last = steady_clock::now();
  while (!stopping_) {
    const int count =
        ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), wait_ms());
    if (rate_ > 0) {
      const auto now = steady_clock::now();
      const std::chrono::duration<double> passed = now - last;
      last = now;
      // At most a tenth of a second is made up for.
      allowed_ = std::min(allowed_ + rate_ * passed.count(), rate_ / 10);
    }
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener_) {
        const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted < 0) continue;
        connections_[accepted];
        watch(poll_, accepted);
      } else if (!serve(socket, connections_[socket])) {
        ::close(socket);
        connections_.erase(socket);
      }
    }
    if (rate_ <= 0) continue;
    for (auto& [socket, connection] : connections_) {
      // One that fails is found by its event.
      static_cast<void>(answer(socket, connection));
    }
  }
}

bool FastBus::serve(int socket, Connection& connection) {
  static thread_local std::array<char, std::size_t{256} << 10> part;
  std::string& unread = connection.unread;
  const ssize_t size = ::recv(socket, part.data(), part.size(), 0);
  if (size < 0) return errno == EAGAIN;
  if (size == 0) return false;
  unread.append(part.data(), static_cast<std::size_t>(size));
  std::size_t at = 0;
  for (;;) {
    const auto head_end = unread.find("\r\n\r\n", at);
    if (head_end == std::string::npos) break;
    const std::string_view head(unread.data() + at, head_end - at);
    const auto length_at = head.find(kLength);
    std::size_t length = 0;
    if (length_at != std::string_view::npos) {
      std::from_chars(head.data() + length_at + kLength.size(), head.data() + head.size(), length);
    }
    if (unread.size() - head_end - 4 < length) break;
    at = head_end + 4 + length;
    ++connection.owed;
  }
  unread.erase(0, at);
  return answer(socket, connection);
}

bool FastBus::answer(int socket, Connection& connection) {
  std::uint64_t count = connection.owed;
  if (rate_ > 0) {
    count = std::min(count, static_cast<std::uint64_t>(allowed_));
    allowed_ -= static_cast<double>(count);
  }
  if (count == 0) return true;
  connection.owed -= count;
  taken_ += count;
  std::string answers;
  for (; count != 0; --count) answers += kAnswer;
  // The gateway reads its answers: what it has asked at once fits into the socket's buffer.
  return ::send(socket, answers.data(), answers.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(answers.size());
}

}  // namespace gateway::soak

#include "soak/fast_bus.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

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

FastBus::FastBus(std::uint16_t port) {
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
    ::pthread_setname_np(::pthread_self(), "bus");
    run();
  });
}

FastBus::~FastBus() {
  stopping_ = true;
  thread_.join();
  for (const auto& [socket, unread] : unread_) ::close(socket);
  ::close(listener_);
  ::close(poll_);
}

void FastBus::run() {
  std::array<epoll_event, 64> events{};
  while (!stopping_) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), kPollMs);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket == listener_) {
        const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (accepted < 0) continue;
        unread_[accepted];
        watch(poll_, accepted);
      } else if (!serve(socket, unread_[socket])) {
        ::close(socket);
        unread_.erase(socket);
      }
    }
  }
}

bool FastBus::serve(int socket, std::string& unread) {
  static thread_local std::array<char, std::size_t{256} << 10> part;
  const ssize_t size = ::recv(socket, part.data(), part.size(), 0);
  if (size < 0) return errno == EAGAIN;
  if (size == 0) return false;
  unread.append(part.data(), static_cast<std::size_t>(size));
  std::string answers;
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
    answers += kAnswer;
    ++taken_;
  }
  unread.erase(0, at);
  // The gateway reads its answers: what it has asked at once fits into the socket's buffer.
  return answers.empty() || ::send(socket, answers.data(), answers.size(), MSG_NOSIGNAL) ==
                                static_cast<ssize_t>(answers.size());
}

}  // namespace gateway::soak

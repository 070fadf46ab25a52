#include "simulation/socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace gateway::simulation {
namespace {

sockaddr_in address_of(std::uint32_t host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

Socket Socket::connect_to(std::uint16_t port) {
  Descriptor descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) fail("socket");
  const sockaddr_in address = address_of(INADDR_LOOPBACK, port);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets are
  if (::connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 &&
      errno != EINPROGRESS) {
    return {};
  }
  return Socket(std::move(descriptor));
}

bool Socket::receive(std::string& into) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::recv(handle(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
  }
}

std::optional<std::size_t> Socket::send(std::string_view bytes) {
  const ssize_t sent = ::send(handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
  return std::nullopt;
}

void Socket::end_sending() {
  ::shutdown(handle(), SHUT_WR);
}

void Socket::reset() {
  const linger at_once{1, 0};
  ::setsockopt(handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

Listener::Listener(std::uint32_t host, std::uint16_t port) : host_(host), port_(port) {
  listen();
}

void Listener::listen() {
  descriptor_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const sockaddr_in address = address_of(host_, port_);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): as sockets are
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  if (!descriptor_ || ::bind(descriptor_.get(), generic, sizeof address) != 0 ||
      ::listen(descriptor_.get(), 64) != 0) {
    fail("listen");
  }
  listening_ = true;
}

void Listener::refuse() {
  descriptor_ = Descriptor();
  listening_ = false;
}

Socket Listener::accept() {
  if (!listening_) return {};
  return Socket(
      Descriptor(::accept4(descriptor_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)));
}

}  // namespace gateway::simulation

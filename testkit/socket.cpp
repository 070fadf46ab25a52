#include "testkit/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <stdexcept>
#include <system_error>

namespace gateway::test {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void enable(const Socket& socket, int level, int option) {
  const int on = 1;
  ::setsockopt(socket.fd(), level, option, &on, sizeof on);
}

Socket bound_to(const std::string& host, std::uint16_t& port) {
  const Address address = address_of(host, port);
  Socket socket(
      ::socket(address.generic()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.open()) fail("socket");
  enable(socket, SOL_SOCKET, SO_REUSEADDR);
  if (::bind(socket.fd(), address.generic(), address.size) != 0) {
    fail("bind to " + host + ":" + std::to_string(port));
  }
  sockaddr_in6 bound{};  // the port is where sockaddr_in has it
  socklen_t size = sizeof bound;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    fail("getsockname");
  }
  port = ntohs(bound.sin6_port);
  return socket;
}

constexpr int kFreePortAttempts = 100;

}  // namespace

Address address_of(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) throw std::runtime_error(host + ": " + ::gai_strerror(error));
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

void Socket::close() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Socket::reset() noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

Socket bind_to(const std::string& host, std::uint16_t& port) {
  // Bound to port 0 the kernel would take the port back when a listener is shut down, so the port
  // it picked is asked for by number while the first socket still guards it.
  const Socket guard = bound_to(host, port);
  return bound_to(host, port);
}

Socket bind_loopback(std::uint16_t& port) {
  return bind_to("127.0.0.1", port);
}

Socket connect_to(const std::string& host, std::uint16_t port) {
  const Address address = address_of(host, port);
  Socket socket(::socket(address.generic()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) fail("socket");
  if (::connect(socket.fd(), address.generic(), address.size) != 0) {
    fail("connect to " + host + ":" + std::to_string(port));
  }
  enable(socket, IPPROTO_TCP, TCP_NODELAY);
  return socket;
}

std::uint16_t free_port() {
  static std::random_device random;
  std::uniform_int_distribution<std::uint16_t> below_those_of_clients(10'000, 32'000);
  for (int attempt = 1;; ++attempt) {
    std::uint16_t port = below_those_of_clients(random);
    try {
      const Socket reserved = bind_loopback(port);
      return port;
    } catch (const std::system_error&) {
      if (attempt == kFreePortAttempts) throw;
    }
  }
}

}  // namespace gateway::test

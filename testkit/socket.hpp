#pragma once
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <utility>

namespace gateway::test {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) noexcept : fd_(fd) {}
  ~Socket() { close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    if (this != &other) {
      close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }

  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  void close() noexcept;
  // Closes with RST instead of FIN, whatever is still to be sent.
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// Where a socket connects to.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* generic() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};
// Returns the address of a numeric IPv4 or IPv6 address, or of a name's first one. Throws
// std::runtime_error with the resolver's reason.
[[nodiscard]] Address address_of(const std::string& host, std::uint16_t port);

// Bound to `port` of a numeric IPv4 or IPv6 address (0: a free one, which it becomes), but not
// listening: the port is reserved, connections are refused until somebody calls listen(). Throws
// std::system_error.
[[nodiscard]] Socket bind_to(const std::string& host, std::uint16_t& port);
[[nodiscard]] Socket bind_loopback(std::uint16_t& port);  // the same at 127.0.0.1

// Blocking connect; `host` is a numeric IPv4 or IPv6 address. Throws std::system_error.
[[nodiscard]] Socket connect_to(const std::string& host, std::uint16_t port);

// A port of 127.0.0.1 that nobody listened on a moment ago. The kernel gives it to nobody who asks
// for any port, so that no other test is likely to take it until it is used.
[[nodiscard]] std::uint16_t free_port();

}  // namespace gateway::test

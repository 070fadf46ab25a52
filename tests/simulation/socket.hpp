#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/descriptor.hpp"

namespace gateway::simulation {

// A TCP socket of the simulated world, on loopback and never blocking: what one side sends is with
// the other at once, so that a world needs no real time.
class Socket {
 public:
  Socket() = default;
  explicit Socket(Descriptor descriptor) noexcept : descriptor_(std::move(descriptor)) {}

  [[nodiscard]] static Socket connect_to(std::uint16_t port);
  [[nodiscard]] bool open() const noexcept { return static_cast<bool>(descriptor_); }
  [[nodiscard]] int handle() const noexcept { return descriptor_.get(); }

  // Appends what there is. Returns false at the end of the stream or after a reset.
  [[nodiscard]] bool receive(std::string& into);
  // Returns how many bytes were taken; nullopt: the peer is gone.
  [[nodiscard]] std::optional<std::size_t> send(std::string_view bytes);
  void end_sending();
  void reset();
  void close() { descriptor_ = Descriptor(); }

 private:
  Descriptor descriptor_;
};

// A port that listens or refuses.
class Listener {
 public:
  Listener();
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  void listen();
  void refuse();
  [[nodiscard]] bool listening() const noexcept { return listening_; }
  // Returns a connection that waits, or a closed socket.
  [[nodiscard]] Socket accept();

 private:
  void bind();

  Descriptor descriptor_;
  std::uint16_t port_ = 0;
  bool listening_ = false;
};

}  // namespace gateway::simulation

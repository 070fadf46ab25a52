#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/descriptor.hpp"

namespace gateway::simulation {

// A TCP socket of the world's network, for those outside of the gateway.
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

// A port of a host that listens or refuses.
class Listener {
 public:
  Listener(std::uint32_t host, std::uint16_t port);
  void listen();
  void refuse();
  [[nodiscard]] bool listening() const noexcept { return listening_; }
  // Returns a connection that waits, or a closed socket.
  [[nodiscard]] Socket accept();

 private:
  const std::uint32_t host_;
  const std::uint16_t port_;
  Descriptor descriptor_;
  bool listening_ = false;
};

}  // namespace gateway::simulation

#pragma once
#include <array>
#include <span>
#include <string>
#include <vector>

#include "gateway/transport/transport.hpp"
#include "runtime/readiness.hpp"
#include "runtime/turn_queue.hpp"

namespace gateway::transport {

// What the transports of one loop share: the set that tells of them, the buffers of which one is
// enough, and the line of those that wait for a handshake step. Lives on the loop's thread and
// outlives its transports.
class Transports {
 public:
  // As Readiness. Throws system_error.
  Transports(const Executor& executor, Clock& clock, TurnEnd& turn_end);
  Transports(const Transports&) = delete;
  Transports& operator=(const Transports&) = delete;

  void start() { readiness_.start(); }
  // Every tick of the shard.
  void tick() {
    readiness_.tick();
    if (!stopped_) post_handshakes();
  }
  // Tells nothing more, so that the loop can run dry.
  void stop();

 private:
  friend class Transport;

  // To receive TLS into; what is not used at once is to be copied.
  [[nodiscard]] std::span<char> encrypted_input();
  // To write TLS into.
  [[nodiscard]] std::string& encrypted_output() noexcept {
    encrypted_output_.clear();
    return encrypted_output_;
  }
  // For bytes nobody looks at. In plain text the kernel does not touch it, so it takes no memory.
  [[nodiscard]] std::span<char> unwanted() noexcept { return unwanted_; }
  void await_handshake(Transport& transport);
  void leave_handshakes(Transport& transport) noexcept { handshakes_.leave(transport); }
  void post_handshakes();

  Executor executor_;
  Readiness readiness_;
  std::vector<char> encrypted_input_;
  std::string encrypted_output_;
  std::array<char, std::size_t{64} << 10> unwanted_;
  TurnQueue<Transport, &Transport::handshake_hook> handshakes_;
  bool handshakes_posted_ = false;
  bool stopped_ = false;
};

}  // namespace gateway::transport

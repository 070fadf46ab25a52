#include "gateway/transport/transports.hpp"

#include <boost/asio/post.hpp>

namespace gateway::transport {
namespace {

constexpr std::size_t kEncryptedInput = std::size_t{64} << 10;
// A handshake costs as much as a hundred posts. Another turn costs next to nothing.
constexpr std::size_t kHandshakesPerTurn = 1;

}  // namespace

Transports::Transports(const Executor& executor, Clock& clock, TurnEnd& turn_end)
    : executor_(executor), readiness_(executor, clock, turn_end), handshakes_(kHandshakesPerTurn) {}

void Transports::stop() {
  stopped_ = true;
  handshakes_.clear();
  readiness_.stop();
}

std::span<char> Transports::encrypted_input() {
  if (encrypted_input_.empty()) encrypted_input_.resize(kEncryptedInput);
  return encrypted_input_;
}

void Transports::await_handshake(Transport& transport) {
  handshakes_.enter(transport);
  post_handshakes();
}

// What is posted runs after all that is ready now: posts and answers get their part of every turn.
void Transports::post_handshakes() {
  if (handshakes_posted_ || handshakes_.empty()) return;
  asio::post(executor_, [this] {
    handshakes_posted_ = false;
    if (stopped_) return;
    handshakes_.turn([](Transport& transport) { transport.take_handshake_step(); });
    post_handshakes();
  });
  handshakes_posted_ = true;
}

}  // namespace gateway::transport

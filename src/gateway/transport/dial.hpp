#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/transport/transport.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_proxy.hpp"
#include "runtime/signal.hpp"

namespace gateway::transport {

// One attempt to reach one address. Whoever dials several takes the transport of the one that was
// first and cancels the others. Lives on the loop's thread and outlives its coroutines.
class Dial final : private Transport::User {
 public:
  Dial(Transports& transports, const Executor& executor);
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;

  // Connects to `to`. Errors: timed_out at the deadline, operation_aborted after cancel(), or what
  // the system says. Once a Dial.
  [[nodiscard]] Task<error_code> connect(tcp::endpoint to, Instant deadline);
  // Has the proxy that connect() reached pass on what is sent to where `tunnel` leads. Errors as
  // there; TransportError::proxy if it does not, and describe() says why.
  [[nodiscard]] Task<error_code> tunnel(ProxyTunnel tunnel, Instant deadline);
  // Goes through the handshake of `session` on what connect() made. Errors as there, and what
  // the transport says.
  [[nodiscard]] Task<error_code> secure(std::unique_ptr<tls::TlsSession> session, Instant deadline);
  // Ends the coroutine under way, and every later one.
  void cancel();

  // Returns what an error of one of these means.
  [[nodiscard]] std::string describe(const error_code& error) const {
    if (error == TransportError::proxy && tunnel_) return tunnel_->problem();
    return transport_ ? transport_->describe(error) : error.message();
  }

  // The transport, while it has not been taken; null before connect().
  [[nodiscard]] Transport* transport() const noexcept { return transport_.get(); }
  // Hands over the transport: to be given another user at once.
  [[nodiscard]] std::unique_ptr<Transport> take() noexcept { return std::move(transport_); }

 private:
  void on_ready(bool writable) override;
  [[nodiscard]] Task<error_code> while_in(Transport::Stage stage, Instant deadline);
  void ask_for_tunnel();
  void hear_of_tunnel();
  void end_tunnel(const error_code& error);

  Transports& transports_;
  Signal changed_;
  std::unique_ptr<Transport> transport_;
  std::optional<ProxyTunnel> tunnel_;
  std::string_view unsent_;               // of its request
  std::optional<error_code> tunnel_end_;  // what it came to
  bool cancelled_ = false;
};

}  // namespace gateway::transport

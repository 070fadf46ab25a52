#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/tls/tls_session.hpp"
#include "gateway/transport/dial.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/http_proxy.hpp"
#include "runtime/signal.hpp"

namespace gateway::egress {

// Makes one connection to one of several addresses (RFC 8305 section 5).
//
// An address that drops packets answers nothing until the deadline, so waiting for one before the
// next is tried makes every event late. The addresses are tried in the order given, each kHeadStart
// after the one before or as soon as that has failed; the first that is ready, TLS included, wins,
// and the others are cancelled. Lives on the shard's thread; one dial() at a time.
class Dialer {
 public:
  static constexpr std::chrono::milliseconds kHeadStart{250};
  // For a TCP connection alone: the kernel asks twice in this time. A new attempt asks sooner again
  // than it would.
  static constexpr std::chrono::milliseconds kConnectWithin{2000};

  // Returns a session for an attempt with TLS; null for plain text.
  using NewSession = std::function<std::unique_ptr<tls::TlsSession>()>;
  // An address that has lost: it failed, or was not ready though it had a head start.
  struct Loser {
    tcp::endpoint address;
    std::string reason;
  };

  // `tunnel`: the addresses are those of a proxy, which is asked for it before TLS begins.
  Dialer(transport::Transports& transports, const Executor& executor, NewSession new_session,
         std::optional<ProxyTunnel> tunnel = std::nullopt);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Returns the transport that was ready first, to be given another user at once; null at the
  // deadline, when all have failed and after cancel(). Its coroutines have ended by then.
  [[nodiscard]] Task<std::unique_ptr<transport::Transport>> dial(std::vector<tcp::endpoint> order,
                                                                 Instant deadline);
  // Of the last dial(): whom it reached, and who has lost.
  [[nodiscard]] const tcp::endpoint& reached() const noexcept { return reached_; }
  [[nodiscard]] const std::vector<Loser>& losers() const noexcept { return losers_; }
  // Ends the dial() under way, and every later one.
  void cancel();

 private:
  struct Attempt {
    Attempt(transport::Transports& transports, const Executor& executor, tcp::endpoint to)
        : dial(transports, executor), address(std::move(to)) {}
    transport::Dial dial;
    tcp::endpoint address;
    Instant begun{};
    std::string problem;
    bool done = false;
    bool ready = false;
  };
  void begin(const tcp::endpoint& to, Instant deadline);
  [[nodiscard]] Task<void> attempt(Attempt& attempt, Instant deadline);
  [[nodiscard]] Attempt* winner() noexcept;
  [[nodiscard]] bool all_done() const noexcept;

  transport::Transports& transports_;
  Executor executor_;
  NewSession new_session_;
  const std::optional<ProxyTunnel> tunnel_;
  Signal changed_;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  tcp::endpoint reached_;
  std::vector<Loser> losers_;
  bool cancelled_ = false;
};

}  // namespace gateway::egress

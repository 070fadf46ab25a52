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
#include "runtime/coroutine_life.hpp"
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
  ~Dialer() { disown(); }
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
  // Lives as long as its coroutine, which may outlive the Dialer if dial() was dropped.
  struct Attempt {
    Attempt(Dialer& of, tcp::endpoint to)
        : dialer(&of), dial(of.transports_, of.executor_), address(std::move(to)), life([this] {
            done = true;
            if (dialer != nullptr) dialer->changed_.notify_all();
          }) {}
    Dialer* dialer;  // null once it does not care any more
    transport::Dial dial;
    const tcp::endpoint address;
    Instant begun{};
    std::string problem = "out of memory";
    bool done = false;
    bool ready = false;
    CoroutineLife life;
  };
  void begin(const tcp::endpoint& to, Instant deadline);
  [[nodiscard]] static Task<void> run(std::shared_ptr<Attempt> attempt, Instant deadline);
  // Lets the attempts there are end on their own.
  void disown() noexcept;
  [[nodiscard]] Attempt* winner() noexcept;
  [[nodiscard]] bool all_done() const noexcept;

  transport::Transports& transports_;
  Executor executor_;
  NewSession new_session_;
  const std::optional<ProxyTunnel> tunnel_;
  Signal changed_;
  std::vector<std::shared_ptr<Attempt>> attempts_;
  tcp::endpoint reached_;
  std::vector<Loser> losers_;
  bool cancelled_ = false;
};

}  // namespace gateway::egress

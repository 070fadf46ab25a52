#include "gateway/egress/address/dialer.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <utility>

#include "runtime/log.hpp"

namespace gateway::egress {

Dialer::Dialer(transport::Transports& transports, const Executor& executor, NewSession new_session,
               std::optional<ProxyTunnel> tunnel)
    : transports_(transports),
      executor_(executor),
      new_session_(std::move(new_session)),
      tunnel_(std::move(tunnel)),
      changed_(executor) {}

void Dialer::cancel() {
  cancelled_ = true;
  for (const auto& one : attempts_) one->dial.cancel();
  changed_.notify_all();
}

void Dialer::disown() noexcept {
  for (const auto& one : attempts_) {
    one->dialer = nullptr;
    one->dial.cancel();
  }
  attempts_.clear();
}

Task<std::unique_ptr<transport::Transport>> Dialer::dial(std::vector<tcp::endpoint> order,
                                                         Instant deadline) {
  losers_.clear();
  disown();  // there are some if the last dial() was dropped
  std::size_t next = 0;
  Instant next_at = SteadyClock::now();
  while (!cancelled_ && winner() == nullptr) {
    const Instant now = SteadyClock::now();
    const bool more = next < order.size() && now < deadline;
    if (more && (now >= next_at || all_done())) {
      begin(order[next], deadline);
      ++next;
      next_at = now + kHeadStart;
      continue;
    }
    // Each ends at the deadline by itself.
    if (!more && all_done()) break;
    const Instant until = more ? std::min(next_at, deadline) : Instant::max();
    co_await changed_.wait_until(until);
  }
  Attempt* const first = winner();
  std::unique_ptr<transport::Transport> transport;
  if (first != nullptr) {
    reached_ = first->address;
    transport = first->dial.take();
  }
  const Instant end = SteadyClock::now();
  for (const auto& one : attempts_) {
    if (one->done && !one->ready) {
      losers_.push_back({one->address, one->problem});
    } else if (!one->done && end - one->begun >= kHeadStart) {
      losers_.push_back(
          {one->address, "no connection within " + std::to_string(kHeadStart.count()) + " ms"});
    }
    if (!one->done) one->dial.cancel();
  }
  while (!all_done()) co_await changed_.wait();
  attempts_.clear();
  co_return transport;
}

void Dialer::begin(const tcp::endpoint& to, Instant deadline) {
  auto attempt = std::make_shared<Attempt>(*this, to);
  attempt->begun = SteadyClock::now();
  attempts_.push_back(attempt);
  try {
    asio::co_spawn(executor_, run(std::move(attempt), deadline), asio::detached);
  } catch (...) {
    attempts_.pop_back();
    throw;
  }
}

Task<void> Dialer::run(std::shared_ptr<Attempt> attempt, Instant deadline) {
  const CoroutineLife::Guard life(attempt->life);
  const char* step = "connect";
  error_code error;
  try {
    const std::optional<ProxyTunnel> tunnel = attempt->dialer->tunnel_;
    const Instant connected_by = std::min(deadline, attempt->begun + kConnectWithin);
    error = co_await attempt->dial.connect(attempt->address, connected_by);
    if (!error && tunnel) {
      step = "proxy";
      error = co_await attempt->dial.tunnel(*tunnel, deadline);
    }
    std::unique_ptr<tls::TlsSession> session;
    if (!error && attempt->dialer != nullptr) session = attempt->dialer->new_session_();
    if (session) {
      step = "TLS handshake";
      error = co_await attempt->dial.secure(std::move(session), deadline);
    }
    attempt->ready = !error;
    if (!error) co_return;
    attempt->problem = error == asio::error::timed_out ? std::string(step) + " timed out"
                                                       : attempt->dial.describe(error);
  } catch (...) {
    log::internal_error("connecting to the eventbus", std::current_exception());
  }
}

Dialer::Attempt* Dialer::winner() noexcept {
  const auto found =
      std::ranges::find_if(attempts_, [](const auto& one) { return one->done && one->ready; });
  return found == attempts_.end() ? nullptr : found->get();
}

bool Dialer::all_done() const noexcept {
  return std::ranges::all_of(attempts_, [](const auto& one) { return one->done; });
}

}  // namespace gateway::egress

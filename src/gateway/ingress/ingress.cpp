#include "gateway/ingress/ingress.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

constexpr std::chrono::milliseconds kFirstAcceptPause{10};
constexpr std::chrono::milliseconds kLongestAcceptPause{1000};

// A handshake costs as much as a hundred posts. Another turn costs next to nothing.
constexpr std::size_t kHandshakesPerTurn = 1;
constexpr std::size_t kSealedInput = std::size_t{64} << 10;

// Deadlines are kept to an eighth of the shortest one; looking more often would only cost.
std::chrono::milliseconds sweep_interval(const config::Ingress& settings) {
  using std::chrono::milliseconds;
  return std::clamp(std::min(settings.idle_timeout, settings.request_timeout) / 8, milliseconds(10),
                    milliseconds(1000));
}

}  // namespace

Ingress::Ingress(Context context, const config::Ingress& settings, Acceptor listener)
    : context_(std::move(context)),
      settings_(settings),
      admission_(settings.max_body),
      listener_(std::move(listener)),
      accept_pause_(context_.executor),
      sealed_input_(context_.tls == nullptr ? 0 : kSealedInput),
      handshakes_(kHandshakesPerTurn),
      sweep_every_(sweep_interval(settings)),
      changed_(context_.executor) {}

Ingress::~Ingress() {
  // Only when the loop was stopped before stop() was through: the coroutines are gone with it.
  dirty_.clear();
  handshakes_.clear();
  connections_.clear_and_dispose(std::default_delete<Connection>());
}

void Ingress::start() {
  accepting_ = true;
  asio::co_spawn(context_.executor, accept_loop(), [this](const std::exception_ptr& error) {
    if (error) log::internal_error("listener", error);
    accepting_ = false;
    changed_.notify_all();
  });
}

Task<void> Ingress::accept_loop() {
  std::chrono::milliseconds pause = kFirstAcceptPause;
  while (listener_.is_open()) {
    auto [error, socket] = co_await listener_.async_accept(tuple);
    if (!error) {
      pause = kFirstAcceptPause;
      adopt(std::move(socket));
    } else if (listener_.is_open() && error != asio::error::connection_aborted) {
      // Out of descriptors or memory: what is in use comes back in time, trying at once does not
      // help.
      log::warn("cannot accept connections", {{"reason", error.message()}});
      accept_pause_.expires_after(pause);
      co_await accept_pause_.async_wait(tuple);
      pause = std::min(pause * 2, kLongestAcceptPause);
    }
  }
}

void Ingress::adopt(Socket socket) {
  const std::size_t number = context_.count.add();
  const std::size_t limit = context_.count.limit();
  // Some beyond the limit are told so; if even these pile up, they are just closed.
  if (number > limit + limit / 8 + 16) {
    context_.count.remove();
    return;
  }
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.non_blocking(true, ignored);
  auto* connection = new Connection(*this, std::move(socket), number > limit);
  connections_.push_back(*connection);
  context_.metrics.connections.set(connections_.size());
  asio::co_spawn(context_.executor, connection->run(),
                 [this, connection](const std::exception_ptr& error) {
                   if (error) log::internal_error("connection", error);
                   remove(*connection);
                 });
}

void Ingress::remove(Connection& connection) {
  if (connection.dirty_hook.is_linked()) dirty_.erase(dirty_.iterator_to(connection));
  handshakes_.leave(connection);
  connections_.erase_and_dispose(connections_.iterator_to(connection),
                                 std::default_delete<Connection>());
  context_.count.remove();
  context_.metrics.connections.set(connections_.size());
  changed_.notify_all();
}

Load Ingress::load(bool over_limit) const {
  Load load;
  load.draining = draining_;
  load.over_connection_limit = over_limit;
  load.queue_full = context_.eventbus.queue().full() && !context_.eventbus.custody().can_spool();
  if (draining_ || over_limit || load.queue_full)
    load.retry_after = context_.eventbus.retry_after();
  return load;
}

void Ingress::flush_later(Connection& connection) {
  if (connection.dirty_hook.is_linked()) return;
  dirty_.push_back(connection);
  context_.request_flush();
}

void Ingress::await_handshake(Connection& connection) {
  handshakes_.enter(connection);
  post_handshakes();
}

// What is posted runs after all that is ready now: posts and answers get their part of every turn.
void Ingress::post_handshakes() {
  if (handshakes_posted_ || handshakes_.empty()) return;
  handshakes_posted_ = true;
  asio::post(context_.executor, [this] {
    handshakes_posted_ = false;
    handshakes_.turn([](Connection& connection) { connection.handshake_step(); });
    post_handshakes();
  });
}

void Ingress::flush() {
  while (!dirty_.empty()) {
    Connection& connection = dirty_.front();
    dirty_.pop_front();
    connection.flush();
  }
}

void Ingress::tick(Instant now) {
  context_.metrics.in_flight_bytes.set(context_.lease.held());
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_every_;
  for (Connection& connection : connections_) connection.check_timeouts(now);
}

void Ingress::drain() {
  draining_ = true;
  error_code ignored;
  listener_.close(ignored);
  accept_pause_.cancel();
  for (Connection& connection : connections_) connection.drain();
}

Task<void> Ingress::drained(Instant deadline) {
  while (!connections_.empty() && context_.clock.refresh() < deadline) {
    co_await changed_.wait_until(deadline);
  }
}

Task<void> Ingress::stop() {
  for (Connection& connection : connections_) connection.abort();
  while (!connections_.empty() || accepting_) co_await changed_.wait();
}

}  // namespace gateway::ingress

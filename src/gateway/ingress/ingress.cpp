#include "gateway/ingress/ingress.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <utility>

#include "gateway/domain/answers.hpp"
#include "runtime/log.hpp"

namespace gateway::ingress {
namespace {

constexpr std::chrono::milliseconds kFirstAcceptPause{10};
constexpr std::chrono::milliseconds kLongestAcceptPause{1000};

// How many connections are looked at to find one to close: of so many, the one that has been idle
// longest is among the older ones, and a flood of connections costs no more than that each.
constexpr std::size_t kShedSample = 64;
// A client that has just had its answer may be about to send again.
constexpr std::chrono::milliseconds kShedAfter{1000};

// What was received is processed when it is so much: the rest of a core's first data cache, 32 KiB
// or more, is for what processing uses.
constexpr std::size_t kMostUnprocessed = std::size_t{16} << 10;

// So many are accepted, then it is the turn of those that are.
constexpr int kAcceptBatch = 64;

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
      limits_{settings.max_body, settings.request_timeout, settings.idle_timeout},
      admission_(settings.max_body, settings.admin.port),
      listener_(std::move(listener)),
      accept_pause_(context_.executor),
      sweep_every_(sweep_interval(settings)),
      shed_after_(std::min(settings.idle_timeout / 8, kShedAfter)),
      changed_(context_.executor) {
  listener_.native_non_blocking(true);
  if (!context_.tokens.empty()) {
    authenticator_.emplace(std::move(context_.tokens), context_.metrics, context_.clock,
                           context_.seen);
  }
}

Ingress::~Ingress() {
  // Only when the loop was stopped before stop() was through: the coroutines are gone with it.
  dirty_.clear();
  connections_.clear_and_dispose(std::default_delete<Connection>());
}

void Ingress::start() {
  accepting_ = true;
  start_accepting();
}

void Ingress::start_accepting() {
  const auto run = [this] { return accept_loop(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return !listener_.is_open(); };
  asio::co_spawn(context_.executor,
                 keep_running(context_.part, context_.executor, run, holds_nothing, stopping),
                 [this](const std::exception_ptr& error) {
                   if (error) log::internal_error("listener", error);
                   accepting_ = false;
                   changed_.notify_all();
                 });
}

Task<void> Ingress::accept_loop() {
  std::chrono::milliseconds pause = kFirstAcceptPause;
  while (listener_.is_open()) {
    auto [error] = co_await listener_.async_wait(Acceptor::wait_read, tuple);
    context_.clock.refresh();
    if (!error) error = accept_batch(pause);
    if (error == asio::error::would_block || error == asio::error::interrupted ||
        error == asio::error::connection_aborted) {
      continue;
    }
    if (error && listener_.is_open()) {
      // Out of descriptors or memory: what is in use comes back in time, trying at once does not
      // help.
      context_.metrics.accept_pauses.add();
      if (const auto times = accept_trouble_.occurred(context_.clock.refresh())) {
        log::warn("cannot accept connections for now",
                  {{"reason", error.message()}, {"times", *times}});
      }
      shed_idle();
      accept_pause_.expires_after(pause);
      co_await accept_pause_.async_wait(tuple);
      pause = std::min(pause * 2, kLongestAcceptPause);
    }
  }
}

error_code Ingress::accept_batch(std::chrono::milliseconds& pause) {
  error_code error;
  for (int i = 0; i < kAcceptBatch; ++i) {
    tcp::endpoint peer;
    Descriptor socket = accept_one(peer, error);
    if (error) break;
    pause = kFirstAcceptPause;
    adopt(std::move(socket), peer);
  }
  return error;
}

// With the listener the kernel resets the connections that wait to be accepted, whose clients may
// have posted already and would never know what became of it. These are accepted and told.
void Ingress::accept_last() {
  try {
    std::chrono::milliseconds unused{};
    while (!accept_batch(unused)) {
    }
  } catch (...) {
    log::internal_error("listener", std::current_exception());
  }
}

Descriptor Ingress::accept_one(tcp::endpoint& peer, error_code& error) {
  auto size = static_cast<socklen_t>(peer.capacity());
  Descriptor socket(
      ::accept4(listener_.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    peer.resize(size);
  } else {
    error.assign(errno, boost::system::system_category());
  }
  return socket;
}

void Ingress::adopt(Descriptor socket, const tcp::endpoint& peer) {
  std::optional<Source> source;
  // Whose it is behind a balancer, its header will say.
  const bool counts = context_.count.counts_sources() && !settings_.proxy_protocol;
  if (counts) source.emplace(peer.address());
  ConnectionCount::Permit permit = context_.count.add(source);
  if (permit.beyond() == ConnectionLimit::total && shed_idle()) permit.forgive();
  if (const auto beyond = permit.beyond()) context_.metrics.connections_refused[*beyond].add();
  if (permit.far_beyond()) return;
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto* connection = new Connection(*this, std::move(socket), std::move(permit), peer.address());
  connections_.push_back(*connection);
  context_.metrics.connections.set(connections_.size());
  try {
    asio::co_spawn(context_.executor, connection->run(),
                   [this, connection](const std::exception_ptr& error) {
                     if (error) log::internal_error("connection", error);
                     remove(*connection);
                   });
  } catch (...) {
    remove(*connection);
    throw;
  }
}

// Closes the connection that has been idle longest, of a sample that goes round. False if none has
// been for long enough.
bool Ingress::shed_idle() {
  Instant longest = context_.clock.refresh() - shed_after_;
  Connection* found = nullptr;
  for (std::size_t i = std::min(connections_.size(), kShedSample); i != 0; --i) {
    Connection& connection = connections_.front();
    connections_.pop_front();
    connections_.push_back(connection);
    const auto since = connection.idle_since();
    if (!since || *since > longest) continue;
    longest = *since;
    found = &connection;
  }
  if (found == nullptr || !found->end_if_idle()) return false;
  context_.metrics.connections_shed.add();
  return true;
}

void Ingress::remove(Connection& connection) {
  std::ranges::replace(received_, &connection, nullptr);
  if (connection.dirty_hook.is_linked()) dirty_.erase(dirty_.iterator_to(connection));
  connections_.erase_and_dispose(connections_.iterator_to(connection),
                                 std::default_delete<Connection>());
  context_.metrics.connections.set(connections_.size());
  changed_.notify_all();
}

std::size_t Ingress::hinted_target(http::FieldWalk fields) const noexcept {
  while (fields.next()) {
    if (http::is_name(fields.name(), "x-cos-bucket")) return context_.hints.of(fields.value());
  }
  return context_.hints.unknown();
}

Answer Ingress::health() const {
  return answers::health(context_.loops.failing(context_.clock.now()));
}

void Ingress::no_proxy_header(std::string_view what, std::string_view peer) {
  context_.metrics.proxy_headers_refused.add();
  if (const auto times = proxy_trouble_.occurred(context_.clock.now())) {
    log::warn(
        "a connection without a good PROXY header was closed; have the balancer send one "
        "(send-proxy-v2) and nobody else reach gateway.listen, or do not set "
        "gateway.proxy_protocol",
        {{"peer", peer}, {"header", what}, {"times", *times}});
  }
}

// The kernel's receiving and the processing of a post each fill the core's instruction cache. Done
// in turns, post by post, each would fetch its code anew every time.
void Ingress::process_later(Connection& connection, std::size_t bytes) {
  received_.push_back(&connection);
  unprocessed_ += bytes;
  context_.turn_end.request();
  if (unprocessed_ >= kMostUnprocessed || received_.size() == received_.capacity()) {
    process_received();
  }
}

void Ingress::process_received() {
  for (Connection* const connection : received_) {
    if (connection != nullptr) connection->process_received();
  }
  received_.clear();
  unprocessed_ = 0;
}

void Ingress::flush_later(Connection& connection) {
  if (connection.dirty_hook.is_linked()) return;
  dirty_.push_back(connection);
  context_.turn_end.request();
}

void Ingress::flush() {
  while (!dirty_.empty()) {
    Connection& connection = dirty_.front();
    dirty_.pop_front();
    connection.flush();
  }
}

void Ingress::tick(Instant now) {
  context_.part.revive([this] { start_accepting(); });
  context_.metrics.in_flight_bytes.set(context_.room.bytes_held());
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_every_;
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = *it++;
    if (connection.dropped()) {
      remove(connection);
    } else {
      connection.check_timeouts(now);
    }
  }
}

void Ingress::drain() {
  leave();
  for (Connection& connection : connections_) {
    connection.end_if_idle();
    connection.hurry(context_.clock.now());
  }
  accept_last();
  draining_ = true;
  error_code ignored;
  listener_.close(ignored);
  accept_pause_.cancel();
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

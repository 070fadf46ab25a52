#include "gateway/transport/dial.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <utility>

#include "gateway/transport/transports.hpp"

namespace gateway::transport {

Dial::Dial(Transports& transports, const Executor& executor)
    : transports_(transports), changed_(executor) {}

void Dial::on_ready(bool /*writable*/) {
  if (tunnel_ && !tunnel_end_) {
    ask_for_tunnel();
    hear_of_tunnel();
  }
  changed_.notify_all();
}

void Dial::cancel() {
  cancelled_ = true;
  changed_.notify_all();
}

Task<error_code> Dial::connect(tcp::endpoint to, Instant deadline) {
  Descriptor socket(
      ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) co_return error_code(errno, boost::system::system_category());
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  transport_ = std::make_unique<Transport>(transports_, std::move(socket),
                                           static_cast<Transport::User&>(*this),
                                           Transport::Precedence::first);
  const error_code refused = transport_->connect(to);
  if (refused) co_return refused;
  const error_code error = co_await while_in(Transport::Stage::connecting, deadline);
  co_return error;
}

Task<error_code> Dial::tunnel(ProxyTunnel tunnel, Instant deadline) {
  tunnel_.emplace(std::move(tunnel));
  unsent_ = tunnel_->request();
  ask_for_tunnel();
  transport_->call_again();
  while (!cancelled_ && !tunnel_end_) {
    if (SteadyClock::now() >= deadline) co_return asio::error::timed_out;
    co_await changed_.wait_until(deadline);
  }
  if (cancelled_) co_return asio::error::operation_aborted;
  co_return *tunnel_end_;
}

void Dial::ask_for_tunnel() {
  while (!tunnel_end_ && !unsent_.empty() && !transport_->blocked()) {
    error_code error;
    unsent_.remove_prefix(transport_->send(unsent_, error));
    if (error) end_tunnel(error);
  }
}

// While tunnel() is under way there is one.
void Dial::hear_of_tunnel() {
  std::array<char, 1024> room{};
  while (!tunnel_end_ && transport_->may_receive()) {
    const auto received = transport_->receive(room);
    if (received.error == asio::error::would_block) return;
    if (received.error) return end_tunnel(received.error);
    ProxyTunnel& tunnel = *tunnel_;  // NOLINT(bugprone-unchecked-optional-access)
    const auto step = tunnel.receive({room.data(), received.size});
    if (step == ProxyTunnel::Step::open) tunnel_end_.emplace();
    if (step == ProxyTunnel::Step::refused) tunnel_end_ = TransportError::proxy;
  }
}

void Dial::end_tunnel(const error_code& error) {
  tunnel_->end(transport_->describe(error));  // NOLINT(bugprone-unchecked-optional-access)
  tunnel_end_ = TransportError::proxy;
}

Task<error_code> Dial::secure(std::unique_ptr<tls::TlsSession> session, Instant deadline) {
  transport_->begin_tls(std::move(session));
  const error_code error = co_await while_in(Transport::Stage::handshake, deadline);
  co_return error;
}

Task<error_code> Dial::while_in(Transport::Stage stage, Instant deadline) {
  while (!cancelled_ && transport_->stage() == stage) {
    if (SteadyClock::now() >= deadline) co_return asio::error::timed_out;
    co_await changed_.wait_until(deadline);
  }
  if (cancelled_) co_return asio::error::operation_aborted;
  co_return transport_->error();
}

}  // namespace gateway::transport

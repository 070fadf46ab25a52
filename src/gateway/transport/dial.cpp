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

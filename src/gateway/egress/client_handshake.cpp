#include "gateway/egress/client_handshake.hpp"

#include <boost/asio/write.hpp>
#include <string>

namespace gateway::egress {

using tls::TlsSession;

Task<error_code> shake_hands(Socket& socket, TlsSession& session, std::span<char> room) {
  std::string out;
  TlsSession::State state = session.handshake(out);
  for (;;) {
    auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(out), tuple);
    static_cast<void>(sent);
    if (unsent || state != TlsSession::State::handshake) co_return unsent;
    out.clear();
    auto [unread, size] =
        co_await socket.async_read_some(asio::buffer(room.data(), room.size()), tuple);
    if (unread) co_return unread;
    session.receive({room.data(), size});
    state = session.handshake(out);
    session.keep_rest();
  }
}

}  // namespace gateway::egress

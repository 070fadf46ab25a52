#pragma once
#include <span>

#include "gateway/tls/tls_session.hpp"
#include "runtime/asio.hpp"

namespace gateway::egress {

// Goes through a client's handshake on a connected socket, until the session is open or has failed,
// which has been said to the peer then, or until the socket fails: the error. `room` is read into.
// All must outlive this; it ends early only as the socket is closed.
[[nodiscard]] Task<error_code> shake_hands(Socket& socket, tls::TlsSession& session,
                                           std::span<char> room);

}  // namespace gateway::egress

#pragma once
#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>

namespace gateway::transport {

// How a TLS transport ends or fails, beside what the system says of its socket.
enum class TransportError {
  none = 0,
  cut_off,            // the socket ended without a close_notify (RFC 8446 section 6.1)
  handshake_cut_off,  // the socket ended in the handshake
  not_tls,            // the peer's first byte begins no handshake
  plain_http,         // likewise, and it looks like a request of HTTP
  certificate,        // the peer's certificate was refused, or is missing
  protocol,           // any other failure of TLS
  proxy               // a proxy gave no tunnel
};

[[nodiscard]] const boost::system::error_category& transport_category() noexcept;
[[nodiscard]] boost::system::error_code make_error_code(TransportError error) noexcept;

}  // namespace gateway::transport

template <>
struct boost::system::is_error_code_enum<gateway::transport::TransportError> : std::true_type {};

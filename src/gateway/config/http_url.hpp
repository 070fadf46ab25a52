#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::config {

// Why a text is not an address to send HTTP requests to. The message never repeats user
// information, which usually is a password.
class BadAddress {
 public:
  enum class Reason { syntax, scheme, user_info, fragment, port, host, eventbus };

  BadAddress() = default;  // boost::system::result wants one
  BadAddress(Reason reason, std::string message) : reason_(reason), message_(std::move(message)) {}
  [[nodiscard]] Reason reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  Reason reason_ = Reason::syntax;
  std::string message_;
};

// Called by boost::system::result where a caller takes a value that is not there. Throws
// std::invalid_argument with the message.
[[noreturn]] void throw_exception_from_error(const BadAddress& error,
                                             const boost::source_location& location);

// The parts of an http or https URL.
struct HttpUrl {
  HttpUrl() = default;

  bool tls = false;
  // A name or an IP address, IPv6 without brackets: what to connect to. Of all spellings of one
  // host the normal one: in lower case (RFC 3986 section 3.2.2), IPv6 shortened as in RFC 5952. A
  // dot at its end stays, as it keeps the name out of search domains.
  std::string host;
  std::uint16_t port = 80;  // 443 with TLS, unless given
  std::string authority;    // as in a Host header: IPv6 in brackets, no port if it is the default
  std::string path;         // percent-encoded; empty if the URL has none
  std::string query;        // with its '?'; empty if the URL has none
};

// Parses an http or https URL. Refuses other schemes, user information, a fragment, port 0, and a
// host that is neither a name of letters, digits, '-', '_' and '.' nor an IP address.
[[nodiscard]] boost::system::result<HttpUrl, BadAddress> parse_http_url(std::string_view text);

// Returns an http or https URL with scheme, host and port in the normal spelling, as `HttpUrl` has
// them, and the rest as it is. Returns any other text as it is.
[[nodiscard]] std::string with_normal_host(std::string_view url);

// Returns `text` with everything except letters, digits and "-._~" as %XX (RFC 3986 section 2.3).
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace gateway::config

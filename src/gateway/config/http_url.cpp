#include "gateway/config/http_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <stdexcept>

#include "events/ascii.hpp"
#include "events/number_text.hpp"

namespace gateway::config {
namespace {

namespace urls = boost::urls;

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
  });
}

// The view types of Boost.URL differ between its versions.
template <class View>
std::string text_of(const View& view) {
  return std::string(view.data(), view.size());
}

// As RFC 5952 writes an IPv6 address.
std::string normal_ipv6(const std::string& text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address_v6(text, error);
  return error ? text : address.to_string();
}

BadAddress bad_host() {
  return {BadAddress::Reason::host, "the host must be a name or an IP address (IPv6 in brackets)"};
}

}  // namespace

void throw_exception_from_error(const BadAddress& error, const boost::source_location&) {
  throw std::invalid_argument(error.message());
}

boost::system::result<HttpUrl, BadAddress> parse_http_url(std::string_view text) {
  const auto parsed = urls::parse_uri(text);
  // Boost.URL 1.81 parses "http://host:port/" as port "" and path "port/", against RFC 3986 section
  // 3.3: after an authority a path is empty or begins with '/'.
  if (!parsed || (!parsed->encoded_path().empty() && !parsed->encoded_path().starts_with('/'))) {
    return BadAddress(BadAddress::Reason::syntax,
                      "expected a URL such as https://example.com:8443/path");
  }
  const urls::url_view& url = *parsed;

  HttpUrl result;
  if (url.scheme_id() == urls::scheme::https) {
    result.tls = true;
  } else if (url.scheme_id() != urls::scheme::http) {
    return BadAddress(BadAddress::Reason::scheme, "the scheme must be http or https");
  }
  if (url.has_userinfo()) {
    return BadAddress(BadAddress::Reason::user_info, "must not hold a user or password");
  }
  if (url.has_fragment()) {
    return BadAddress(BadAddress::Reason::fragment, "must not hold a fragment (#...)");
  }

  const std::uint16_t default_port = result.tls ? 443 : 80;
  result.port = default_port;
  if (url.has_port() && !url.port().empty()) {
    // Not with port_number(), which wraps around in some versions of Boost.
    result.port = read_number<std::uint16_t>(text_of(url.port())).value_or(0);
    if (result.port == 0) {
      return BadAddress(BadAddress::Reason::port, "the port must be 1 to 65535");
    }
  }

  std::string host_in_url;
  switch (url.host_type()) {
    case urls::host_type::ipv6:
      result.host = normal_ipv6(text_of(url.encoded_host_address()));
      host_in_url = "[" + result.host + "]";
      break;
    case urls::host_type::ipv4:
    case urls::host_type::name:
      result.host = lower_case(text_of(url.encoded_host()));
      host_in_url = result.host;
      if (!is_host_name(result.host)) {
        return bad_host();
      }
      break;
    default: return bad_host();
  }
  result.authority =
      result.port == default_port ? host_in_url : fmt::format("{}:{}", host_in_url, result.port);
  result.path = text_of(url.encoded_path());
  if (url.has_query()) result.query = "?" + text_of(url.encoded_query());
  return result;
}

std::string with_normal_host(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  const auto parsed = parse_http_url(url.substr(0, end));
  if (!parsed) return std::string(url);
  return fmt::format("{}://{}{}", parsed->tls ? "https" : "http", parsed->authority,
                     url.substr(end));
}

std::string percent_encode(std::string_view text) {
  return urls::encode(urls::string_view(text.data(), text.size()), urls::unreserved_chars);
}

}  // namespace gateway::config

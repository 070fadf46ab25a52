#include "gateway/config/proxy_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/url/decode_view.hpp>
#include <boost/url/pct_string_view.hpp>
#include <optional>
#include <utility>

#include "events/ascii.hpp"
#include "events/base64.hpp"

namespace gateway::config {
namespace {

namespace urls = boost::urls;

// Returns `text` with each %XX replaced by its byte; nothing for one that is incomplete.
std::optional<std::string> percent_decoded(std::string_view text) {
  const auto encoded = urls::make_pct_string_view(urls::string_view(text.data(), text.size()));
  if (!encoded) return std::nullopt;
  std::string decoded;
  for (const char c : urls::decode_view(*encoded)) decoded += c;
  return decoded;
}

// RFC 7617 section 2: no control characters, and no colon in the user.
std::optional<Secret> basic(std::string_view user, std::string_view password) {
  const auto name = percent_decoded(user);
  const auto word = percent_decoded(password);
  if (!name || !word || name->find(':') != std::string::npos) return std::nullopt;
  std::string both = *name + ":" + *word;
  const bool control = std::ranges::any_of(
      both, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  std::string value = "Basic ";
  events::append_base64(value, both);
  Secret::overwrite(both);
  if (control) return std::nullopt;
  return Secret(std::move(value));
}

}  // namespace

boost::system::result<HttpProxy, BadAddress> parse_proxy(std::string_view text) {
  using Reason = BadAddress::Reason;
  constexpr const char* kForm = "expected http://host:port or http://user:password@host:port";
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (!equals_ignoring_case(text.substr(0, scheme), "http")) {
      return BadAddress(
          Reason::scheme,
          "only proxies that are spoken to by plain HTTP are supported: http://host:port");
    }
    text.remove_prefix(scheme + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  Secret authorization;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user_info = text.substr(0, at);
    const auto colon = std::min(user_info.find(':'), user_info.size());
    const auto value =
        basic(user_info.substr(0, colon), user_info.substr(std::min(colon + 1, user_info.size())));
    if (!value) {
      return BadAddress(
          Reason::user_info,
          "its user and password must be percent-encoded, without control characters");
    }
    authorization = *value;
    text.remove_prefix(at + 1);
  }
  if (text.find_first_of("/?#") != std::string_view::npos) {
    return BadAddress(Reason::syntax, std::string(kForm) + ", without a path");
  }
  const auto url = parse_http_url(fmt::format("http://{}/", text));
  if (!url && url.error().reason() == Reason::syntax) return BadAddress(Reason::syntax, kForm);
  if (!url) return url.error();
  return HttpProxy(url->host, url->port, std::move(authorization));
}

ProxyRules environment_proxies(
    const std::map<std::string, std::string>& environment,
    const std::function<void(const std::string& variable, const BadAddress& why)>& problem) {
  // An empty variable counts as none.
  const auto find = [&](const char* lower, const char* upper) {
    for (const char* const name : {lower, upper}) {
      const auto found = environment.find(name);
      if (found != environment.end() && !found->second.empty()) return found;
    }
    return environment.end();
  };
  const auto proxy = [&](const char* lower, const char* upper) -> std::optional<HttpProxy> {
    const auto found = find(lower, upper);
    if (found == environment.end()) return std::nullopt;
    auto parsed = parse_proxy(found->second);
    if (parsed) return std::move(*parsed);
    problem(found->first, parsed.error());
    return std::nullopt;
  };
  auto http = proxy("http_proxy", "HTTP_PROXY");
  auto https = proxy("https_proxy", "HTTPS_PROXY");
  const auto exceptions = find("no_proxy", "NO_PROXY");
  NoProxy no_proxy;
  if (exceptions != environment.end()) no_proxy = NoProxy(exceptions->second);
  return {std::move(http), std::move(https), std::move(no_proxy)};
}

}  // namespace gateway::config

#include "gateway/config/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/formats.hpp"

namespace gateway::config {
namespace {

constexpr std::string_view kPlaceholder = "{eventbus}";

// Where events go when the target has no path.
std::string_view default_path(Profile profile) {
  return profile == Profile::knative ? "/" : "/gateway/{eventbus}";
}

// A target cut where its path, query or fragment begins. Nothing of it has been checked.
struct Cut {
  std::string_view authority;  // with the scheme, if there is one
  std::string_view rest;
};

Cut cut(std::string_view target) {
  const auto scheme = target.find("://");
  const auto from = scheme == std::string_view::npos ? 0 : scheme + 3;
  const auto end = std::min(target.find_first_of("/?#", from), target.size());
  return {target.substr(0, end), target.substr(end)};
}

std::string substitute(std::string_view text, std::string_view eventbus) {
  std::string result;
  for (;;) {
    const auto at = text.find(kPlaceholder);
    result += text.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += percent_encode(eventbus);
    text.remove_prefix(at + kPlaceholder.size());
  }
}

}  // namespace

std::string Endpoint::url() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", host_header, path());
}

std::string Endpoint::path() const {
  return redacted_target(request_target);
}

void Endpoint::go_by(const ProxyRules& rules) {
  const HttpProxy* const found = rules.find(tls, host, port);
  proxy = found == nullptr ? std::nullopt : std::optional(*found);
}

std::optional<ProxyTunnel> Endpoint::tunnel() const {
  if (!proxy || !tls) return std::nullopt;
  return ProxyTunnel(*proxy, host, port);
}

std::string Endpoint::request_line_target() const {
  return proxy && !tls ? "http://" + host_header + request_target : request_target;
}

std::string Endpoint::proxy_fields() const {
  return proxy && !tls ? proxy->credentials() : std::string();
}

std::string redacted_target(std::string_view target) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return std::string(target);
  std::string shown(target.substr(0, query));
  char before = '?';
  for (std::string_view rest = target.substr(query + 1);;) {
    const auto end = rest.find('&');
    const std::string_view member = rest.substr(0, end);
    shown += before;
    before = '&';
    if (const auto equals = member.find('='); equals != std::string_view::npos) {
      shown += member.substr(0, equals + 1);
    }
    shown += kRedacted;
    if (end == std::string_view::npos) return shown;
    rest.remove_prefix(end + 1);
  }
}

bool has_path(std::string_view target) {
  return cut(target).rest.starts_with('/');
}

bool needs_eventbus(std::string_view target, Profile profile) {
  const auto names_it = [](std::string_view text) {
    return text.find(kPlaceholder) != std::string_view::npos;
  };
  const auto rest = cut(target).rest;
  return names_it(rest) || (!rest.starts_with('/') && names_it(default_path(profile)));
}

boost::system::result<Endpoint, BadAddress> parse_endpoint(std::string_view target,
                                                           std::string_view eventbus,
                                                           Profile profile) {
  using Reason = BadAddress::Reason;
  if (needs_eventbus(target, profile)) {
    if (eventbus.empty()) {
      return BadAddress(Reason::eventbus, "required, as the path events go to is made of it");
    }
    // Path segments that servers and proxies resolve away.
    if (eventbus == "." || eventbus == "..") {
      return BadAddress(Reason::eventbus, "must not be '.' or '..'");
    }
  }
  const auto [authority, rest] = cut(target);
  std::string url;
  if (authority.find("://") == std::string_view::npos) url = "http://";
  url += authority;
  if (!rest.starts_with('/')) url += substitute(default_path(profile), eventbus);
  url += substitute(rest, eventbus);

  auto parsed = parse_http_url(url);
  if (!parsed && parsed.error().reason() == Reason::syntax) {
    return BadAddress(Reason::syntax,
                      "expected host:port or an http or https URL, IPv6 in brackets");
  }
  if (!parsed && parsed.error().reason() == Reason::user_info) {
    return BadAddress(Reason::user_info,
                      parsed.error().message() + "; delivery.headers can send an Authorization");
  }
  if (!parsed) return parsed.error();

  Endpoint endpoint;
  endpoint.tls = parsed->tls;
  endpoint.host = std::move(parsed->host);
  endpoint.port = parsed->port;
  endpoint.host_header = std::move(parsed->authority);
  endpoint.request_target = std::move(parsed->path) + parsed->query;
  return endpoint;
}

}  // namespace gateway::config

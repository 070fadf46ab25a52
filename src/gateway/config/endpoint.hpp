#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/config/http_url.hpp"
#include "gateway/config/settings.hpp"
#include "runtime/host_port.hpp"
#include "runtime/http_proxy.hpp"

namespace gateway::config {

// Where events are sent: what to connect to, and the two lines of a request that depend on it.
struct Endpoint {
  Endpoint() = default;

  bool tls = false;
  std::string host;  // a name or an IP address, IPv6 without brackets
  std::uint16_t port = 80;
  std::string host_header;     // value of the Host header
  std::string request_target;  // path and query, percent-encoded, never empty

  // Return, for messages, `https://host:port/path` and the path with its query redacted.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string path() const;

  // By way of which proxy, if any; go_by() finds it.
  std::optional<HttpProxy> proxy;
  void go_by(const ProxyRules& rules);
  // Return whom to connect to: the proxy, or the host itself.
  [[nodiscard]] const std::string& dialled_host() const { return proxy ? proxy->host() : host; }
  [[nodiscard]] std::uint16_t dialled_port() const { return proxy ? proxy->port() : port; }
  // Returns `host:port` of that, for messages.
  [[nodiscard]] std::string dialled_address() const {
    return host_port_text(dialled_host(), dialled_port());
  }
  // Returns the conversation that makes a connection to the proxy one to the host: only of https,
  // as a request without TLS is handed to the proxy itself.
  [[nodiscard]] std::optional<ProxyTunnel> tunnel() const;
  // Return what a request begins with after its method, which is a whole URL where the proxy is to
  // read it (RFC 9112 section 3.2.2), and what field lines it has for the proxy, which are secret.
  [[nodiscard]] std::string request_line_target() const;
  [[nodiscard]] std::string proxy_fields() const;
};

// `target` is `host`, `host:port` or an http or https URL, IPv6 in brackets. Without a path events
// go to /gateway/<eventbus>, as the original connector sends them, or with Knative's profile to /;
// "/" is a path. {eventbus} in a
// path or query stands for the eventbus, percent-encoded; a query is kept.
[[nodiscard]] boost::system::result<Endpoint, BadAddress> parse_endpoint(std::string_view target,
                                                                         std::string_view eventbus,
                                                                         Profile profile);

// Returns `target` with `(redacted)` for the values in its query, which may be secrets.
[[nodiscard]] std::string redacted_target(std::string_view target);

// Whether the target says which path events go to.
[[nodiscard]] bool has_path(std::string_view target);

// Whether parse_endpoint() needs an eventbus for this target.
[[nodiscard]] bool needs_eventbus(std::string_view target, Profile profile);

}  // namespace gateway::config

#pragma once
#include <boost/system/result.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "runtime/http_proxy.hpp"
#include "runtime/proxy_rules.hpp"

namespace gateway::config {

// Why a text names no proxy. Never repeats the text, which may hold a password.
class BadProxy {
 public:
  BadProxy() = default;  // boost::system::result wants one
  explicit BadProxy(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const std::string& message() const noexcept { return message_; }

 private:
  std::string message_;
};

// Returns the proxy that `text` names: `http://host:port`, `http://user:password@host:port` with
// user and password percent-encoded, or without the scheme. The port is 80 if there is none.
[[nodiscard]] boost::system::result<HttpProxy, BadProxy> parse_proxy(std::string_view text);

// The value of `delivery.proxy` for no proxy at all, whatever the environment says.
inline constexpr std::string_view kNoProxy = "none";

// Returns what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say; their names in lower case come first, as
// most programs have it. `problem` is told of a variable that names no proxy, and why.
[[nodiscard]] ProxyRules environment_proxies(
    const std::map<std::string, std::string>& environment,
    const std::function<void(const std::string& variable, const BadProxy& why)>& problem);

}  // namespace gateway::config

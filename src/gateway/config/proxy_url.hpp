#pragma once
#include <boost/system/result.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gateway/config/http_url.hpp"
#include "runtime/http_proxy.hpp"
#include "runtime/proxy_rules.hpp"

namespace gateway::config {

// Returns the proxy that `text` names: `http://host:port`, `http://user:password@host:port` with
// user and password percent-encoded, or without the scheme. The port is 80 if there is none. An
// error never repeats the text, which may hold a password.
[[nodiscard]] boost::system::result<HttpProxy, BadAddress> parse_proxy(std::string_view text);

// The value of `delivery.proxy` that means no proxy, whatever the environment says.
inline constexpr std::string_view kNoProxy = "none";

// Returns the rules of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Names in lower case have priority, as
// in most programs. Calls `problem` for a variable that names no proxy, with the reason.
[[nodiscard]] ProxyRules environment_proxies(
    const std::map<std::string, std::string>& environment,
    const std::function<void(const std::string& variable, const BadAddress& why)>& problem);

}  // namespace gateway::config

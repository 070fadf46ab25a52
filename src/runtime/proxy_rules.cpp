#include "runtime/proxy_rules.hpp"

#include <algorithm>
#include <utility>

#include "events/ascii.hpp"
#include "events/number_text.hpp"
#include "runtime/ip_address.hpp"

namespace gateway {
namespace {

bool is_loopback(const std::string& host) {
  const std::string name = lower_case(host);
  if (name == "localhost" || name.ends_with(".localhost")) return true;
  const auto address = ip_address(name);
  return address && address->is_loopback();
}

}  // namespace

NoProxy::NoProxy(std::string_view list) {
  constexpr std::string_view kBetween = ", \t\r\n";
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(kBetween), list.size());
    std::string text = lower_case(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (text.empty()) continue;
    if (text == "*") {
      all_ = true;
      continue;
    }
    Member member;
    if (const auto slash = text.find('/'); slash != std::string::npos) {
      const auto address = ip_address(text.substr(0, slash));
      const auto bits = read_number<unsigned>(std::string_view(text).substr(slash + 1));
      if (address && bits && *bits <= (address->is_v4() ? 32U : 128U)) {
        member.network = address;
        member.prefix_length = *bits;
        members_.push_back(std::move(member));
      }
      continue;
    }
    if (text.starts_with('[')) {
      const auto bracket = text.find(']');
      if (bracket == std::string::npos) continue;
      if (text.size() > bracket + 1 && text[bracket + 1] == ':') {
        member.port =
            read_number<std::uint16_t>(std::string_view(text).substr(bracket + 2)).value_or(0);
      }
      text = text.substr(1, bracket - 1);
    } else if (const auto colon = text.find(':');
               colon != std::string::npos && text.find(':', colon + 1) == std::string::npos) {
      const auto port = read_number<std::uint16_t>(std::string_view(text).substr(colon + 1));
      if (!port) continue;
      member.port = *port;
      text.resize(colon);
    }
    if (const auto address = ip_address(text)) {
      member.network = address;
      member.prefix_length = address->is_v4() ? 32 : 128;
    } else {
      if (text.starts_with("*.")) text.erase(0, 1);
      if (text.starts_with('.')) text.erase(0, 1);
      if (text.ends_with('.')) text.pop_back();
      if (text.empty()) continue;
      member.host = std::move(text);
    }
    members_.push_back(std::move(member));
  }
}

bool NoProxy::holds(std::string_view host, std::uint16_t port) const {
  if (all_) return true;
  if (members_.empty()) return false;
  std::string name = lower_case(host);
  if (name.ends_with('.')) name.pop_back();
  const auto address = ip_address(name);
  return std::ranges::any_of(members_, [&](const Member& member) {
    if (member.port != 0 && member.port != port) return false;
    if (member.network) {
      return address && in_network(*address, *member.network,
                                   static_cast<unsigned short>(member.prefix_length));
    }
    return !address && (name == member.host || name.ends_with("." + member.host));
  });
}

ProxyRules::ProxyRules(std::optional<HttpProxy> http, std::optional<HttpProxy> https,
                       NoProxy exceptions)
    : http_(std::move(http)),
      https_(std::move(https)),
      exceptions_(std::move(exceptions)),
      spares_loopback_(true) {}

const HttpProxy* ProxyRules::find(bool tls, const std::string& host, std::uint16_t port) const {
  const std::optional<HttpProxy>& proxy = tls ? https_ : http_;
  if (!proxy || exceptions_.holds(host, port)) return nullptr;
  if (spares_loopback_ && is_loopback(host) && !is_loopback(proxy->host())) return nullptr;
  return &*proxy;
}

}  // namespace gateway

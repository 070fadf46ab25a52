#include "runtime/http_proxy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "events/ascii.hpp"
#include "events/number_text.hpp"
#include "runtime/host_port.hpp"

namespace gateway {
namespace {

constexpr std::size_t kMostHead = std::size_t{16} << 10;  // bytes of an answer
constexpr std::size_t kMostShown = 80;

// Returns the status of a status line (RFC 9112 section 4), 0 if it is none.
unsigned status_of(std::string_view line) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ') return 0;
  if (line.size() > 12 && line[12] != ' ') return 0;
  return read_number<unsigned>(line.substr(9, 3)).value_or(0);
}

// Returns the values of all fields `name`, with a comma between them.
std::string fields_of(std::string_view head, std::string_view name) {
  std::string values;
  while (!head.empty()) {
    const auto end = std::min(head.find('\n'), head.size());
    std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !equals_ignoring_case(line.substr(0, colon), name)) {
      continue;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!values.empty()) values += ", ";
    values += without_outer_blanks(line.substr(colon + 1));
  }
  return values;
}

// Returns the authentication schemes of Proxy-Authenticate, without their parameters.
std::string scheme_names(std::string_view challenges) {
  std::string names;
  while (!challenges.empty()) {
    const auto end = std::min(challenges.find(','), challenges.size());
    const std::string_view one = without_outer_blanks(challenges.substr(0, end));
    challenges.remove_prefix(std::min(end + 1, challenges.size()));
    const std::string_view word = one.substr(0, one.find(' '));
    // What has an equals sign is a parameter of the scheme before.
    if (word.empty() || word.size() > 20 || !std::ranges::all_of(word, is_alphanumeric)) continue;
    if (!names.empty()) names += ", ";
    names += word;
  }
  return names;
}

}  // namespace

HttpProxy::HttpProxy(std::string host, std::uint16_t port, Secret authorization)
    : host_(std::move(host)), port_(port), authorization_(std::move(authorization)) {}

std::string HttpProxy::address() const {
  return host_port_text(host_, port_);
}

std::string HttpProxy::credentials() const {
  if (authorization_.empty()) return {};
  return "Proxy-Authorization: " + authorization_.reveal() + "\r\n";
}

ProxyTunnel::ProxyTunnel(const HttpProxy& proxy, const std::string& host, std::uint16_t port)
    : proxy_(proxy.address()),
      target_(host_port_text(host, port)),
      has_credentials_(!proxy.authorization().empty()),
      request_(fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n{1}\r\n", target_,
                           proxy.credentials())) {}

ProxyTunnel::Step ProxyTunnel::receive(std::string_view bytes) {
  received_ += bytes;
  for (;;) {
    const auto crlf = received_.find("\r\n\r\n");
    const auto lf = received_.find("\n\n");
    const auto end = std::min(crlf == std::string::npos ? crlf : crlf + 4,
                              lf == std::string::npos ? lf : lf + 2);
    if (end == std::string::npos) {
      // What does not begin as an answer may never have an end.
      constexpr std::string_view kBegin = "HTTP/1.";
      const bool begins = std::string_view(received_).substr(0, kBegin.size()) ==
                          kBegin.substr(0, std::min(received_.size(), kBegin.size()));
      if (begins && received_.size() < kMostHead) return Step::need_more;
      problem_ = fmt::format("{} does not answer as an HTTP proxy", proxy_);
      return Step::refused;
    }
    const std::string head = received_.substr(0, end);
    received_.erase(0, end);
    const Step step = judge(head, !received_.empty());
    if (step != Step::need_more || received_.empty()) return step;
  }
}

ProxyTunnel::Step ProxyTunnel::judge(std::string_view head, bool more) {
  std::string_view line = head.substr(0, head.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  const unsigned status = status_of(line);
  if (status == 0) {
    problem_ = fmt::format("{} does not answer as an HTTP proxy", proxy_);
    return Step::refused;
  }
  if (status / 100 == 1) return Step::need_more;  // RFC 9110 section 15.2
  if (status / 100 == 2) {
    if (!more) return Step::open;
    // The host cannot have said anything: in TLS the client speaks first.
    problem_ = fmt::format("the proxy {} sends a body where a tunnel begins", proxy_);
    return Step::refused;
  }
  problem_ = refusal(head, status);
  return Step::refused;
}

std::string ProxyTunnel::refusal(std::string_view head, unsigned status) const {
  // Some say 401 to a wrong password.
  if (status == 407 || (status == 401 && has_credentials_)) {
    const std::string names = scheme_names(fields_of(head, "proxy-authenticate"));
    if (!names.empty() && names.find("Basic") == std::string::npos) {
      return fmt::format("the proxy {} wants {}, and only Basic is spoken here ({})", proxy_, names,
                         status);
    }
    return has_credentials_
               ? fmt::format("the proxy {} does not take the user and password given ({})", proxy_,
                             status)
               : fmt::format("the proxy {} wants a user and password (407)", proxy_);
  }
  std::string said = std::to_string(status);
  const std::string_view line = head.substr(0, head.find_first_of("\r\n"));
  if (line.size() > 13) said += ' ';
  for (const char c : line.substr(std::min<std::size_t>(line.size(), 13), kMostShown)) {
    said += c >= ' ' && c <= '~' ? c : '?';
  }
  const char* what = "refuses";
  if (status == 403) what = "does not allow";
  if (status / 100 == 5 && status != 501) what = "does not reach";
  const bool no_proxy = status == 400 || status == 404 || status == 405 || status == 501;
  return fmt::format("the proxy {} {} {} ({}){}", proxy_, what, target_, said,
                     no_proxy ? ": is it an HTTP proxy?" : "");
}

void ProxyTunnel::end(std::string_view error) {
  problem_ = fmt::format("the proxy {} gave no tunnel to {}: {}", proxy_, target_, error);
}

}  // namespace gateway

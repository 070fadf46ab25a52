#include "gateway/observe/admin_access.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "events/ascii.hpp"
#include "events/base64.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::observe {
namespace {

bool is_for_programs(std::string_view path) noexcept {
  return path == "/healthz" || path == "/readyz" || path == "/metrics";
}

// Returns the host without its port, in lower case.
std::string host_of(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && text.find(']', colon) == text.npos &&
                        (text.front() == '[' || text.find(':') == colon);
  std::string host(has_port ? text.substr(0, colon) : text);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return lower_case(host);
}

// Returns what follows `scheme` and blanks in the value of an Authorization field; empty for
// another scheme (RFC 9110 section 11.4).
std::string_view credentials(std::string_view authorization, std::string_view scheme) noexcept {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ' ||
      !equals_ignoring_case(authorization.substr(0, scheme.size()), scheme)) {
    return {};
  }
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

bool is_equal(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

AdminAccess::AdminAccess(Secret token, std::string host)
    : token_(std::move(token)), host_(host.empty() ? std::string() : host_of(host)) {}

AdminAccess::Verdict AdminAccess::judge(std::string_view path, std::string_view host,
                                        std::string_view authorization) const {
  if (is_for_programs(path)) return Verdict::allowed;
  if (!host_.empty() && (host.empty() || host_of(host) != host_)) return Verdict::wrong_host;
  if (!token_.empty() && !knows_token(authorization)) return Verdict::no_token;
  return Verdict::allowed;
}

// A browser asks its user for a name and a password and cannot send a bearer token by itself. So
// the token is also accepted as the password of any user name.
bool AdminAccess::knows_token(std::string_view authorization) const {
  const std::string_view bearer = credentials(authorization, "bearer");
  if (!bearer.empty()) return is_equal(bearer, token_.reveal());
  const auto basic = events::decode_base64(credentials(authorization, "basic"));
  if (!basic) return false;
  const std::size_t colon = basic->find(':');
  return colon != std::string::npos &&
         is_equal(std::string_view(*basic).substr(colon + 1), token_.reveal());
}

}  // namespace gateway::observe

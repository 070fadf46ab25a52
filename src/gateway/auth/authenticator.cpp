#include "gateway/auth/authenticator.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "gateway/auth/signature_field.hpp"

namespace gateway::auth {

Shown shown_in(http::FieldWalk fields) noexcept {
  Shown shown;
  const auto note = [&shown](bool& seen, std::string_view& value, std::string_view found) {
    shown.repeated = shown.repeated || seen;
    seen = true;
    value = found;
  };
  bool authorization = false;
  bool signature = false;
  while (fields.next()) {
    if (http::is_name(fields.name(), "x-cos-signature")) {
      note(signature, shown.signature, fields.value());
    } else if (http::is_name(fields.name(), "authorization")) {
      note(authorization, shown.authorization, fields.value());
    }
  }
  return shown;
}

Authenticator::Authenticator(std::vector<Secret> tokens)
    : own_(tokens.size()), tokens_(std::move(tokens)) {
  assert(!tokens_.empty());
  keys_.reserve(tokens_.size());
  for (const Secret& token : tokens_) keys_.emplace_back(token);
}

void Authenticator::also_accept(const std::vector<Secret>& tokens) {
  tokens_.resize(own_);
  while (keys_.size() > own_) keys_.pop_back();
  for (const Secret& token : tokens) {
    const bool known = std::any_of(tokens_.begin(), tokens_.end(), [&](const Secret& other) {
      return other.reveal() == token.reveal();
    });
    if (known || token.empty()) continue;
    tokens_.push_back(token);
    keys_.emplace_back(token);
  }
}

std::optional<AuthFailure> Authenticator::refuse_head(const Shown& shown,
                                                      std::chrono::sys_seconds now) const {
  if (shown.repeated) return AuthFailure::malformed;
  if (shown.signature.empty()) return refuse_bearer(shown.authorization);
  const auto field = SignatureField::read(shown.signature);
  if (!field) return AuthFailure::malformed;
  if (field->time() < now - kWindow || field->time() > now + kWindow) return AuthFailure::time;
  return std::nullopt;
}

// RFC 6750 section 2.1; RFC 9110 section 11.1: the scheme's letter case does not matter.
std::optional<AuthFailure> Authenticator::refuse_bearer(std::string_view authorization) const {
  if (authorization.empty()) return AuthFailure::missing;
  const std::size_t blank = authorization.find(' ');
  if (!http::equals_ignoring_case(authorization.substr(0, blank), "bearer")) {
    return AuthFailure::malformed;
  }
  std::string_view shown =
      blank == std::string_view::npos ? std::string_view{} : authorization.substr(blank + 1);
  while (shown.starts_with(' ')) shown.remove_prefix(1);
  if (shown.empty()) return AuthFailure::malformed;
  bool known = false;
  for (const Secret& token : tokens_) {
    // The length of a token is no secret.
    const std::string& own = token.reveal();
    const bool equal =
        shown.size() == own.size() && CRYPTO_memcmp(shown.data(), own.data(), own.size()) == 0;
    known = equal || known;
  }
  return known ? std::nullopt : std::optional(AuthFailure::token);
}

bool Authenticator::signs(std::string_view signature, std::string_view body) {
  const auto field = SignatureField::read(signature);
  if (!field) return false;
  constexpr std::size_t kMostTime = 16;
  char time[kMostTime];
  const std::size_t size = field->time_text().copy(time, kMostTime - 1);
  time[size] = '.';
  for (HmacSha256& key : keys_) {
    const cloud::Digest expected = key({time, size + 1}, body);
    bool known = false;
    for (const cloud::Digest& digest : field->digests()) {
      known = CRYPTO_memcmp(digest.data(), expected.data(), expected.size()) == 0 || known;
    }
    if (known) return true;
  }
  return false;
}

}  // namespace gateway::auth

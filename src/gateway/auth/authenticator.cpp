#include "gateway/auth/authenticator.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "events/ascii.hpp"
#include "gateway/auth/signature.hpp"

namespace gateway::auth {
namespace {

// Returns what stands behind the scheme.
std::string_view bearer_token(std::string_view authorization) noexcept {
  const std::size_t blank = authorization.find(' ');
  if (blank == std::string_view::npos) return {};
  std::string_view token = authorization.substr(blank + 1);
  while (token.starts_with(' ')) token.remove_prefix(1);
  return token;
}

}  // namespace

PostCredentials credentials_in(http::FieldWalk fields) noexcept {
  PostCredentials credentials;
  const auto note = [&credentials](bool& seen, std::string_view& value, std::string_view found) {
    credentials.repeated = credentials.repeated || seen;
    seen = true;
    value = found;
  };
  bool authorization = false;
  bool signature = false;
  while (fields.next()) {
    if (http::is_name(fields.name(), "x-cos-signature")) {
      note(signature, credentials.signature, fields.value());
    } else if (http::is_name(fields.name(), "authorization")) {
      note(authorization, credentials.authorization, fields.value());
    } else if (http::is_name(fields.name().substr(0, 3), "ce-")) {
      credentials.event_fields = true;
    }
  }
  return credentials;
}

Authenticator::Authenticator(std::vector<Secret> tokens)
    : own_(tokens.size()), tokens_(std::move(tokens)), also_(own_) {
  assert(!tokens_.empty());
  keys_.reserve(tokens_.size());
  for (const Secret& token : tokens_) keys_.emplace_back(token);
}

void Authenticator::also_accept(const std::vector<Secret>& tokens) {
  tokens_.resize(own_);
  while (keys_.size() > own_) keys_.pop_back();
  also_.assign(own_, false);
  for (const Secret& token : tokens) {
    const auto is_it = [&](const Secret& other) { return other.reveal() == token.reveal(); };
    const auto known = std::ranges::find_if(tokens_, is_it) - tokens_.begin();
    if (known < static_cast<std::ptrdiff_t>(own_)) also_[static_cast<std::size_t>(known)] = true;
    if (known != std::ssize(tokens_) || token.empty()) continue;
    tokens_.push_back(token);
    keys_.emplace_back(token);
  }
}

std::optional<AuthFailure> Authenticator::refuse_head(const PostCredentials& credentials,
                                                      std::chrono::sys_seconds now) const {
  if (credentials.repeated) return AuthFailure::malformed;
  if (credentials.signature.empty()) return refuse_bearer(credentials.authorization);
  const auto field = SignatureField::read(credentials.signature);
  if (!field) return AuthFailure::malformed;
  if (field->time() < now - kWindow || field->time() > now + kWindow) return AuthFailure::time;
  if (credentials.event_fields && field->v2().empty()) return AuthFailure::version;
  return std::nullopt;
}

// RFC 6750 section 2.1; RFC 9110 section 11.1: the scheme's letter case does not matter.
std::optional<AuthFailure> Authenticator::refuse_bearer(std::string_view authorization) const {
  if (authorization.empty()) return AuthFailure::missing;
  const std::size_t blank = authorization.find(' ');
  if (!equals_ignoring_case(authorization.substr(0, blank), "bearer")) {
    return AuthFailure::malformed;
  }
  if (bearer_token(authorization).empty()) return AuthFailure::malformed;
  return token_of(authorization) ? std::nullopt : std::optional(AuthFailure::token);
}

std::optional<std::size_t> Authenticator::token_of(std::string_view authorization) const {
  const std::string_view token = bearer_token(authorization);
  std::optional<std::size_t> known;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    // The length of a token is no secret.
    const std::string& own = tokens_[i].reveal();
    const bool equal =
        token.size() == own.size() && CRYPTO_memcmp(token.data(), own.data(), own.size()) == 0;
    if (equal && !known) known = i;
  }
  return known;
}

std::optional<std::size_t> Authenticator::key_of(const SignedPost& post, std::size_t likely) {
  const auto field = SignatureField::read(post.signature);
  if (!field) return std::nullopt;
  const bool v2 = !field->v2().empty();
  if (v2) {
    write_v2_prefix(prefix_, field->time_text(), post.fields);
  } else {
    write_v1_prefix(prefix_, field->time_text());
  }
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const std::size_t number = (likely + i) % keys_.size();
    const cloud::Digest expected = keys_[number](prefix_, post.body);
    bool known = false;
    for (const cloud::Digest& digest : v2 ? field->v2() : field->v1()) {
      known = CRYPTO_memcmp(digest.data(), expected.data(), expected.size()) == 0 || known;
    }
    if (known) return number;
  }
  return std::nullopt;
}

std::uint64_t Authenticator::fingerprint(const SignedPost& post) {
  const auto field = SignatureField::read(post.signature);
  if (!field) return 0;
  // Without `ce-` fields somebody could take version 2 off: what version 1 signs is the post.
  if (post.has_event_fields()) {
    write_v2_prefix(prefix_, field->time_text(), post.fields);
  } else {
    write_v1_prefix(prefix_, field->time_text());
  }
  const cloud::Digest digest = keys_.front()(prefix_, post.body);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number == 0 ? 1 : number;
}

}  // namespace gateway::auth

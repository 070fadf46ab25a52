#include "support/scripted_cloud_signature.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "events/number_text.hpp"
#include "support/scripted_cloud_refusal.hpp"

namespace gateway::test {
namespace {

constexpr std::string_view kService = "scf";
constexpr std::string_view kAlgorithm = "TC3-HMAC-SHA256";
constexpr std::chrono::seconds kTolerance{300};

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string hash_of(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(octets(text), text.size(), digest.data());
  return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned size = 0;
  ::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), octets(text), text.size(),
         digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

[[noreturn]] void malformed(const std::string& why) {
  throw CloudRefusal("AuthFailure.InvalidAuthorization", "The Authorization header " + why + ".");
}

struct Authorization {
  std::string secret_id;
  std::string date;
  std::string service;
  std::string signed_headers;
  std::string signature;
};

// `TC3-HMAC-SHA256 Credential=<id>/<date>/<service>/tc3_request, SignedHeaders=..., Signature=...`
Authorization parse_authorization(std::string_view text) {
  if (text.empty()) malformed("is missing");
  const auto blank = text.find(' ');
  if (text.substr(0, blank) != kAlgorithm) malformed("does not name TC3-HMAC-SHA256");
  text.remove_prefix(std::min(blank, text.size() - 1) + 1);
  const auto parts = split(text, ',');
  constexpr std::array<std::string_view, 3> kNames{"Credential=", " SignedHeaders=", " Signature="};
  if (parts.size() != kNames.size()) malformed("does not have three parts");
  std::array<std::string, 3> values;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!parts[i].starts_with(kNames[i])) malformed("lacks" + std::string(kNames[i]));
    values[i] = parts[i].substr(kNames[i].size());
  }
  const auto scope = split(values[0], '/');
  if (scope.size() != 4 || scope[3] != "tc3_request") malformed("has a bad credential scope");
  return {scope[0], scope[1], scope[2], values[1], values[2]};
}

const CloudKey& find_key(std::span<const CloudKey> keys, std::string_view id,
                         std::string_view token, std::chrono::sys_seconds now) {
  if (id.empty()) throw CloudRefusal("AuthFailure.InvalidSecretId", "The SecretId is empty.");
  bool known = false;
  for (const CloudKey& key : keys) {
    if (key.secret_id != id) continue;
    if (!key.token.empty() && token.empty()) continue;  // as if it were not there at all
    known = true;
    if (key.token == token && (!key.expires || now < *key.expires)) return key;
  }
  if (known) throw CloudRefusal("AuthFailure.TokenFailure", "The token is wrong or has expired.");
  throw CloudRefusal("AuthFailure.SecretIdNotFound", "The SecretId is not found.");
}

}  // namespace

std::string utc_date(std::int64_t timestamp) {
  const std::chrono::sys_seconds time{std::chrono::seconds(timestamp)};
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

std::string tc3_signature(const CanonicalRequest& request, std::string_view secret_key,
                          std::string_view service, std::int64_t timestamp) {
  // The path is always "/" and a POST has no query.
  const std::string canonical = request.method + "\n/\n\n" + request.headers + "\n" +
                                request.signed_headers + "\n" + hash_of(request.body);
  const std::string date = utc_date(timestamp);
  const std::string to_sign = fmt::format("{}\n{}\n{}/{}/tc3_request\n{}", kAlgorithm, timestamp,
                                          date, service, hash_of(canonical));
  const std::string day_key = hmac("TC3" + std::string(secret_key), date);
  return to_hex(hmac(hmac(hmac(day_key, service), "tc3_request"), to_sign));
}

std::string verify_signature(const RequestMessage& request, std::span<const CloudKey> keys,
                             std::chrono::sys_seconds now) {
  const Authorization given = parse_authorization(request.headers["Authorization"]);

  const auto timestamp = read_number<std::int64_t>(request.headers["X-TC-Timestamp"]);
  if (!timestamp) {
    throw CloudRefusal("MissingParameter", "X-TC-Timestamp is not a decimal Unix time.");
  }

  const auto names = split(given.signed_headers, ';');
  if (!std::is_sorted(names.begin(), names.end()) ||
      std::adjacent_find(names.begin(), names.end()) != names.end()) {
    malformed("does not sort its SignedHeaders");
  }
  for (const std::string needed : {"content-type", "host"}) {
    if (std::find(names.begin(), names.end(), needed) == names.end()) {
      malformed("does not sign " + needed);
    }
  }
  CanonicalRequest canonical{request.method, {}, given.signed_headers, request.body};
  for (const std::string& name : names) {
    if (name != lowered(name)) malformed("has upper-case SignedHeaders");
    if (request.headers.count(name) != 1) malformed("signs " + name + ", which was not sent once");
    canonical.headers += name + ":" + lowered(trimmed(request.headers[name])) + "\n";
  }

  const CloudKey& key = find_key(keys, given.secret_id, request.headers["X-TC-Token"], now);
  const std::chrono::sys_seconds signed_at{std::chrono::seconds(*timestamp)};
  if (signed_at > now + kTolerance || signed_at < now - kTolerance) {
    throw CloudRefusal("AuthFailure.SignatureExpire",
                       "The timestamp differs from the server's time by more than five minutes.");
  }
  if (given.date != utc_date(*timestamp) || given.service != kService ||
      given.signature != tc3_signature(canonical, key.secret_key, kService, *timestamp)) {
    throw CloudRefusal("AuthFailure.SignatureFailure",
                       "The signature is not that of this request. Check how it is made.");
  }
  return key.secret_id;
}

}  // namespace gateway::test

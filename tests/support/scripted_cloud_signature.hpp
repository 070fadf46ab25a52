#pragma once
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "testkit/http_text.hpp"

namespace gateway::test {

// A key pair the service knows. With a token it is a temporary one, good until `expires`.
struct CloudKey {
  std::string secret_id;
  std::string secret_key;
  std::string token;
  std::optional<std::chrono::sys_seconds> expires;
};

// What is signed, in the words of "Signature v3" of API 3.0.
struct CanonicalRequest {
  std::string method = "POST";
  std::string headers;         // "name:value\n" each, in the order of `signed_headers`
  std::string signed_headers;  // "content-type;host"
  std::string body;
};

// TC3-HMAC-SHA256 in lower-case hex. Written against OpenSSL alone, so that it can judge the
// product's signatures.
[[nodiscard]] std::string tc3_signature(const CanonicalRequest& request,
                                        std::string_view secret_key, std::string_view service,
                                        std::int64_t timestamp);

// The secret id of the pair that signed the request for the service `scf`, at most 300 s from
// `now`. Throws CloudRefusal with the code of the AuthFailure family the service documents.
std::string verify_signature(const RequestMessage& request, std::span<const CloudKey> keys,
                             std::chrono::sys_seconds now);

// The UTC date of a Unix time, as YYYY-MM-DD.
[[nodiscard]] std::string utc_date(std::int64_t timestamp);

}  // namespace gateway::test

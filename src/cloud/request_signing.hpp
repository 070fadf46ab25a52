#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "cloud/digest.hpp"
#include "runtime/secret.hpp"

namespace gateway::cloud {

// TC3-HMAC-SHA256, the signature of Tencent Cloud API 3.0 ("Signature v3", documents 583/31703 and
// 1278/46710), for its one kind of request here: POST / without a query.

// The headers that the signature covers. The service accepts both sets; the wider one also protects
// the action.
enum class SignedHeaders { host, host_and_action };

// The parts of a request that its signature covers. All views refer to the caller's texts.
struct SigningInput {
  std::string_view host;     // as in the Host header, with the port if that has one
  std::string_view service;  // "scf", whatever the host
  std::string_view action;
  std::string_view content_type;  // as in the Content-Type header
  std::string_view body;
  std::chrono::sys_seconds time;  // X-TC-Timestamp
  SignedHeaders headers = SignedHeaders::host_and_action;
};

// The keys that are derived one from another, from the secret key to the signing key.
struct SigningKeys {
  Digest date;
  Digest service;
  Digest signing;
};

[[nodiscard]] std::string canonical_request(const SigningInput& input);
[[nodiscard]] std::string string_to_sign(const SigningInput& input);
[[nodiscard]] SigningKeys signing_keys(const Secret& secret_key, std::chrono::sys_seconds time,
                                       std::string_view service);
[[nodiscard]] std::string signature(const SigningInput& input, const Digest& signing_key);

// Returns the value of the Authorization header.
[[nodiscard]] std::string authorization(const SigningInput& input, const Secret& secret_id,
                                        const Secret& secret_key);

}  // namespace gateway::cloud

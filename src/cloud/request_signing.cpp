#include "cloud/request_signing.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kAlgorithm = "TC3-HMAC-SHA256";
constexpr std::string_view kTerminator = "tc3_request";

// Returns the day in UTC, whatever the machine's time zone.
std::string date_of(std::chrono::sys_seconds time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(time.time_since_epoch().count()));
}

std::string_view names(SignedHeaders headers) {
  return headers == SignedHeaders::host ? "content-type;host" : "content-type;host;x-tc-action";
}

std::string scope(const SigningInput& input) {
  return fmt::format("{}/{}/{}", date_of(input.time), input.service, kTerminator);
}

}  // namespace

std::string canonical_request(const SigningInput& input) {
  std::string headers = fmt::format("content-type:{}\nhost:{}\n", lower_case(input.content_type),
                                    lower_case(input.host));
  if (input.headers == SignedHeaders::host_and_action) {
    headers += fmt::format("x-tc-action:{}\n", lower_case(input.action));
  }
  return fmt::format("POST\n/\n\n{}\n{}\n{}", headers, names(input.headers),
                     hex(sha256(input.body)));
}

std::string string_to_sign(const SigningInput& input) {
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, input.time.time_since_epoch().count(),
                     scope(input), hex(sha256(canonical_request(input))));
}

SigningKeys signing_keys(const Secret& secret_key, std::chrono::sys_seconds time,
                         std::string_view service) {
  SigningKeys keys;
  keys.date = hmac_sha256("TC3" + secret_key.reveal(), date_of(time));
  keys.service = hmac_sha256(keys.date, service);
  keys.signing = hmac_sha256(keys.service, kTerminator);
  return keys;
}

std::string signature(const SigningInput& input, const Digest& signing_key) {
  return hex(hmac_sha256(signing_key, string_to_sign(input)));
}

std::string authorization(const SigningInput& input, const Secret& secret_id,
                          const Secret& secret_key) {
  const SigningKeys keys = signing_keys(secret_key, input.time, input.service);
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     secret_id.reveal(), scope(input), names(input.headers),
                     signature(input, keys.signing));
}

}  // namespace gateway::cloud

#pragma once
#include <string>
#include <string_view>

namespace gateway::cloud {

// Returns the key with which the relay signs its posts if none is configured: lower-case hex of
// HMAC-SHA256(secret_key, "cos-gateway/v1/<region>/<namespace>/<function>"). It is equal on every
// replica, and part of the contract, as other senders derive it as well.
[[nodiscard]] std::string derive_gateway_token(std::string_view secret_key, std::string_view region,
                                               std::string_view space, std::string_view function);

// Returns `text` as it stands in a variable of the built-in relay, which decodes it: '%', ';' and
// '=' are percent-encoded. Some of SCF's runtimes split the environment at ';' and a variable at
// every
// '='.
[[nodiscard]] std::string relay_variable(std::string_view text);

// Returns the text that relay_variable() made `value` of.
[[nodiscard]] std::string plain_variable(std::string_view value);

// The variable with the key that the relay signs with.
inline constexpr std::string_view kTokenVariable = "GATEWAY_TOKEN";
// Those with where it posts to: the gateway, or without one the eventbus itself.
inline constexpr std::string_view kGatewayVariable = "GATEWAY_URL";
inline constexpr std::string_view kTargetVariable = "TARGET_URL";

}  // namespace gateway::cloud

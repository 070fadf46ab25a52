#pragma once
#include <string>
#include <string_view>

namespace gateway::cloud {

// The key the relay signs its posts with, where none is configured: lower-case hex of
// HMAC-SHA256(secret_key, "cos-gateway/v1/<region>/<namespace>/<function>"). Equal on every
// replica; part of the contract, as other senders derive it, too.
[[nodiscard]] std::string derive_gateway_token(std::string_view secret_key, std::string_view region,
                                               std::string_view space, std::string_view function);

// `text` as the built-in relay's variables carry it: '%', ';' and '=' percent-encoded, which the
// relay undoes. SCF's runtimes have been seen to split the environment at ';' and a variable at
// every '='.
[[nodiscard]] std::string relay_variable(std::string_view text);

}  // namespace gateway::cloud

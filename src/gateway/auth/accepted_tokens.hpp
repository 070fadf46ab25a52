#pragma once
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// Returns what a function signs its posts to this gateway with: gateway.token, or the token derived
// from secret_key for it. Empty if posts need no signature.
[[nodiscard]] Secret function_token(const config::Settings& settings,
                                    const config::Function& function);
// Returns that of the function, of several the first, which other senders use.
[[nodiscard]] Secret gateway_token(const config::Settings& settings);

// What a post may be signed with: that token and gateway.previous_token. None if posts need no
// signature. Throws std::invalid_argument when they need one and there is no token, which checked
// settings never do.
[[nodiscard]] std::vector<Secret> accepted_tokens(const config::Settings& settings);

// Returns how many of them are tokens of functions, which come first, in the order of
// config::shared_functions().
[[nodiscard]] std::size_t function_tokens(const config::Settings& settings);

// For logs: who may post, without any secret.
[[nodiscard]] std::string_view described(const config::Settings& settings);

// Whether posts are taken from anybody who reaches the port from another machine, and nothing in
// the configuration says that this is meant.
[[nodiscard]] bool open_by_default(const config::Settings& settings);

}  // namespace gateway::auth

#pragma once
#include <chrono>
#include <string_view>
#include <vector>

#include "gateway/config/settings.hpp"
#include "runtime/clock.hpp"
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

// The tokens that functions in the cloud sign with besides the one in force: after a change of
// secret_key, gateway.token or of the function's name, and while a predecessor is still invoked. A
// function that is gone may have invocations on their way, so that its token is accepted for a
// while longer. Not thread-safe.
class FormerTokens {
 public:
  // How long a token is accepted after it was last seen: a look every ten minutes, and the three
  // tries of an invocation of 900 s, which is the longest there is, a minute apart.
  static constexpr std::chrono::minutes kKept{60};

  // Takes in what a look at the cloud found. Returns the tokens to accept, in the order they were
  // first seen.
  [[nodiscard]] std::vector<Secret> seen(const std::vector<Secret>& tokens, Instant now);

 private:
  class Known {
   public:
    Known(Secret of_token, Instant at) : token(std::move(of_token)), last_seen(at) {}
    Secret token;
    Instant last_seen;
  };
  // More than a list of functions and any history of changes have: whoever can write functions
  // cannot fill memory with them.
  static constexpr std::size_t kMost = 128;

  std::vector<Known> known_;
};

}  // namespace gateway::auth

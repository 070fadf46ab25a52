#pragma once
#include <chrono>
#include <vector>

#include "runtime/clock.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

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

#pragma once
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/auth/authenticator.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "runtime/clock.hpp"
#include "runtime/occasional.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// An Authenticator at the door of a shard: turns its refusals into answers, counts them, and tells
// the operator now and then what to do about them.
class Guard {
 public:
  // At least one token. `metrics` and `clock` outlive it.
  Guard(std::vector<Secret> tokens, ShardMetrics& metrics, const Clock& clock)
      : authenticator_(std::move(tokens)), metrics_(metrics), clock_(clock) {}

  void also_accept(const std::vector<Secret>& tokens) { authenticator_.also_accept(tokens); }
  // The answer to a post that is refused by its head.
  [[nodiscard]] std::optional<Answer> refuse_head(const Shown& shown);
  // Whether a complete post may pass that showed `signature` in its head; if not, the answer to it.
  [[nodiscard]] bool signs(std::string_view signature, std::string_view body) {
    return authenticator_.signs(signature, body);
  }
  [[nodiscard]] Answer wrong_signature() { return refuse(AuthFailure::signature); }

 private:
  [[nodiscard]] Answer refuse(AuthFailure failure);

  Authenticator authenticator_;
  ShardMetrics& metrics_;
  const Clock& clock_;
  std::array<Occasional, static_cast<std::size_t>(AuthFailure::count_)> told_;
};

}  // namespace gateway::auth

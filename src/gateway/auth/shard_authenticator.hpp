#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "gateway/auth/authenticator.hpp"
#include "gateway/auth/seen_signatures.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "runtime/clock.hpp"
#include "runtime/log_limiter.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// The Authenticator of a shard with what its refusals cause: an answer, a count, and now and then a
// log line that says what to do.
class ShardAuthenticator {
 public:
  // Takes at least one token. `metrics`, `clock` and `seen` outlive it; without `seen` a signature
  // may come again.
  ShardAuthenticator(std::vector<Secret> tokens, ShardMetrics& metrics, const Clock& clock,
                     SeenSignatures* seen)
      : authenticator_(std::move(tokens)), metrics_(metrics), clock_(clock), seen_(seen) {}

  // Sets how many of the first tokens are those of functions, by number.
  void set_functions(std::size_t functions) noexcept { functions_ = functions; }
  // From now on the token of a function stands for the buckets of that function only, unless it is
  // also accepted beside its own.
  void tell_functions_apart() noexcept { tells_apart_ = true; }
  void also_accept(const std::vector<Secret>& tokens) { authenticator_.also_accept(tokens); }
  // Returns the answer to a post that is refused by its head.
  [[nodiscard]] std::optional<Answer> refuse_head(const PostCredentials& credentials);
  // Returns who has posted, by the head that refuse_head() let pass; with a signature
  // refuse() knows more.
  [[nodiscard]] Signer signer_of(const PostCredentials& credentials) const;
  // Returns the answer to a complete post that showed a signature in its head and is refused.
  // `key`: the number of the key that it is likely to be signed with; set to that of the one it is.
  [[nodiscard]] std::optional<Answer> refuse(const SignedPost& signed_post, Post& post,
                                             std::size_t& key);
  // Notes the answer to a post that was not refused.
  void answered(const Post& post) {
    if (post.answer.status / 100 != 2) unanswered(post);
  }
  // Notes that nobody is told what became of such a post: its sender may come again.
  void unanswered(const Post& post) {
    if (post.fingerprint != 0) seen_->forget(post.fingerprint);
  }

 private:
  [[nodiscard]] Signer signer_of_token(std::size_t number) const noexcept {
    const bool is_of_one =
        tells_apart_ && number < functions_ && !authenticator_.also_accepts(number);
    return is_of_one ? static_cast<Signer>(number) : kAnySigner;
  }
  [[nodiscard]] Answer refuse(AuthFailure failure);
  void tell_of_full();

  Authenticator authenticator_;
  ShardMetrics& metrics_;
  const Clock& clock_;
  SeenSignatures* const seen_;
  std::size_t functions_ = 0;
  bool tells_apart_ = false;
  LogLimiter full_;
  std::array<LogLimiter, static_cast<std::size_t>(AuthFailure::count_)> told_;
};

}  // namespace gateway::auth

#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/auth/hmac_sha256.hpp"
#include "gateway/auth/signature.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/http/fields.hpp"
#include "runtime/secret.hpp"

namespace gateway::auth {

// The credentials in the head of a post. Refers to the head.
struct PostCredentials {
  std::string_view authorization;  // value of the field; empty if it is not there
  std::string_view signature;      // of X-Cos-Signature
  bool repeated = false;           // one of them is there more than once
  bool event_fields = false;       // there are `ce-` fields, which version 2 alone signs
};
[[nodiscard]] PostCredentials credentials_in(http::FieldWalk fields) noexcept;

// Decides whether a post comes from somebody who knows one of the tokens: by a signature or, if
// there is none, by a bearer token. Of a signature's versions the highest one that is there
// decides. Everything but the signature itself is decided from the head. Compares in constant time.
// Not thread-safe.
class Authenticator {
 public:
  // How far a signature's time may be from ours: a captured post is of no use for longer.
  static constexpr std::chrono::seconds kWindow{300};

  // Takes at least one token; none is empty.
  explicit Authenticator(std::vector<Secret> tokens);

  // Accepts these tokens besides those it was made with, of which they may be some, instead of
  // those given before.
  void also_accept(const std::vector<Secret>& tokens);
  // Returns whether the token with this number is one of these.
  [[nodiscard]] bool also_accepts(std::size_t number) const noexcept {
    return number >= own_ || also_[number];
  }

  // Returns nothing if the body may be read; if the head shows a signature, the complete post must
  // then pass signs().
  [[nodiscard]] std::optional<AuthFailure> refuse_head(const PostCredentials& credentials,
                                                       std::chrono::sys_seconds now) const;
  // Returns whether the signature, one that refuse_head() let pass, is one of that post.
  [[nodiscard]] bool signs(const SignedPost& post) { return key_of(post).has_value(); }
  // Returns the number of the token that the signature was made with, in the order in which they
  // were given, or nullopt if it was made with none of them. Tries `likely` first: each try is as
  // dear as the post is long.
  [[nodiscard]] std::optional<std::size_t> key_of(const SignedPost& post, std::size_t likely = 0);
  // Returns the number of the bearer token in a field that refuse_head() let pass.
  [[nodiscard]] std::optional<std::size_t> token_of(std::string_view authorization) const;
  // Returns a number that is the same whenever this post is sent again with what was signed of it,
  // whichever versions of the signature are left in it; never 0. For posts that signs() let pass.
  [[nodiscard]] std::uint64_t fingerprint(const SignedPost& post);

 private:
  [[nodiscard]] std::optional<AuthFailure> refuse_bearer(std::string_view authorization) const;

  std::size_t own_ = 0;  // of tokens_: those it was made with come first
  std::vector<Secret> tokens_;
  std::vector<HmacSha256> keys_;
  std::vector<bool> also_;  // of those it was made with, which are also accepted
  std::string prefix_;      // reused from post to post
};

}  // namespace gateway::auth

#include "gateway/auth/shard_authenticator.hpp"

#include "gateway/domain/answers.hpp"
#include "runtime/log.hpp"

namespace gateway::auth {
namespace {

std::string_view advice(AuthFailure failure) noexcept {
  switch (failure) {
    case AuthFailure::missing:
      return "have the relay function or another sender sign them, or set gateway.auth: none";
    case AuthFailure::malformed:
      return "X-Cos-Signature must be t=<Unix seconds>,v2=<hex>, Authorization a Bearer token";
    case AuthFailure::time:
      return "the sender's clock or this machine's is wrong, or somebody repeats old posts";
    case AuthFailure::version:
      return "have the sender make the v2 of X-Cos-Signature, which covers ce- fields and "
             "Content-Type";
    case AuthFailure::replay:
      return "somebody repeats posts, or a sender does not sign each attempt anew";
    case AuthFailure::token:
    case AuthFailure::signature:
    case AuthFailure::count_: break;
  }
  return "the sender has another key: compare gateway.token, or secret_key and the region, "
         "namespace and name of the function; gateway.previous_token admits an old one";
}

}  // namespace

std::optional<Answer> ShardAuthenticator::refuse_head(const PostCredentials& credentials) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.wall(clock_.now()));
  const auto failure = authenticator_.refuse_head(credentials, now);
  if (!failure) return std::nullopt;
  return refuse(*failure);
}

std::optional<Answer> ShardAuthenticator::refuse(const SignedPost& signed_post, Post& post,
                                                 std::size_t& key) {
  const auto found = authenticator_.key_of(signed_post, key);
  if (!found) return refuse(AuthFailure::signature);
  key = *found;
  post.signer = signer_of_token(key);
  if (seen_ == nullptr) return std::nullopt;
  const std::uint64_t fingerprint = authenticator_.fingerprint(signed_post);
  const auto seen = seen_->note(fingerprint, clock_.now());
  if (seen == SeenSignatures::Seen::before) return refuse(AuthFailure::replay);
  if (seen == SeenSignatures::Seen::full) tell_of_full();
  post.fingerprint = fingerprint;
  return std::nullopt;
}

Signer ShardAuthenticator::signer_of(const PostCredentials& credentials) const {
  if (functions_ == 0 || !credentials.signature.empty()) return kAnySigner;
  const auto token = authenticator_.token_of(credentials.authorization);
  return token ? signer_of_token(*token) : kAnySigner;
}

void ShardAuthenticator::tell_of_full() {
  metrics_.signatures_forgotten.add();
  if (const auto times = full_.occurred(clock_.now())) {
    log::warn(
        "signatures are forgotten before gateway.replay_window is over",
        {{"signatures", *times},
         {"remembered", SeenSignatures::kMost},
         {"advice", "shorten gateway.replay_window, or spread the posts over more replicas"}});
  }
}

Answer ShardAuthenticator::refuse(AuthFailure failure) {
  metrics_.posts_unauthorized[failure].add();
  auto& told = told_[static_cast<std::size_t>(failure)];
  if (const auto times = told.occurred(clock_.now())) {
    log::warn("posts are refused with 401",
              {{"reason", label(failure)}, {"posts", *times}, {"advice", advice(failure)}});
  }
  return answers::unauthorized(failure);
}

}  // namespace gateway::auth

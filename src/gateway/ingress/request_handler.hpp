#pragma once
#include <optional>

#include "gateway/domain/post.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/ingress/admission.hpp"
#include "gateway/ingress/session.hpp"
#include "runtime/byte_budget.hpp"

namespace gateway::ingress {

class Ingress;

// Most requests that are refused should not cost what their bodies take, and some can be judged
// only when the body is there. A RequestHandler decides about the requests of one client's Session:
// at the head by admission, authentication and the byte budget; of a whole request by its
// signature. What is good goes to the intake. Owned by a Connection, which lives as long as the
// posts it opens.
class RequestHandler {
 public:
  // `owner`: of the posts. All of them outlive it.
  RequestHandler(Ingress& ingress, Session& session, PostOwner& owner) noexcept
      : ingress_(ingress), session_(session), owner_(owner) {}
  RequestHandler(const RequestHandler&) = delete;
  RequestHandler& operator=(const RequestHandler&) = delete;

  // Decides about what has arrived, until more bytes are needed or nothing more is read. `beyond`:
  // the limit that the connection exceeds.
  void process(std::optional<ConnectionLimit> beyond);
  // Answers what the session is reading; reads no further request if the answer says so.
  void turn_away(Answer answer);
  // Gives back what the request that is being read holds of the byte budget.
  void release() noexcept { units_ = ByteLease::Units(); }

 private:
  void on_head(std::optional<ConnectionLimit> beyond);
  void on_request();
  // Has one caller, for each post.
  [[gnu::always_inline]] void accept(Request&& request, Post& post);
  [[nodiscard]] std::optional<Answer> refusal_of(const RequestHead& head, const Load& load) const;
  [[nodiscard]] std::optional<Answer> authenticate_head();
  [[nodiscard]] std::optional<Answer> refuse_signature(const Request& request, Post& post);
  void refuse_head(Answer refusal);
  [[nodiscard]] Answer over_budget(std::size_t target, bool close) const;
  [[nodiscard]] Post& open_post();

  Ingress& ingress_;
  Session& session_;
  PostOwner& owner_;
  // Of the request that is being read:
  ByteLease::Units units_;
  std::size_t target_ = 0;  // that it is for, as far as its head says
  http::Slice signature_;   // to be compared with its body; empty: there is none
  Signer signer_ = kAnySigner;
  std::size_t key_ = 0;  // that the last post was signed with: most clients have one only
};

}  // namespace gateway::ingress

#include "gateway/ingress/request_handler.hpp"

#include <boost/container/small_vector.hpp>
#include <new>
#include <utility>

#include "gateway/domain/answers.hpp"
#include "gateway/ingress/ingress.hpp"

namespace gateway::ingress {
namespace {

// How much of a body that is only announced is counted as in flight; the rest is when it comes.
// Otherwise eight clients that send nothing but heads would shut all others out.
constexpr std::size_t kMostCountedUnread = std::size_t{64} << 10;

}  // namespace

void RequestHandler::process(std::optional<ConnectionLimit> beyond) {
  for (;;) {
    switch (session_.next()) {
      case Session::Step::need_more:
        if (session_.keeping_body() && !units_.grow_to(session_.reader().body_size())) {
          turn_away(over_budget(target_, true));
        }
        return;
      case Session::Step::head: on_head(beyond); break;
      case Session::Step::request: on_request(); break;
      case Session::Step::bad: {
        const BadRequest problem = session_.problem();
        turn_away(answers::refused(problem.status(), problem.reason(), true));
        return;
      }
    }
  }
}

void RequestHandler::on_head(std::optional<ConnectionLimit> beyond) {
  const RequestHead& head = session_.head();
  const TargetRoom& room = ingress_.context().room;
  if (room.several()) target_ = ingress_.hinted_target(session_.reader().fields());
  const Load load = ingress_.load(beyond, target_);
  std::optional<Answer> refusal;
  if (!ingress_.admission().admits(head, load)) refusal = refusal_of(head, load);
  if (!refusal && ingress_.authenticator() != nullptr) refusal = authenticate_head();
  if (!refusal &&
      !room.lease(target_).try_take(static_cast<std::size_t>(head.content_length), units_)) {
    refusal = over_budget(target_, false);
  }
  if (refusal) {
    refuse_head(std::move(*refusal));
    return;
  }
  units_.shrink_to(kMostCountedUnread);
  session_.accept();
}

std::optional<Answer> RequestHandler::refusal_of(const RequestHead& head, const Load& load) const {
  if (!head.asks_for_health) return ingress_.admission().refuse(head, load);
  Answer health = ingress_.health();
  health.to_head = head.method == Method::head;
  return health;
}

// What needs the body waits for it: signature_.
std::optional<Answer> RequestHandler::authenticate_head() {
  signature_ = http::Slice();
  signer_ = kAnySigner;
  if (session_.head().method != Method::post) return std::nullopt;
  const auth::PostCredentials credentials = auth::credentials_in(session_.reader().fields());
  auto refusal = ingress_.authenticator()->refuse_head(credentials);
  if (!refusal) signer_ = ingress_.authenticator()->signer_of(credentials);
  if (!refusal && !credentials.signature.empty()) {
    signature_ = session_.reader().slice_of(credentials.signature);
  }
  return refusal;
}

std::optional<Answer> RequestHandler::refuse_signature(const Request& request, Post& post) {
  const char* const base = request.bytes.data();
  boost::container::small_vector<auth::SignedField, 16> fields;
  if (request.content_type.offset != 0) {
    fields.push_back({"content-type", request.content_type.in(base)});
  }
  for (std::size_t i = 0; i + 1 < request.event_fields.size(); i += 2) {
    fields.push_back({request.event_fields[i].in(base), request.event_fields[i + 1].in(base)});
  }
  auth::sort(fields);
  return ingress_.authenticator()->refuse({signature_.in(base), fields, request.body_text()}, post,
                                          key_);
}

Answer RequestHandler::over_budget(std::size_t target, bool close) const {
  return answers::unavailable(Unavailable::bytes, ingress_.context().room.retry_after(target),
                              close);
}

void RequestHandler::refuse_head(Answer refusal) {
  if (!ingress_.admission().worth_skipping(session_.head())) refusal.close = true;
  Post& post = open_post();
  session_.refuse(post, refusal.close);
  ingress_.context().ledger.refuse(post, std::move(refusal));
}

inline void RequestHandler::accept(Request&& request, Post& post) {
  const Ingress::Context& context = ingress_.context();
  try {
    context.intake.accept(std::move(request), post);
  } catch (const std::bad_alloc&) {
    // The post has no events yet. If there is no memory for this either, the connection ends.
    context.ledger.refuse(
        post, answers::unavailable(Unavailable::memory, context.room.retry_after(target_)));
  }
}

void RequestHandler::on_request() {
  Request request = session_.take();
  const bool keep_alive = request.head.keep_alive;
  if (!units_.grow_to(request.body.length)) {
    release();
    turn_away(over_budget(target_, !keep_alive));
    return;
  }
  Post& post = open_post();
  session_.owe(post);
  post.units = std::exchange(units_, ByteLease::Units());
  post.signer = signer_;
  auto refusal = signature_.length == 0 ? std::nullopt : refuse_signature(request, post);
  if (refusal) {
    ingress_.context().ledger.refuse(post, std::move(*refusal));
  } else if (request.head.method == Method::options) {
    ingress_.context().ledger.refuse(
        post, answers::options(request.webhook_origin.in(request.bytes.data())));
  } else {
    accept(std::move(request), post);
  }
  if (!keep_alive) session_.stop();
}

Post& RequestHandler::open_post() {
  const Clock& clock = ingress_.context().clock;
  return ingress_.context().ledger.open(owner_, clock.now(), clock.wall(clock.now()));
}

void RequestHandler::turn_away(Answer answer) {
  const bool close = answer.close;
  Post& post = open_post();
  session_.owe(post);
  ingress_.context().ledger.refuse(post, std::move(answer));
  if (!close) return;
  session_.stop();
  release();
}

}  // namespace gateway::ingress

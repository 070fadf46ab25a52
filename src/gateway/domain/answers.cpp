#include "gateway/domain/answers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "events/json_text.hpp"

namespace gateway::answers {
namespace {

// A post may hold many thousands of records: enough of them are named to act on.

std::string_view text_of(AuthFailure failure) noexcept {
  switch (failure) {
    case AuthFailure::missing:
      return "not signed: gateway.auth asks for X-Cos-Signature or Authorization: Bearer";
    case AuthFailure::malformed: return "malformed X-Cos-Signature or Authorization";
    case AuthFailure::time: return "signature made too long ago, or clocks differ";
    case AuthFailure::token: return "wrong bearer token";
    case AuthFailure::version:
      return "ce- fields need a signature of version 2 (v2), which covers them";
    case AuthFailure::replay:
      return "this signature has been seen already: sign each attempt anew, with its own time";
    case AuthFailure::signature:
    case AuthFailure::count_: break;
  }
  return "wrong signature";
}

std::string_view text_of(Unavailable why) noexcept {
  switch (why) {
    case Unavailable::stopping: return "stopping";
    case Unavailable::connections: return "too many connections";
    case Unavailable::source: return "too many connections from this address";
    case Unavailable::queue: return "delivery queue full";
    case Unavailable::bytes: return "gateway.max_in_flight reached";
    case Unavailable::memory: return "out of memory";
    case Unavailable::storage:
    case Unavailable::unhealthy:
    case Unavailable::count_: break;
  }
  return label(why);
}

Answer come_again(Unavailable why, std::string_view reason, std::chrono::seconds retry_after,
                  bool close) {
  Answer answer = refused(503, reason, close);
  answer.unavailable = why;
  answer.extra_fields += fmt::format("Retry-After: {}\r\n", retry_after.count());
  return answer;
}

Answer unprocessable(std::string_view reason, std::size_t index) {
  Answer answer = refused(422, reason);
  answer.body.pop_back();
  fmt::format_to(std::back_inserter(answer.body), ",\"index\":{}}}", index);
  return answer;
}

}  // namespace

Answer partly_failed(const Post& post) {
  Answer answer;
  answer.status = 502;
  answer.body += fmt::format("{{\"records\":{},\"delivered\":{},\"failed\":[", post.records(),
                             post.tally.safe());
  std::size_t named = 0;
  const auto name = [&](std::uint32_t index, unsigned status, std::string_view reason) {
    answer.body += fmt::format("{}{{\"index\":{},\"status\":{},\"reason\":", named == 0 ? "" : ",",
                               index, status);
    events::append_json_string(answer.body, reason);
    answer.body += '}';
    ++named;
  };
  for (const auto& failure : post.failures) {
    if (named == kMostNamed) break;
    name(failure.index, failure.status, failure.reason);
  }
  // Of some there is no note, where there was no memory for it.
  if (post.failures.size() < post.failed() && named < kMostNamed) {
    for (std::uint32_t i = 0; i < post.records() && named < kMostNamed; ++i) {
      if (!post.has_failed(i)) continue;
      const bool noted = std::ranges::any_of(
          post.failures, [i](const auto& failure) { return failure.index == i; });
      if (!noted) name(i, 0, "out of memory");
    }
  }
  answer.body += ']';
  if (named < post.failed()) answer.body += fmt::format(",\"more\":{}", post.failed() - named);
  answer.body += '}';
  return answer;
}

Answer deadline_passed(const Post& post, const BusAnswer* latest) {
  Answer answer;
  answer.status = 504;
  answer.body += fmt::format(
      "{{\"error\":\"not delivered within delivery.deadline\","
      "\"records\":{},\"delivered\":{}",
      post.records(), post.tally.safe());
  if (latest != nullptr) {
    answer.body += fmt::format(",\"status\":{},\"reason\":", latest->status);
    events::append_json_string(answer.body, latest->text);
  }
  answer.body += '}';
  return answer;
}

Answer refused(unsigned status, std::string_view reason, bool close) {
  Answer answer;
  answer.status = status;
  answer.body = "{\"error\":";
  events::append_json_string(answer.body, reason);
  answer.body += '}';
  answer.close = close;
  return answer;
}

Answer malformed(std::string_view reason, std::size_t offset) {
  Answer answer = refused(400, reason);
  answer.body.pop_back();
  answer.body += fmt::format(",\"offset\":{}}}", offset);
  return answer;
}

Answer cannot_redact(std::size_t index) {
  return unprocessable("event.redact: the data of an event is not JSON that can be searched",
                       index);
}

Answer bucket_refused(BucketRefusal refusal, std::size_t index) {
  return unprocessable(refusal == BucketRefusal::unknown
                           ? "no entry of `buckets` names the bucket of a record"
                           : "signed by a function that the bucket of a record does not belong to",
                       index);
}

Answer unavailable(Unavailable why, std::chrono::seconds retry_after, bool close) {
  return come_again(why, text_of(why), retry_after, close);
}

Answer not_stored(std::string_view reason, std::chrono::seconds retry_after) {
  return come_again(Unavailable::storage, reason, retry_after, false);
}

Answer unauthorized(AuthFailure failure) {
  Answer answer = refused(401, text_of(failure));
  // RFC 9110 section 11.6.1 wants a challenge; there is a registered scheme for the token only.
  answer.extra_fields = "WWW-Authenticate: Bearer realm=\"cos-gateway\"\r\n";
  return answer;
}

Answer unsupported_coding() {
  Answer answer = refused(415, "Content-Encoding: send the body as it is");
  answer.extra_fields = "Accept-Encoding: identity\r\n";
  return answer;
}

Answer method_not_allowed(std::uint16_t admin_port) {
  std::string text =
      "only POST and OPTIONS are served here; the status page, /readyz and /metrics are on "
      "gateway.admin";
  if (admin_port != 0) text += ", port " + std::to_string(admin_port);
  Answer answer = refused(405, text);
  answer.extra_fields = "Allow: POST, OPTIONS\r\n";
  return answer;
}

Answer health(std::string_view failing) {
  Answer answer;
  answer.status = failing.empty() ? 200 : 503;
  if (!failing.empty()) answer.unavailable = Unavailable::unhealthy;
  answer.body = failing.empty() ? "ok" : failing;
  answer.body += '\n';
  answer.content_type = "text/plain; charset=utf-8";
  answer.extra_fields = "Cache-Control: no-store\r\n";
  return answer;
}

Answer options(std::string_view origin) {
  Answer answer;
  answer.status = 200;
  answer.extra_fields = "Allow: POST, OPTIONS\r\n";
  if (!origin.empty()) {
    answer.extra_fields +=
        fmt::format("WebHook-Allowed-Origin: {}\r\nWebHook-Allowed-Rate: *\r\n", origin);
  }
  return answer;
}

}  // namespace gateway::answers

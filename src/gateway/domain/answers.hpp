#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "gateway/domain/bus_answer.hpp"
#include "gateway/domain/post.hpp"
#include "gateway/domain/reasons.hpp"

// Every answer of the ingress port but that to a post that was delivered in full, which ReplyText
// writes: which status, which body, which header fields.
namespace gateway::answers {

// The most events that an answer names.
inline constexpr std::size_t kMostNamed = 1000;
// 502 with the events that were given up.
[[nodiscard]] Answer partly_failed(const Post& post);
// 504.
[[nodiscard]] Answer deadline_passed(const Post& post, const BusAnswer* latest = nullptr);
// {"error":reason}; `close` when the connection cannot go on.
[[nodiscard]] Answer refused(unsigned status, std::string_view reason, bool close = false);
// 400 {"error":reason,"offset":n}
[[nodiscard]] Answer malformed(std::string_view reason, std::size_t offset);
// 422 {"error":reason,"index":n}: the data of that event cannot be searched for what event.redact
// names.
[[nodiscard]] Answer cannot_redact(std::size_t index);
// 422 {"error":reason,"index":n}: the bucket of that record is refused.
[[nodiscard]] Answer bucket_refused(BucketRefusal refusal, std::size_t index);
// 503 with Retry-After.
[[nodiscard]] Answer unavailable(Unavailable why, std::chrono::seconds retry_after,
                                 bool close = false);
// The same for a store that does not take the events of a post: `reason` says what it is about.
[[nodiscard]] Answer not_stored(std::string_view reason, std::chrono::seconds retry_after);
// 401.
[[nodiscard]] Answer unauthorized(AuthFailure failure);
// 415 with Accept-Encoding (RFC 9110 sections 12.5.3, 15.5.16).
[[nodiscard]] Answer unsupported_coding();
// 405 that says where to look instead: the admin port, 0 if it is not known.
[[nodiscard]] Answer method_not_allowed(std::uint16_t admin_port);
// What /healthz says: 200, or 503 with the reason, in plain text.
[[nodiscard]] Answer health(std::string_view failing);
// The CloudEvents webhook handshake (http-webhook 1.0 section 4): whoever asks may send, at any
// rate. `origin` is empty for an OPTIONS request that is no handshake.
[[nodiscard]] Answer options(std::string_view origin);

}  // namespace gateway::answers

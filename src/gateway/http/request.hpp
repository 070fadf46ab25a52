#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "gateway/http/fields.hpp"
#include "runtime/buffer_pool.hpp"

namespace gateway::http {

enum class Method : std::uint8_t { post, options, get, head, other };

// What a POST carries (CloudEvents HTTP binding section 3): the content type decides, then
// ce-specversion, and anything else is taken for a COS trigger payload.
enum class BodyKind : std::uint8_t { records, binary_event, structured_event, event_batch };

// What a request's head says, as far as the gateway cares.
struct RequestHead {
  Method method = Method::other;
  BodyKind kind = BodyKind::records;
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  bool asks_for_health = false;  // GET or HEAD of /healthz
  bool content_coded = false;    // the body has a content coding (RFC 9110 section 8.4)
  std::uint64_t content_length = 0;
};

// A complete request. Owns the bytes it was read into; moving it moves them.
class Request {
 public:
  Request() = default;

  RequestHead head;
  Buffer bytes;
  Slice body;          // BufferPool::kPadding readable bytes follow it
  Slice content_type;  // at 0 if there was none
  Slice webhook_origin;
  // Of `ce-` fields, name (lower case) and value in turn.
  std::vector<Slice> event_fields;

  [[nodiscard]] std::string_view body_text() const noexcept { return body.in(bytes.data()); }
  // Forgets all but the memory it holds.
  void reset() noexcept {
    head = RequestHead();
    body = content_type = webhook_origin = Slice();
    event_fields.clear();
  }
};

}  // namespace gateway::http

#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/chunked.hpp"
#include "gateway/http/fields.hpp"

namespace gateway::egress {

// What one answer of the eventbus says, as far as delivery cares. Reused from answer to answer.
struct Response {
  unsigned status = 0;
  bool close = false;       // the connection ends after this answer
  std::string retry_after;  // the field's text: seconds or an HTTP date; empty if absent
  std::string excerpt;      // of the body; kept only when the status is not 2xx
};

// Turns the bytes of an eventbus connection into final answers, in order (RFC 9112). Interim 1xx
// answers are read past. Sans-I/O; bytes given to it need not be kept.
class ResponseReader {
 public:
  enum class Step {
    need_more,
    response,  // response() holds until the next call
    bad        // not HTTP/1.1: reason() says why; the connection is of no use any more
  };
  static constexpr std::size_t kExcerpt = std::size_t{4} << 10;

  // Takes bytes off the front of `input`.
  [[nodiscard]] Step next(std::string_view& input);
  // The peer has closed. A body that was to last until then is complete: then `response`.
  [[nodiscard]] Step end();
  [[nodiscard]] const Response& response() const noexcept { return response_; }
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
  // Part of an answer has been read.
  [[nodiscard]] bool in_message() const noexcept {
    return body_ != Body::none || !partial_.empty();
  }
  void reset();

 private:
  enum class Body : std::uint8_t { none, length, chunked, until_close };

  Step read_head(std::string_view& input);
  Step parse_head(const char* data);
  void begin_body(const http::Framing& framing) noexcept;
  Step read_body(std::string_view& input);
  Step finish() noexcept;
  Step fail(std::string_view reason) noexcept;
  void keep_excerpt(std::string_view part);

  // The last head that was parsed, if it was short and plain, and what it said.
  static constexpr std::size_t kMostSame = 512;
  std::string same_;
  unsigned same_status_ = 0;
  bool same_close_ = false;
  http::Framing same_framing_;

  std::string partial_;  // a head that came in pieces
  http::HeadScan scan_;
  http::ChunkedDecoder chunks_;
  std::uint64_t left_ = 0;
  Body body_ = Body::none;
  Response response_;
  std::string_view reason_;
};

// Retry-After (RFC 9110 section 10.2.3) as a wait from `now`; empty if it is neither a number nor a
// date. A date in the past is no wait.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    std::chrono::sys_seconds now);

}  // namespace gateway::egress

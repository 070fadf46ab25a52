#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/http/chunked.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/response_head.hpp"
#include "runtime/secret_filter.hpp"

namespace gateway::egress {

// What one answer of the eventbus says, as far as delivery cares. Reused from answer to answer.
struct Response {
  unsigned status = 0;
  bool close = false;       // the connection ends after this answer
  bool doubtful = false;    // likewise, and not by the peer's word: its framing is not safe
  std::string retry_after;  // the field's text: seconds or an HTTP date; empty if absent
  // The beginning of the body, kept only when the status is not 2xx. Of a body with a content
  // coding (RFC 9110 section 8.4) the name of that: nobody can read its bytes.
  std::string excerpt;
};

// Turns the bytes of an eventbus connection into final answers, in order (RFC 9112). Interim 1xx
// answers are read past. Sans-I/O; bytes given to it need not be kept.
//
// The head decides: a 2xx is an answer as soon as its head is complete, and its body is read past
// before the next one. Any other is one when its body has ended, in whatever way, as the body says
// why. Nothing but an unreadable status line or an endless head is no answer.
class ResponseReader {
 public:
  enum class Step {
    need_more,
    response,  // response() holds until the next call
    bad        // not HTTP/1.1: reason() says why; the connection is of no use any more
  };
  static constexpr std::size_t kExcerpt = std::size_t{4} << 10;
  // A head may have any number of fields, up to so many bytes. Of a field so many are kept.
  static constexpr std::size_t kMostHead = std::size_t{1} << 20;
  static constexpr std::size_t kMostField = std::size_t{8} << 10;

  // Takes bytes off the front of `input`.
  [[nodiscard]] Step next(std::string_view& input);
  // Nothing more will come. `response` if that ends an answer whose head was complete, `bad` if a
  // head was cut, `need_more` if nothing was missing.
  [[nodiscard]] Step end();
  // Reads past the body of the answer that was given last; to be called before next() by whoever
  // expects no answer. Never `response`.
  [[nodiscard]] Step read_past(std::string_view& input);
  [[nodiscard]] const Response& response() const noexcept { return response_; }
  // Blanks secrets in its excerpt.
  void filter_response(const SecretFilter& filter) { filter.apply(response_.excerpt); }
  [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
  // An answer that has not been given yet has begun.
  [[nodiscard]] bool in_message() const noexcept {
    return head_bytes_ != 0 || (body_ != Body::none && !given_);
  }
  // The body of an answer that was given is still coming.
  [[nodiscard]] bool reads_past() const noexcept { return given_; }
  void reset();

 private:
  enum class Body : std::uint8_t { none, length, chunked, until_close };

  // Takes a head off the front of `input` that is equal to the last one. Returns false if it is
  // not.
  [[nodiscard]] bool read_same_head(std::string_view& input) noexcept;
  Step read_head(std::string_view& input);
  Step read_field(std::string_view& input);
  Step take_partial();
  Step take_field(std::string_view text);
  Step head_complete();
  [[nodiscard]] static std::string_view without_end(std::string_view line) noexcept;
  void begin_body(const http::Framing& framing) noexcept;
  Step read_body(std::string_view& input);
  Step body_complete() noexcept;
  Step body_broken() noexcept;
  Step fail(std::string_view reason) noexcept;
  void keep_excerpt(std::string_view part);

  // The last head that was parsed, if it was short and plain, and what it said.
  static constexpr std::size_t kMostSame = 512;
  std::string same_;
  unsigned same_status_ = 0;
  bool same_close_ = false;
  Body same_body_ = Body::none;
  std::uint64_t same_left_ = 0;

  ResponseHead head_;
  std::size_t head_bytes_ = 0;  // of the head that is being read
  bool began_ = false;          // its status line has been read
  bool bare_ = false;           // one of its lines ended without a carriage return
  std::string partial_;         // a field that came in pieces
  char last_ = '\0';            // its last byte, kept or not
  bool cut_ = false;            // only its beginning is kept
  http::ChunkedDecoder chunks_;
  std::uint64_t left_ = 0;
  Body body_ = Body::none;
  bool coded_ = false;  // the body has a content coding
  bool given_ = false;  // the answer whose body is being read
  Response response_;
  std::string_view reason_;
};

}  // namespace gateway::egress

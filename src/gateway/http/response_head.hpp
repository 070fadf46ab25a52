#pragma once
#include <string>
#include <string_view>

#include "gateway/http/fields.hpp"

namespace gateway::egress {

// What the head of an answer says, field by field.
//
// An answer whose status can be read has decided about its event, whatever else is odd about it:
// sent again it would arrive twice. So no field makes a head invalid. One that leaves doubt where
// the body ends, or that could hide another one, makes the head unsafe instead: its status counts
// and the connection is given up, as nobody knows where the next answer begins.
class ResponseHead {
 public:
  // Takes the first line, without its end, and forgets the head before. Returns false if it is not
  // the status line of HTTP/1.
  [[nodiscard]] bool begin(std::string_view line);
  // Whether a first line may still begin so.
  [[nodiscard]] static bool may_begin_with(std::string_view text) noexcept;
  // Takes one field without its last line end; a folded one (RFC 9112 section 5.2) with the line
  // ends between its parts. `cut`: its value is not whole.
  void field(std::string_view text, bool cut);
  // Something beside the fields is odd.
  void distrust() noexcept { unsafe_ = true; }
  // All fields are there.
  void end() noexcept;

  [[nodiscard]] unsigned status() const noexcept { return status_; }
  // The connection ends after this answer, by the peer's word or because the head is not safe.
  [[nodiscard]] bool close() const noexcept { return close_ || unsafe_ || (http_1_0_ && !keep_); }
  [[nodiscard]] bool safe() const noexcept { return !unsafe_; }
  // Only of a safe one.
  [[nodiscard]] const http::Framing& framing() const noexcept { return framing_; }
  [[nodiscard]] const std::string& retry_after() const noexcept { return retry_after_; }
  // Returns the content coding of the body, as "gzip"; empty if its bytes are what they say.
  [[nodiscard]] const std::string& coding() const noexcept { return coding_; }

 private:
  void unfolded(std::string_view text, bool cut);
  void content_length(std::string_view value);

  http::Framing framing_;
  std::string retry_after_;
  std::string coding_;
  unsigned status_ = 0;
  bool http_1_0_ = false;
  bool close_ = false;  // "Connection: close"
  bool keep_ = false;   // "Connection: keep-alive"
  bool unsafe_ = false;
};

}  // namespace gateway::egress

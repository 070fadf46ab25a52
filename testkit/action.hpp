#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "testkit/http_text.hpp"

namespace gateway::test {

// What a ScriptedEventbus does about one request. Made by the functions below.
struct Action {
  enum class Then {
    keep,   // go on with the next request
    close,  // FIN after the bytes; what still arrives is read and thrown away
    reset,  // RST after the peer's kernel has the bytes
    hang    // neither answer nor close: requests behind this one wait for ever, too
  };
  std::string bytes;    // sent as they stand
  unsigned status = 0;  // of the final answer in `bytes`; 0 when there is none
  Then then = Then::keep;
  std::chrono::nanoseconds delay{0};  // from the request's arrival
  std::chrono::milliseconds pace{0};  // above 0: one byte at a time, this far apart

  [[nodiscard]] Action after(std::chrono::milliseconds wait) const;
  [[nodiscard]] Action slowly(std::chrono::milliseconds between_bytes) const;
  [[nodiscard]] Action then_close() const;
  [[nodiscard]] Action then_reset() const;
};

// A complete answer with Content-Length (none with 204).
[[nodiscard]] Action reply(unsigned status, const Headers& headers = {},
                           std::string_view body = {});
[[nodiscard]] Action chunked_reply(unsigned status, std::string_view body);
// A body that ends where the connection does.
[[nodiscard]] Action reply_until_close(unsigned status, std::string_view body);
[[nodiscard]] Action http10_reply(unsigned status, std::string_view body = {});
// "Connection: close", and closes.
[[nodiscard]] Action last_reply(unsigned status);
// Interim answers 100 and 103 before the final one.
[[nodiscard]] Action reply_after_interim(unsigned status);
// The answer and another one nobody asked for, in one write.
[[nodiscard]] Action surplus_reply(unsigned status);
// "HTTP/1.1 20" and the end.
[[nodiscard]] Action half_status_line();
// Bytes that are not HTTP; the connection stays open.
[[nodiscard]] Action garbage();
[[nodiscard]] Action close_unanswered();
[[nodiscard]] Action reset_unanswered();
[[nodiscard]] Action never_answer();

// RFC 9110 5.6.7, as in `Retry-After: Sun, 06 Nov 1994 08:49:37 GMT`.
[[nodiscard]] std::string http_date(std::chrono::sys_seconds time);

}  // namespace gateway::test

#pragma once
#include <cstdint>

namespace gateway::egress {

// Learns after how many requests the eventbus ends a connection.
//
// Many servers do so, announce it in the last answer (`Connection: close`, RFC 9112 section 9.6),
// and drop requests that were pipelined behind it. Once two connections in a row ended after the
// same number of requests, no connection is sent more than that, and its successor can be ready in
// time. A connection that goes on beyond the number refutes it. Pure.
class RequestLimit {
 public:
  // Returns the most requests that a connection may be sent; 0 means unlimited.
  [[nodiscard]] std::uint32_t value() const noexcept { return limit_; }

  // Records that answer number `answers` of a connection announced its end.
  void announced(std::uint32_t answers) noexcept {
    limit_ = answers == last_ && answers > 1 ? answers : 0;
    last_ = answers;
  }
  // Records that a connection continues after answer number `answers`.
  void outlived(std::uint32_t answers) noexcept {
    if (limit_ == 0 || answers < limit_) return;
    limit_ = 0;
    last_ = 0;
  }

 private:
  std::uint32_t limit_ = 0;
  std::uint32_t last_ = 0;
};

}  // namespace gateway::egress

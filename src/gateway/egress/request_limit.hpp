#pragma once
#include <cstdint>

namespace gateway::egress {

// After how many requests the eventbus ends a connection.
//
// Many servers do so and say it in the last answer (`Connection: close`, RFC 9112 section 9.6), and
// drop what was pipelined behind it. Once two connections in a row were ended after the same
// number, no connection is sent more than that, and its successor can be there in time. A
// connection that takes more than the number was never bound by it. Pure.
class RequestLimit {
 public:
  // Returns how many requests a connection may be sent; 0: as many as one likes.
  [[nodiscard]] std::uint32_t value() const noexcept { return limit_; }

  // The end of a connection was announced with its answer number `answers`.
  void announced(std::uint32_t answers) noexcept {
    limit_ = answers == last_ && answers > 1 ? answers : 0;
    last_ = answers;
  }
  // A connection goes on behind its answer number `answers`.
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

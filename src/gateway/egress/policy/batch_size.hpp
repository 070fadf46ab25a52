#pragma once
#include <cstddef>
#include <string_view>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Limits the events and bytes of one request in batch mode.
//
// Problem: a receiver has a limit for the size of a request and tells it only when it is exceeded
// (413). Solution: the limit is learned. After a refusal it is the size that the answer names, or
// half of the refused size. It grows by an eighth after every few full requests that were accepted,
// as long as it stays below the refused size. The refused size is forgotten after ten minutes,
// because receivers are reconfigured. Because one event can make the receiver fail a whole request,
// an event shares its request with fewer others at each attempt. Pure.
class BatchSize {
 public:
  // Large enough that the cost of a request itself is small, small enough for every receiver.
  static constexpr std::size_t kMostEvents = 100;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  static constexpr std::size_t kLeastBytes = std::size_t{1} << 10;

  // Returns the most events of a request that contains an event sent `attempts` times before.
  [[nodiscard]] static constexpr std::size_t events(unsigned attempts) noexcept {
    return attempts > 6 ? 1 : kMostEvents >> attempts;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return limit_; }

  // Records that a request of this size was accepted.
  void accepted(std::size_t bytes, Instant now) noexcept;
  // Records that a request of this size was too large. `said` is the beginning of the body of the
  // answer.
  void too_large(std::size_t bytes, std::string_view said, Instant now) noexcept;

 private:
  std::size_t limit_ = kMostBytes;
  std::size_t refused_ = 0;  // the smallest request that was too large; 0: none
  Instant refused_at_{};
  unsigned full_ = 0;  // requests near the limit that were taken since it last grew
};

}  // namespace gateway::egress

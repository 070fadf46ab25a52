#pragma once
#include <cstddef>
#include <string_view>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How many events and bytes one request of batch mode may have.
//
// Receivers bound what they take and say so only when it is too much (413). So the bound is
// learned: the size a refusal names, else half of what was refused, grown by an eighth with every
// few full requests that were taken, as long as it stays below what was refused; that is forgotten
// after ten minutes, as receivers are set up anew. And since one event can make the receiver fail a
// whole request, an event shares its request with fewer others from attempt to attempt. Pure.
class BatchSize {
 public:
  // Enough to make a request's own cost small, little enough for every receiver.
  static constexpr std::size_t kMostEvents = 100;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  static constexpr std::size_t kLeastBytes = std::size_t{1} << 10;

  // Returns how many events a request may have that holds one sent `attempts` times before.
  [[nodiscard]] static constexpr std::size_t events(unsigned attempts) noexcept {
    return attempts > 6 ? 1 : kMostEvents >> attempts;
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return limit_; }

  // A request of so many bytes was taken.
  void accepted(std::size_t bytes, Instant now) noexcept;
  // A request of so many bytes was too large; `said`: the beginning of the answer's body.
  void too_large(std::size_t bytes, std::string_view said, Instant now) noexcept;

 private:
  std::size_t limit_ = kMostBytes;
  std::size_t refused_ = 0;  // the smallest request that was too large; 0: none
  Instant refused_at_{};
  unsigned full_ = 0;  // requests near the limit that were taken since it last grew
};

}  // namespace gateway::egress

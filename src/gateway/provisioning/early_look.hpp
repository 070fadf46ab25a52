#pragma once
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "runtime/clock.hpp"

namespace gateway {

// Decides when to look at the cloud before the time, as posts are refused whose signature is made
// with an unknown key. Problem: another replica may have been restarted with a newer list of
// buckets and have made a function whose key this one learns from the cloud alone, ten minutes
// later; and anybody can post with a wrong key. Solution: the first refused post has it look at
// once, further ones after pauses that double, up to the time it would have looked anyway.
class EarlyLook {
 public:
  static constexpr std::chrono::seconds kFirstPause{30};
  static constexpr std::chrono::minutes kLongestPause{10};

  // Returns whether to look now. `refused` counts such posts since the start; call it about once a
  // second.
  [[nodiscard]] bool due(std::uint64_t refused, Instant now) noexcept {
    if (refused != seen_) {
      const bool anew = heard_ && now - *heard_ >= kLongestPause;
      if (anew) pause_ = std::chrono::seconds(0);
      seen_ = refused;
      heard_ = now;
      owed_ = true;
    }
    if (!owed_ || (last_ && now - *last_ < pause_)) return false;
    owed_ = false;
    last_ = now;
    pause_ = std::clamp<std::chrono::seconds>(2 * pause_, kFirstPause, kLongestPause);
    return true;
  }

 private:
  std::uint64_t seen_ = 0;
  std::optional<Instant> heard_;  // of the last refused post
  std::optional<Instant> last_;   // look
  bool owed_ = false;
  std::chrono::seconds pause_{0};
};

}  // namespace gateway

#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Decides how many rows of a replay may be on their way.
//
// Too few leave a fast eventbus idle. Many take memory, and the core and the connections that new
// events need: these go before rows that wait in line, but not before those on connections. So
// there are a few rows at first; each chunk of rows that was delivered whole doubles the number,
// each of which most were not halves it, but not below that: these may be events that are never
// taken. Beside new events it is small, and so it is while chunks take long, as new events may come
// at any time.
class ReplayWindow {
 public:
  static constexpr std::size_t kLeast = 16;
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kMostBesidePosts = 512;
  // New events that come one after the other leave moments without any; these do not count.
  static constexpr std::chrono::milliseconds kAfterPosts{100};
  // Where a chunk takes longer, more rows would only wait longer.
  static constexpr std::chrono::milliseconds kShortWait{500};

  // Records that new events are on their way.
  void posts_seen(Instant now) noexcept { alone_from_ = now + kAfterPosts; }
  // Records that a chunk was delivered whole, and how long after it was made.
  void delivered(Instant::duration took) noexcept {
    fails_ = false;
    rows_ = std::min(rows_ * 2, took <= kShortWait ? kMost : kMostBesidePosts);
  }
  // Records that most of a chunk were not delivered.
  void not_delivered() noexcept {
    fails_ = true;
    rows_ = std::max(rows_ / 2, kLeast);
  }
  // Returns whether that was so of the last chunk.
  [[nodiscard]] bool fails() const noexcept { return fails_; }

  // Returns whether new events are on their way, or were just now.
  [[nodiscard]] bool beside_posts(Instant now) const noexcept { return now < alone_from_; }
  [[nodiscard]] std::size_t rows(Instant now) const noexcept {
    return beside_posts(now) ? std::min(rows_, kMostBesidePosts) : rows_;
  }

 private:
  std::size_t rows_ = kLeast;
  bool fails_ = false;
  Instant alone_from_{};
};

}  // namespace gateway::egress

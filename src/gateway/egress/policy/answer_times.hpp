#pragma once
#include <algorithm>
#include <chrono>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How long the answers of an eventbus take, from when a request was staged. Pure.
class AnswerTimes {
 public:
  void answered(Instant::duration took) noexcept {
    average_ += (took - average_) / kShare;
    slowest_ = std::max(took, slowest_ - slowest_ / kForgets);
    if (usual_ == Instant::duration{}) usual_ = took;
    // A single slow answer holds up all that were sent behind it, which says nothing of the others.
    usual_ += (std::min(took, unusual()) - usual_) / kShare;
  }

  [[nodiscard]] Instant::duration average() const noexcept { return average_; }
  // Returns the longest of late.
  [[nodiscard]] Instant::duration slowest() const noexcept { return slowest_; }
  // Returns after which time an answer that is due takes unusually long: events that were sent
  // behind it would be held up by it, and are better sent on another connection.
  [[nodiscard]] Instant::duration unusual() const noexcept {
    return std::max<Instant::duration>(kTimesLonger * usual_, kShort);
  }

 private:
  static constexpr int kShare = 16;
  static constexpr int kForgets = 256;
  static constexpr int kTimesLonger = 4;
  // Any server may pause for so long: all its connections are held up then.
  static constexpr std::chrono::milliseconds kShort{100};

  Instant::duration average_{};
  Instant::duration slowest_{};
  Instant::duration usual_{};  // the average without what is unusual
};

}  // namespace gateway::egress

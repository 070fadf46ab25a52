#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::replay {

// How many events may be open at a time: as many as the eventbus answers in a quarter of
// delivery.deadline, going by how fast it answers. None then misses its deadline for having waited
// behind the others. Pure.
class ReplayWindow {
 public:
  static constexpr std::size_t kMost = 4096;

  // `least`: as many as need to be open to find out more.
  ReplayWindow(std::chrono::milliseconds deadline, std::size_t least) noexcept
      : seconds_(std::chrono::duration<double>(deadline).count() / 4), least_(least) {}

  // `answered`: events since the start.
  void observe(std::uint64_t answered, Instant now) noexcept {
    if (last_ != Instant{} && now > last_) {
      const double seconds = std::chrono::duration<double>(now - last_).count();
      const double rate = static_cast<double>(answered - answered_) / seconds;
      per_second_ += (1 - std::exp(-seconds / kMemorySeconds)) * (rate - per_second_);
    }
    answered_ = answered;
    last_ = now;
  }
  [[nodiscard]] std::size_t size() const noexcept {
    const double events = std::min(per_second_ * seconds_, static_cast<double>(kMost));
    return std::clamp(static_cast<std::size_t>(events), least_, std::max(least_, kMost));
  }
  // As it has been of late.
  [[nodiscard]] double per_second() const noexcept { return per_second_; }

 private:
  static constexpr double kMemorySeconds = 1;
  const double seconds_;
  const std::size_t least_;
  double per_second_ = 0;
  std::uint64_t answered_ = 0;
  Instant last_{};
};

}  // namespace gateway::replay

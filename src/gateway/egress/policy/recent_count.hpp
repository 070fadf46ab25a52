#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Counts what happened in the last second, exact to a twentieth of a second. Pure.
class RecentCount {
 public:
  static constexpr std::chrono::milliseconds kLately{1000};

  struct Count {
    double number = 0;
    Instant::duration within{};  // since the first of them
  };

  // Returns whether this began another twentieth of a second.
  bool add(std::uint64_t number, Instant now) noexcept {
    total_ += number;
    if (now - samples_[newest_].at < kSampled) return false;
    newest_ = (newest_ + 1) % samples_.size();
    samples_[newest_] = {now, total_};
    return true;
  }
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] Count lately(Instant now) const noexcept {
    Sample first = samples_[newest_];
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const Sample& sample = samples_[(newest_ + samples_.size() - i) % samples_.size()];
      if (sample.at == Instant{} || sample.at < now - kLately) break;
      // Of a pause, its end.
      if (sample.total != first.total) first = sample;
    }
    return {static_cast<double>(total_ - first.total), now - first.at};
  }

 private:
  static constexpr std::chrono::milliseconds kSampled{50};
  struct Sample {
    Instant at{};
    std::uint64_t total = 0;
  };
  std::array<Sample, 32> samples_{};
  std::size_t newest_ = 0;
  std::uint64_t total_ = 0;
};

}  // namespace gateway::egress

#pragma once
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "gateway/metrics/shard_metrics.hpp"
#include "runtime/clock.hpp"

namespace gateway {

// Whether every loop turns, by the last tick of each. Asked by any thread once all are added.
class LoopHealth {
 public:
  // A loop that has not ticked for so long does not turn.
  static constexpr std::chrono::seconds kStalled{5};

  // Before anybody asks. `metrics` of the loop outlive this.
  void add(const ShardMetrics& metrics) { loops_.push_back(&metrics); }
  // From now on a loop may end.
  void stopping() noexcept { stopping_ = true; }

  // Returns which loop does not turn; empty if all do.
  [[nodiscard]] std::string failing(Instant now) const {
    if (stopping_) return {};
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const Instant beat{
          std::chrono::nanoseconds(loops_[i]->heartbeat_ns.load(std::memory_order_relaxed))};
      if (now - beat > kStalled) return "loop " + std::to_string(i) + " does not turn";
    }
    return {};
  }

 private:
  std::vector<const ShardMetrics*> loops_;
  std::atomic<bool> stopping_{false};
};

}  // namespace gateway

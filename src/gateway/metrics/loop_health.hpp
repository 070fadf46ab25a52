#pragma once
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "gateway/metrics/shard_metrics.hpp"
#include "runtime/clock.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {

// Whether every loop turns, by the last tick of each, and every supervised part runs. Asked by any
// thread once all are added.
class LoopHealth {
 public:
  // A loop that has not ticked for so long does not turn.
  static constexpr std::chrono::seconds kStalled{5};

  explicit LoopHealth(const Supervisor& supervisor) noexcept : supervisor_(supervisor) {}

  // Before anybody asks. `metrics` of the loop outlive this.
  void add(const ShardMetrics& metrics) { loops_.push_back(&metrics); }
  // From now on a loop may end.
  void stopping() noexcept { stopping_ = true; }

  // Returns which loop does not turn, or which supervised part is down; empty if all is well.
  [[nodiscard]] std::string failing(Instant now) const {
    if (stopping_) return {};
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      const Instant beat{
          std::chrono::nanoseconds(loops_[i]->heartbeat_ns.load(std::memory_order_relaxed))};
      if (now - beat > kStalled) return "loop " + std::to_string(i) + " does not turn";
    }
    const std::string down = supervisor_.down();
    return down.empty() ? down : down + " has failed and is started again";
  }

 private:
  const Supervisor& supervisor_;
  std::vector<const ShardMetrics*> loops_;
  std::atomic<bool> stopping_{false};
};

}  // namespace gateway

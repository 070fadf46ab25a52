#pragma once
#include <optional>
#include <string>

#include "gateway/observe/condition.hpp"
#include "gateway/observe/history.hpp"
#include "gateway/observe/outcome_log.hpp"

namespace gateway::observe {

// Observes the process once a second and publishes the result: the condition for /status, the page
// and `health`; the history for the page; and log lines about problems of the process as a whole,
// once per process instead of once per thread. Lives on the control thread.
class Monitor {
 public:
  // A problem whose description changes is logged again, but not more often than this.
  static constexpr std::chrono::seconds kBetweenProblems{30};

  // Takes the observation of one second and logs what is due.
  void look(const Observation& seen, const Snapshot& counters);

  // Returns whether something that the answers of the eventbus explain happened within
  // ConditionMonitor::kWindow, or happens now.
  [[nodiscard]] bool wants_answers(const Snapshot& counters);

  [[nodiscard]] const Condition& condition() const noexcept { return condition_; }
  [[nodiscard]] std::string history_json() const { return history_.json(); }

 private:
  void log_condition(const Observation& seen, Condition now);

  ConditionMonitor conditions_;
  OutcomeLog outcomes_;
  History history_;
  Condition condition_;
  std::uint64_t undelivered_before_ = 0;
  unsigned looks_with_answers_ = 0;  // that are left
  Condition told_;                   // the problem in the log's last line
  Instant told_at_{};
  std::optional<Instant> trouble_since_;
  std::uint64_t delivered_before_ = 0;  // when the trouble began
};

}  // namespace gateway::observe

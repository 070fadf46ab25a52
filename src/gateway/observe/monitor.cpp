#include "gateway/observe/monitor.hpp"

#include <chrono>
#include <utility>

#include "runtime/log.hpp"

namespace gateway::observe {
namespace {

void write(const OutcomeLine& line) {
  if (line.good) {
    log::info(line.message, {{"events", line.events},
                             {"seconds", line.took.value_or(std::chrono::seconds(0)).count()}});
    return;
  }
  log::warn(line.message, {{"events", line.events},
                           {"target", line.targets},
                           {"status", line.answer.status},
                           {"answer", described(line.answer)},
                           {"example_key", line.example_key},
                           {"in_spool", line.in_spool},
                           {"what_to_do", line.what_to_do}});
}

}  // namespace

void Monitor::look(const Observation& seen, const Snapshot& counters) {
  history_.look(counters, seen.now);
  log_condition(seen, conditions_.judge(seen));
  for (const OutcomeLine& line : outcomes_.due(seen)) write(line);
}

bool Monitor::wants_answers(const Snapshot& counters) {
  const std::uint64_t undelivered = counters.failed_total() + counters.retried_total() +
                                    counters.dead_lettered + counters.spooled;
  if (undelivered != undelivered_before_ || !counters.eventbus_up()) {
    looks_with_answers_ = static_cast<unsigned>(ConditionMonitor::kWindow.count()) + 1;
  }
  undelivered_before_ = undelivered;
  if (looks_with_answers_ == 0) return false;
  --looks_with_answers_;
  return true;
}

void Monitor::log_condition(const Observation& seen, Condition now) {
  const std::uint64_t in_spool = seen.spool ? seen.spool->backlog_rows : 0;
  if (now.health == Health::ok && trouble_since_) {
    const auto took = std::chrono::duration_cast<std::chrono::seconds>(seen.now - *trouble_since_);
    log::info("all is well again", {{"after_seconds", took.count()},
                                    {"delivered_meanwhile", seen.delivered - delivered_before_},
                                    {"in_spool", in_spool}});
    trouble_since_.reset();
    told_ = {};
  } else if (!now.problem.empty() && !now.same_problem(told_) &&
             (!trouble_since_ || seen.now - told_at_ >= kBetweenProblems)) {
    if (!trouble_since_) {
      trouble_since_ = seen.now;
      delivered_before_ = seen.delivered;
    }
    told_ = now;
    told_at_ = seen.now;
    log::warn(
        now.problem,
        {{"state", label(now.health)}, {"in_flight", seen.in_flight}, {"in_spool", in_spool}});
  }
  condition_ = std::move(now);
}

}  // namespace gateway::observe

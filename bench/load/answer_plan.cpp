#include "load/answer_plan.hpp"

#include <utility>

namespace gateway::load {

AnswerPlan::AnswerPlan(SinkSettings settings)
    : settings_(std::move(settings)),
      plain_(settings_.most_latency.count() == 0 && settings_.fail_share <= 0 &&
             settings_.cut_share <= 0),
      random_(settings_.seed) {}

AnswerPlan::Decision AnswerPlan::next() {
  Decision decision;
  const auto spread =
      static_cast<std::uint64_t>((settings_.most_latency - settings_.least_latency).count());
  decision.latency = settings_.least_latency;
  if (spread != 0) {
    decision.latency +=
        std::chrono::nanoseconds(static_cast<std::int64_t>(random_.below(spread + 1)));
  }
  if (settings_.cut_share > 0 && random_.unit() < settings_.cut_share) {
    decision.cut = true;
  } else if (settings_.fail_share > 0 && random_.unit() < settings_.fail_share) {
    decision.status = settings_.fail_statuses[random_.below(settings_.fail_statuses.size())];
  }
  return decision;
}

}  // namespace gateway::load

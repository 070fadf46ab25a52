#include "load/answer_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

void AnswerLine::add(unsigned status, TimePoint due) {
  if (!owed_.empty()) due = std::max(due, owed_.back().due);
  owed_.push_back({due, status});
}

void AnswerLine::take(TimePoint now, std::string& out) {
  while (!owed_.empty() && owed_.front().due <= now) {
    append_answer(out, owed_.front().status);
    owed_.pop_front();
  }
}

void append_answer(std::string& out, unsigned status) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    return;
  }
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} Planned\r\nContent-Length: 0\r\n\r\n",
                 status);
}

}  // namespace gateway::load

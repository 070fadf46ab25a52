#include "gateway/observe/outcome_log.hpp"

#include <utility>

namespace gateway::observe {

std::uint64_t OutcomeLog::newly(Kind kind, std::uint64_t counter, Instant now) {
  Told& told = told_[kind];
  const std::uint64_t events = counter - told.counter;
  const auto pause = told.lines <= 1 ? kSecondLine : kLaterLines;
  if (told.at && now - *told.at < pause) return 0;
  if (events == 0) {
    // After a pause without events the next one is logged at once again.
    if (told.at && now - *told.at >= kLaterLines) told = {counter, std::nullopt, 0};
    return 0;
  }
  told = {counter, now, told.lines + 1};
  return events;
}

std::vector<OutcomeLine> OutcomeLog::due(const Observation& seen) {
  struct Of {
    Kind kind;
    std::uint64_t counter;
    const char* message;
    const char* what_to_do;  // null: by the eventbus' answer
  };
  const std::array<Of, kinds> all{{
      {refused, seen.refused, "events were given up: the eventbus refused them", nullptr},
      {timed_out, seen.timed_out, "events were given up: not delivered within delivery.deadline",
       nullptr},
      {not_stored, seen.not_stored, "events were given up: a store did not take them",
       "see the state of the stores in /status: room, permissions, the device"},
      {dead_lettered, seen.dead_lettered, "events became dead letters",
       "`cos-gateway inspect --dead-letters` shows them, `cos-gateway replay --dead-letters` sends "
       "them again"},
      {spooled, seen.spooled,
       "events went to the spool; they are sent when the eventbus takes them", nullptr},
  }};
  const BusAnswer answer = seen.last.value_or(BusAnswer{});
  const std::uint64_t in_spool = seen.spool ? seen.spool->events : 0;
  std::vector<OutcomeLine> lines;
  for (const Of& one : all) {
    const std::uint64_t events = newly(one.kind, one.counter, seen.now);
    if (events == 0) continue;
    OutcomeLine line;
    line.message = one.message;
    line.events = events;
    line.answer = answer;
    line.example_key = one.kind == spooled ? std::string() : seen.example_key;
    line.what_to_do = one.what_to_do != nullptr ? one.what_to_do : remedy_for(answer);
    line.in_spool = in_spool;
    lines.push_back(std::move(line));
  }

  if (!draining_since_ && in_spool > 0) {
    draining_since_ = seen.now;
    replayed_before_ = seen.replayed;
  } else if (draining_since_ && in_spool == 0) {
    OutcomeLine line;
    line.message = "the spool is empty again";
    line.events = seen.replayed - replayed_before_;
    line.took = std::chrono::duration_cast<std::chrono::seconds>(seen.now - *draining_since_);
    line.good = true;
    // A spool that was emptied without a replay is not worth a line.
    if (line.events > 0) lines.push_back(std::move(line));
    draining_since_.reset();
  }
  return lines;
}

}  // namespace gateway::observe

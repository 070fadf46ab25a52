#include "gateway/observe/outcome_log.hpp"

#include <algorithm>
#include <utility>

namespace gateway::observe {
namespace {

using OfTarget = std::uint64_t TargetObservation::*;

std::vector<std::uint64_t> of_targets(const Observation& seen, OfTarget events) {
  std::vector<std::uint64_t> all;
  all.reserve(seen.targets.size());
  for (const TargetObservation& target : seen.targets) all.push_back(target.*events);
  return all;
}

// Names the targets with more events than `before`, and takes the answer of the one that has most.
void tell_targets(OutcomeLine& line, const Observation& seen, OfTarget events,
                  const std::vector<std::uint64_t>& before) {
  std::int64_t most = -1;
  for (std::size_t i = 0; i < seen.targets.size(); ++i) {
    const TargetObservation& target = seen.targets[i];
    const auto gained =
        static_cast<std::int64_t>(target.*events - (before.empty() ? 0 : before[i]));
    if (gained > 0) line.targets += (line.targets.empty() ? "" : ", ") + target.url;
    if (gained > most) line.answer = target.last;
    most = std::max(most, gained);
  }
}

}  // namespace

std::uint64_t OutcomeLog::newly(Kind kind, std::uint64_t counter, Instant now) {
  Told& told = told_[kind];
  const std::uint64_t events = counter - told.counter;
  const auto pause = told.lines <= 1 ? kSecondLine : kLaterLines;
  if (told.at && now - *told.at < pause) return 0;
  if (events == 0) {
    // After a pause without events the next one is logged at once again.
    if (told.at && now - *told.at >= kLaterLines) {
      told.at.reset();
      told.lines = 0;
    }
    return 0;
  }
  told.counter = counter;
  told.at = now;
  ++told.lines;
  return events;
}

std::vector<OutcomeLine> OutcomeLog::due(const Observation& seen) {
  struct Of {
    Kind kind;
    std::uint64_t counter;
    OfTarget of_target;
    const char* message;
    const char* what_to_do;  // null: by the eventbus' answer
  };
  const std::array<Of, kinds> all{{
      {refused, seen.refused, &TargetObservation::failed,
       "events were given up: the eventbus refused them", nullptr},
      {timed_out, seen.timed_out, &TargetObservation::failed,
       "events were given up: not delivered within delivery.deadline", nullptr},
      {not_stored, seen.not_stored, &TargetObservation::failed,
       "events were given up: a store did not take them",
       "see the state of the stores in /status: room, permissions, the device"},
      {dead_lettered, seen.dead_lettered, &TargetObservation::dead_lettered,
       "events became dead letters",
       "`cos-gateway inspect --dead-letters` shows them, `cos-gateway replay --dead-letters` sends "
       "them again"},
      {spooled, seen.spooled, &TargetObservation::spooled,
       "events went to the spool; they are sent when the eventbus takes them", nullptr},
  }};
  const std::uint64_t in_spool = seen.spool ? seen.spool->backlog_rows : 0;
  std::vector<OutcomeLine> lines;
  for (const Of& one : all) {
    Told& told = told_[one.kind];
    const bool nothing_new = told.counter == one.counter;
    const std::uint64_t events = newly(one.kind, one.counter, seen.now);
    if (nothing_new) told.of_targets = of_targets(seen, one.of_target);
    if (events == 0) continue;
    OutcomeLine line;
    line.message = one.message;
    line.events = events;
    tell_targets(line, seen, one.of_target, told.of_targets);
    told.of_targets = of_targets(seen, one.of_target);
    line.example_key = one.kind == spooled ? std::string() : seen.example_key;
    line.what_to_do = one.what_to_do != nullptr ? one.what_to_do : remedy_for(line.answer);
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

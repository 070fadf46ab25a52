#include "cloud/provisioner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <type_traits>

#include "cloud/function_mark.hpp"
#include "cloud/relay_environment.hpp"
#include "cloud/succession_plan.hpp"
#include "cloud/wanted.hpp"
#include "runtime/log.hpp"
#include "runtime/random_seed.hpp"

namespace gateway::cloud {
namespace {

// g++ 12 destroys an aggregate twice that crosses a co_await by value.
static_assert(!std::is_aggregate_v<Found> && !std::is_aggregate_v<PlannedStep>);

// Returns whether the step's effect is there already: another replica was faster, or an answer was
// lost. An absent function is another case, which the next look shows.
bool is_done_already(const PlannedStep& step, ErrorKind error) {
  if (error == ErrorKind::exists) return true;
  return error == ErrorKind::absent && step.call.action == "DeleteTrigger";
}

// Returns how long after a quick look all is read. Replicas that start together spread out.
std::chrono::seconds until_whole_look() {
  constexpr std::chrono::seconds kLeast{45};
  constexpr std::uint64_t kSpread = 31;
  return kLeast + std::chrono::seconds(random_seed() % kSpread);
}

}  // namespace

Provisioner::Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
                         Listener listener, Unmarked unmarked, Generation generation)
    : api_(api),
      wanted_(std::move(wanted)),
      pace_(pace),
      unmarked_(unmarked),
      generation_(generation),
      view_(api, wanted_, unmarked),
      wake_(executor),
      reporter_(wanted_, obstacles_, planned_, std::move(listener)) {}

Task<void> Provisioner::keep() {
  ProvisioningPatience patience(pace_, random_seed());
  while (!stopped_) {
    looks_soon_ = false;
    // The outcome is in the status; in every case there is a next round.
    static_cast<void>(co_await run(Goal::converge, Instant::max()));
    std::chrono::milliseconds rest = patience.until_reconciliation();
    if (again_in_) rest = std::min<std::chrono::milliseconds>(rest, *again_in_);
    const Instant next = std::chrono::steady_clock::now() + rest;
    while (!looks_soon_ && goes_on(Goal::converge, next)) co_await wake_.wait_until(next);
  }
}

Task<bool> Provisioner::remove(Instant deadline) {
  reporter_.removing();
  const bool removed = co_await run(Goal::remove, deadline);
  co_return removed;
}

Task<ApiResult<Plan>> Provisioner::examine(bool removal, CloudView::Depth depth) {
  const auto problem = wanted_.wants_function() ? problem_with(wanted_) : std::nullopt;
  if (problem && !removal) {
    Plan refused;
    refused.steps.push_back(refusal(function_resource(wanted_), "InvalidSettings", *problem));
    co_return refused;
  }
  view_.look_everywhere();
  const auto always = [] { return true; };
  const auto found = co_await view_.look(depth, always);
  if (!found) co_return found.error();
  tell_locations(*found);
  ProvisioningHistory history;
  history.looked(*found);
  co_return plan(removal ? Goal::remove : Goal::converge, *found, history);
}

void Provisioner::stop() {
  stopped_ = true;
  wake_.notify_all();
}

Task<bool> Provisioner::run(Goal goal, Instant deadline) {
  const auto problem = wanted_.wants_function() ? problem_with(wanted_) : std::nullopt;
  if (problem && goal == Goal::converge) {
    give_up(*problem, "InvalidSettings", false);
    co_return false;
  }
  repairing_ = goal == Goal::converge && was_ready_;
  again_in_.reset();
  obstacles_.clear();
  const Instant now = std::chrono::steady_clock::now();
  for (const auto& [bucket, held] : put_back_) {
    if (goal == Goal::converge && held.second > now)
      static_cast<void>(obstacles_.note(bucket, held.first, now));
  }
  away_.clear();
  view_.look_closely(false);
  ProvisioningHistory history;
  const bool done = co_await pursue(goal, deadline, history);
  // Who stops it has no time for more; what goes on later, or elsewhere, goes on from here.
  const std::string all_buckets;
  if (!done && !stopped_) co_await put_back(all_buckets, history);
  co_return done;
}

Task<bool> Provisioner::pursue(Goal goal, Instant deadline, ProvisioningHistory& history) {
  ProvisioningPatience patience(pace_, random_seed());
  const auto on = [&] { return goes_on(goal, deadline); };
  const bool may_be_quick = goal == Goal::converge && !has_confirmed_;
  auto depth = may_be_quick ? CloudView::Depth::quick : CloudView::Depth::whole;
  while (on()) {
    NextMove move;
    const auto found = co_await view_.look(depth, on);
    if (!found) {
      move = patience.failed(found.error());
    } else {
      has_looked_ = true;
      depth = CloudView::Depth::whole;
      patience.looked();
      history.looked(*found);
      tell_locations(*found);
      planned_ = plan(goal, *found, history);
      away_.forget_settled(planned_);
      const Instant now = std::chrono::steady_clock::now();
      const PlannedStep* step = planned_.next(obstacles_.held_up(now));
      if (goal == Goal::converge) tell_tokens(*found);
      // A quick look only tells that there is nothing to do.
      if (found->quick && step != nullptr) continue;
      if (step == nullptr) {
        const Instant retry = obstacles_.first_retry(now);
        if (retry != Instant::max()) {
          co_await pause_until(goal, retry, deadline);
          continue;
        }
        if (finish_with_failures(goal)) co_return false;
        obstacles_.clear();
        warn_of_what_reads_otherwise();
        reporter_.succeed(goal);
        was_ready_ = status().state == ProvisioningState::ready;
        has_confirmed_ = true;
        again_in_ = planned_.again_in;
        if (found->quick)
          again_in_ = std::min(again_in_.value_or(std::chrono::seconds::max()), until_whole_look());
        co_return status().state != ProvisioningState::superseded;
      }
      const PlannedStep taken = *step;
      if (taken.action == PlannedStep::Action::refuse) {
        give_up(taken.resource + ": " + taken.reason, taken.code, taken.denied);
        co_return false;
      }
      reporter_.step(taken, goal, repairing_);
      if (taken.action == PlannedStep::Action::wait) {
        move = patience.waits(taken);
      } else if (!goes_on(goal, deadline)) {
        break;
      } else {
        move = co_await carry_out(taken, *found, history, patience);
        const bool refused = move.kind == NextMove::Kind::fail ||
                             (move.kind == NextMove::Kind::retry && !move.awaits_rule);
        if (refused && !away_.of(taken.bucket).empty()) {
          co_await put_back(taken.bucket, history);
          if (move.kind == NextMove::Kind::fail) note_put_back(taken.bucket, move);
        }
      }
      if (goal == Goal::converge && set_aside(taken, move)) continue;
    }
    if (move.kind == NextMove::Kind::interrupted) break;
    if (move.kind == NextMove::Kind::fail) {
      obstacles_.clear();
      give_up(std::move(move.text), std::move(move.code), move.denied);
      co_return false;
    }
    if (move.kind == NextMove::Kind::retry) reporter_.retry_later(move, goal);
    const Instant until = std::chrono::steady_clock::now() + move.pause;
    co_await pause_until(goal, until, deadline);
  }
  if (std::chrono::steady_clock::now() >= deadline) reporter_.too_late();
  co_return false;
}

void Provisioner::note_put_back(const std::string& bucket, const NextMove& move) {
  constexpr int kRounds = 6;
  if (bucket.empty() || !away_.of(bucket).empty()) return;
  const Instant until = std::chrono::steady_clock::now() + kRounds * pace_.reconcile;
  put_back_.insert_or_assign(bucket, std::pair(move, until));
}

void Provisioner::warn_of_what_reads_otherwise() const {
  for (const PlannedStep& step : planned_.steps) {
    if (step.action == PlannedStep::Action::none && step.code == kReadsOtherwise) {
      log::warn("provisioning goes on without a change that does not show",
                {{"resource", step.resource}, {"reason", step.reason}});
    }
  }
}

bool Provisioner::set_aside(const PlannedStep& step, const NextMove& move) {
  const bool alone =
      wanted_.buckets.size() == 1 && step.bucket == wanted_.buckets.front().endpoint.host();
  if (step.bucket.empty() || alone) return false;
  if (!obstacles_.note(step.bucket, move, std::chrono::steady_clock::now())) return false;
  reporter_.bucket_held_up();
  return true;
}

bool Provisioner::finish_with_failures(Goal goal) {
  obstacles_.forget_settled(planned_);
  const NextMove* const failure = goal == Goal::remove ? nullptr : obstacles_.failure();
  if (failure == nullptr) return false;
  std::string text = failure->text;
  if (obstacles_.size() > 1) text += fmt::format("; and {} more buckets", obstacles_.size() - 1);
  again_in_ = planned_.again_in;
  give_up(std::move(text), failure->code, failure->denied);
  return true;
}

Task<NextMove> Provisioner::carry_out(PlannedStep step, const Found& found,
                                      ProvisioningHistory& history,
                                      ProvisioningPatience& patience) {
  const bool makes_anew = !step.asks.empty() || step.call.action == "DeleteFunction";
  if (makes_anew && !refused_ && found.function &&
      RefusedFunction::is_possible(*found.function, wanted_)) {
    refused_.emplace(*found.function);
  }
  const auto remember = [&](const PlannedStep& done) {
    if (done.elsewhere) {
      history.wrote_elsewhere(done.call.action, done.resource);
    } else {
      history.wrote(done.call.action, done.resource, found);
      if (done.call.action == "UpdateFunctionConfiguration") {
        history.described(std::string_view(done.call.parameters.at("Description").as_string()));
      }
    }
    if (!done.holder.empty()) view_.note_taken_over(done.holder);
    away_.note(done, step.bucket);
    if (done.call.action == "CreateFunction" && refused_ && refused_->text.empty())
      refused_.reset();
  };
  for (const PlannedStep& ask : step.asks) {
    const auto answer = co_await api_.call(ask.call.action, ask.call.parameters);
    if (answer) {  // nothing is in its way
      remember(ask);
      co_return patience.wrote(ask);
    }
    if (answer.error().kind() != ErrorKind::exists && !is_rule_conflict(answer.error())) {
      co_return failed(ask, answer.error(), history, patience);
    }
    if (stopped_) co_return NextMove();
    history.note_asked(ask.call.action);
  }
  const auto answer = co_await api_.call(step.call.action, step.call.parameters);
  if (!answer) {
    const bool done = is_done_already(step, answer.error().kind());
    if (done) {
      remember(step);
      history.noted(step.call.action, step.resource, answer.error().text());
    }
    if (!done || step.then.empty()) co_return failed(step, answer.error(), history, patience);
  } else {
    remember(step);
  }
  const NextMove move = patience.wrote(step);
  for (const PlannedStep& next : step.then) {
    const auto followed = co_await api_.call(next.call.action, next.call.parameters);
    if (followed) {
      remember(next);
      continue;
    }
    if (!is_done_already(next, followed.error().kind())) {
      co_return failed(next, followed.error(), history, patience);
    }
    remember(next);
    history.noted(next.call.action, next.resource, followed.error().text());
  }
  co_return move;
}

NextMove Provisioner::failed(const PlannedStep& step, const ApiError& error,
                             ProvisioningHistory& history, ProvisioningPatience& patience) {
  // The rule may be held by a predecessor in another namespace, or by a sibling.
  if (is_rule_conflict(error)) {
    view_.look_everywhere();
    view_.look_closely(true);
  }
  if (!step.dispensable || error.kind() == ErrorKind::transient) {
    NextMove move = patience.failed(step, error, history);
    if (move.kind == NextMove::Kind::fail && is_rule_conflict(error)) {
      const std::optional<ApiError>& unlisted = view_.unlisted();
      move.text +=
          unlisted
              ? "; whether a function that cos-gateway made holds it is not known: " +
                    unlisted->text()
              : fmt::format("; no function that cos-gateway made holds it in the namespaces {}",
                            fmt::join(view_.spaces(), ", "));
    }
    const bool first = refused_ && refused_->text.empty();
    if (move.kind == NextMove::Kind::fail && step.call.action == "CreateFunction" && first) {
      refused_->text = move.text;
      refused_->code = move.code;
      refused_->denied = move.denied;
      move = NextMove();  // the next plan is for the function as it was
    }
    return move;
  }
  history.refused(step.call.action, step.resource);
  log::warn("provisioning goes on without a change that is refused",
            {{"resource", step.resource}, {"error", error.text()}});
  NextMove move = patience.failed(step, error, history);
  if (move.kind == NextMove::Kind::fail) move.kind = NextMove::Kind::look;
  return move;
}

// What a rule is in the way of stays away: it is the new trigger's, or another product's.
Task<void> Provisioner::put_back(std::string bucket, ProvisioningHistory& history) {
  const std::vector<PlannedStep> away = away_.of(bucket);
  for (const PlannedStep& removed : away) {
    const auto answer = co_await api_.call(removed.back.action, removed.back.parameters);
    if (!answer && answer.error().kind() != ErrorKind::exists) {
      log::error("a trigger cannot be put back",
                 {{"resource", removed.resource}, {"error", answer.error().text()}});
      continue;
    }
    if (answer) log::warn("provisioning puts a trigger back", {{"resource", removed.resource}});
    history.put_back(removed.resource);
    if (!removed.holder.empty()) view_.note_put_back(removed.holder);
    away_.forget(removed.resource);
  }
}

Task<void> Provisioner::pause_until(Goal goal, Instant time, Instant deadline) {
  const Instant until = std::min(deadline, time);
  while (goes_on(goal, until)) {
    co_await wake_.wait_until(until);
  }
}

Plan Provisioner::plan(Goal goal, const Found& found, const ProvisioningHistory& history) const {
  Claim claim;
  claim.unmarked = unmarked_;
  claim.generation = generation_;
  if (!siblings_.empty()) claim.siblings = &siblings_;
  claim.keeps_house = keeps_house_;
  if (locations_ != nullptr) claim.locations = *locations_;
  if (refused_) claim.refused = &*refused_;
  claim.grace = pace_.grace.value_or(grace_of(wanted_));
  claim.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return goal == Goal::remove ? plan_removal(wanted_, found, history, claim)
                              : plan_convergence(wanted_, found, history, claim);
}

bool Provisioner::goes_on(Goal goal, Instant deadline) const {
  return (goal == Goal::remove || !stopped_) && std::chrono::steady_clock::now() < deadline;
}

void Provisioner::give_up(std::string text, std::string code, bool denied) {
  was_ready_ = false;
  reporter_.give_up(std::move(text), std::move(code), denied);
}

void Provisioner::tell_tokens(const Found& found) const {
  if (!token_listener_) return;
  std::vector<Secret> tokens;
  const auto add = [&](const FoundFunction& function, bool wanted) {
    if (!parse_mark(function.description)) return;
    for (const auto& variable : function.environment) {
      if (variable.first != kTokenVariable) continue;
      if (wanted && std::ranges::count(wanted_.environment, variable) != 0) continue;
      tokens.emplace_back(plain_variable(variable.second));
    }
  };
  if (found.function) add(*found.function, true);
  for (const auto& related : found.related) add(related.function, false);
  token_listener_(std::move(tokens), found.related_known);
}

// Those of a newer configuration are its own business.
void Provisioner::tell_locations(const Found& found) const {
  if (!location_listener_) return;
  std::set<Location> locations;
  const auto add = [&](std::string_view description) {
    const auto mark = parse_mark(description);
    if (!mark || !is_of_deployment(*mark, wanted_) || mark->generation > generation_) return;
    locations.insert(mark->locations.begin(), mark->locations.end());
  };
  if (found.function) add(found.function->description);
  for (const ListedFunction& one : found.deployment) add(one.description);
  location_listener_(locations);
}

}  // namespace gateway::cloud

#include "cloud/provisioner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>

#include "cloud/wanted_check.hpp"
#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// g++ 12 destroys an aggregate twice that crosses a co_await by value.
static_assert(!std::is_aggregate_v<Found> && !std::is_aggregate_v<ScfCall> &&
              !std::is_aggregate_v<FoundTrigger> && !std::is_aggregate_v<ApiError>);

// Far beyond the quota of triggers: a list that never ends is a malformed answer.
constexpr std::size_t kTriggerPages = 20;
constexpr std::size_t kNoTotal = std::numeric_limits<std::size_t>::max();

std::uint64_t seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

ApiError interrupted() {
  return ApiError(ErrorKind::transient, {}, "ClientError.Cancelled", "stopped", {});
}

// Somebody was faster, or an answer was lost: as good as a success. An absent function is another
// matter, which the next look tells.
bool is_done_already(const PlannedStep& step, ErrorKind error) {
  if (error == ErrorKind::exists) return true;
  return error == ErrorKind::absent && step.call.action == "DeleteTrigger";
}

std::string in_words(const PlannedStep& step) {
  return fmt::format("{} {}: {}", label(step.action), step.resource, step.reason);
}

}  // namespace

std::string_view label(ProvisioningState state) noexcept {
  switch (state) {
    case ProvisioningState::working:
      return "working";
    case ProvisioningState::retrying:
      return "retrying";
    case ProvisioningState::ready:
      return "ready";
    case ProvisioningState::failed:
      return "failed";
    case ProvisioningState::removing:
      return "removing";
    case ProvisioningState::removed:
      return "removed";
  }
  return "working";
}

Provisioner::Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
                         Listener listener, Unmarked unmarked)
    : api_(api),
      wanted_(std::move(wanted)),
      pace_(pace),
      unmarked_(unmarked),
      listener_(std::move(listener)),
      wake_(executor) {}

Task<bool> Provisioner::converge(Instant deadline) {
  const bool confirmed = co_await run(Goal::converge, deadline);
  co_return confirmed;
}

Task<void> Provisioner::keep() {
  ProvisioningPatience patience(pace_, seed());
  while (!stopped_) {
    // Its outcome is in the status; whatever it is, there is a next round.
    static_cast<void>(co_await run(Goal::converge, Instant::max()));
    co_await pause(Goal::converge, patience.until_reconciliation(), Instant::max());
  }
}

Task<bool> Provisioner::remove(Instant deadline) {
  ProvisioningStatus status = status_;
  status.state = ProvisioningState::removing;
  status.step.clear();
  publish(std::move(status));
  const bool removed = co_await run(Goal::remove, deadline);
  co_return removed;
}

Task<ApiResult<Plan>> Provisioner::examine(bool removal) {
  const auto problem = problem_with(wanted_);
  if (problem && !removal) {
    PlannedStep refusal;
    refusal.action = PlannedStep::Action::refuse;
    refusal.resource = fmt::format("function {}/{}", wanted_.space, wanted_.name);
    refusal.reason = *problem;
    refusal.code = "InvalidSettings";
    Plan refused;
    refused.steps.push_back(std::move(refusal));
    co_return refused;
  }
  const auto found = co_await look(Goal::remove, Instant::max());
  if (!found) co_return found.error();
  ProvisioningHistory history;
  history.looked(*found);
  if (removal) {
    co_return plan(Goal::remove, *found, history);
  }
  co_return plan(Goal::converge, *found, history);
}

void Provisioner::stop() {
  stopped_ = true;
  wake_.notify_all();
}

Task<bool> Provisioner::run(Goal goal, Instant deadline) {
  const auto problem = problem_with(wanted_);
  if (problem && goal == Goal::converge) {
    give_up(*problem, "InvalidSettings", false);
    co_return false;
  }
  repairing_ = goal == Goal::converge && was_ready_;
  ProvisioningHistory history;
  ProvisioningPatience patience(pace_, seed());
  while (goes_on(goal, deadline)) {
    NextMove move;
    const auto found = co_await look(goal, deadline);
    if (!found) {
      move = patience.failed(found.error());
    } else {
      has_looked_ = true;
      patience.looked();
      history.looked(*found);
      const Plan planned = plan(goal, *found, history);
      const PlannedStep* step = planned.next();
      if (step == nullptr) {
        succeed(goal);
        co_return true;
      }
      if (step->action == PlannedStep::Action::refuse) {
        give_up(step->resource + ": " + step->reason, step->code, false);
        co_return false;
      }
      announce(goal, *step);
      if (step->action == PlannedStep::Action::wait) {
        move = patience.waits(*step);
      } else if (!goes_on(goal, deadline)) {
        break;
      } else {
        const auto answer = co_await api_.call(step->call.action, step->call.parameters);
        if (answer) {
          history.wrote(step->call.action, step->resource, *found);
          move = patience.wrote(*step);
        } else {
          move = patience.failed(*step, answer.error(), history);
          if (is_done_already(*step, answer.error().kind())) {
            history.wrote(step->call.action, step->resource, *found);
          }
        }
      }
    }
    if (move.kind == NextMove::Kind::interrupted) break;
    if (move.kind == NextMove::Kind::fail) {
      give_up(std::move(move.text), std::move(move.code), move.denied);
      co_return false;
    }
    if (move.kind == NextMove::Kind::retry) retry_later(move, goal);
    co_await pause(goal, move.pause, deadline);
  }
  const bool late = std::chrono::steady_clock::now() >= deadline;
  if (late && status_.last_error.empty()) {
    ProvisioningStatus status = status_;
    status.last_error = "not done in time";
    if (!status.step.empty()) status.last_error += ": " + status.step;
    status.code = "Deadline";
    publish(std::move(status));
  }
  co_return false;
}

Task<ApiResult<Found>> Provisioner::look(Goal goal, Instant deadline) {
  Found found;
  const ScfCall function_call = get_function(wanted_);
  const auto function_answer = co_await api_.call(function_call.action, function_call.parameters);
  if (!function_answer) {
    if (function_answer.error().kind() == ErrorKind::absent) co_return found;
    co_return function_answer.error();
  }
  auto function = parse_function(*function_answer);
  if (!function) co_return function.error();
  found.function = std::move(*function);

  const FunctionPhase phase = found.function->phase();
  if (!goes_on(goal, deadline)) co_return interrupted();
  if (phase == FunctionPhase::active) {
    const ScfCall rules_call = get_retry_rules(wanted_);
    const auto rules_answer = co_await api_.call(rules_call.action, rules_call.parameters);
    if (!rules_answer) co_return rules_answer.error();
    const auto rules = parse_retry_rules(*rules_answer);
    if (!rules) co_return rules.error();
    found.retry_rules = *rules;
    if (!goes_on(goal, deadline)) co_return interrupted();
  }
  if (phase != FunctionPhase::changing && phase != FunctionPhase::create_failed) {
    auto triggers = co_await look_at_triggers();
    if (!triggers) co_return triggers.error();
    found.triggers = std::move(*triggers);
  }
  co_return found;
}

Task<ApiResult<std::vector<FoundTrigger>>> Provisioner::look_at_triggers() {
  std::vector<FoundTrigger> triggers;
  for (std::size_t page = 0; page < kTriggerPages; ++page) {
    const ScfCall call = list_triggers(wanted_, page * kTriggersPerPage);
    const auto answer = co_await api_.call(call.action, call.parameters);
    if (!answer) co_return answer.error();
    auto listed = parse_triggers(*answer);
    if (!listed) co_return listed.error();
    const std::size_t count = listed->triggers.size();
    std::move(listed->triggers.begin(), listed->triggers.end(), std::back_inserter(triggers));
    if (count < kTriggersPerPage || triggers.size() >= listed->total.value_or(kNoTotal)) {
      co_return triggers;
    }
  }
  co_return ApiError(ErrorKind::transient, "ListTriggers", "ClientError.Answer",
                     "the list of triggers does not end", {});
}

Task<void> Provisioner::pause(Goal goal, std::chrono::milliseconds time, Instant deadline) {
  const Instant until = std::min(deadline, std::chrono::steady_clock::now() + time);
  while (goes_on(goal, until)) {
    co_await wake_.wait_until(until);
  }
}

Plan Provisioner::plan(Goal goal, const Found& found, const ProvisioningHistory& history) const {
  return goal == Goal::remove ? plan_removal(wanted_, found, history)
                              : plan_convergence(wanted_, found, history, unmarked_);
}

bool Provisioner::goes_on(Goal goal, Instant deadline) const {
  return (goal == Goal::remove || !stopped_) && std::chrono::steady_clock::now() < deadline;
}

void Provisioner::announce(Goal goal, const PlannedStep& step) {
  const bool writes = step.action != PlannedStep::Action::wait;
  const bool repeated = status_.step == in_words(step);
  if (writes) {
    log::write(repairing_ ? log::Level::warn : log::Level::info,
               repairing_ ? "provisioning repairs drift" : "provisioning",
               {{"action", label(step.action)},
                {"call", step.call.action},
                {"resource", step.resource},
                {"reason", step.reason}});
  } else if (!repeated) {
    log::debug("provisioning waits", {{"resource", step.resource}, {"reason", step.reason}});
  }
  ProvisioningStatus status = status_;
  status.step = in_words(step);
  // A write that keeps failing does not alternate between working and retrying.
  if (goal == Goal::remove) {
    status.state = ProvisioningState::removing;
  } else if (status.state != ProvisioningState::retrying || !repeated || !writes) {
    status.state = ProvisioningState::working;
  }
  publish(std::move(status));
}

void Provisioner::give_up(std::string text, std::string code, bool denied) {
  ProvisioningStatus status;
  status.state = ProvisioningState::failed;
  status.last_error = std::move(text);
  status.code = std::move(code);
  status.denied = denied;
  was_ready_ = false;
  publish(std::move(status));
}

void Provisioner::retry_later(const NextMove& move, Goal goal) {
  ProvisioningStatus status = status_;
  if (goal == Goal::converge) status.state = ProvisioningState::retrying;
  status.last_error = move.text;
  status.code = move.code;
  if (status.state == status_.state) {
    log::warn("provisioning tries again", {{"error", move.text}, {"pause_ms", move.pause.count()}});
  }
  publish(std::move(status));
}

void Provisioner::succeed(Goal goal) {
  ProvisioningStatus status;
  status.state = goal == Goal::remove ? ProvisioningState::removed : ProvisioningState::ready;
  was_ready_ = goal == Goal::converge;
  publish(std::move(status));
}

void Provisioner::publish(ProvisioningStatus status) {
  if (status == status_) return;
  const bool changed =
      status.state != status_.state ||
      (status.state == ProvisioningState::failed && status.last_error != status_.last_error);
  status_ = std::move(status);
  if (changed) {
    const auto state = label(status_.state);
    switch (status_.state) {
      case ProvisioningState::failed:
        log::error("provisioning",
                   {{"state", state}, {"code", status_.code}, {"error", status_.last_error}});
        break;
      case ProvisioningState::retrying:
        log::warn("provisioning",
                  {{"state", state}, {"step", status_.step}, {"error", status_.last_error}});
        break;
      default:
        log::info("provisioning", {{"state", state}, {"step", status_.step}});
    }
  }
  if (listener_) listener_(status_);
}

}  // namespace gateway::cloud

#include "cloud/provisioner.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <type_traits>
#include <utility>

#include "cloud/function_mark.hpp"
#include "cloud/function_name.hpp"
#include "cloud/notification_rule.hpp"
#include "cloud/relay_environment.hpp"
#include "cloud/succession_plan.hpp"
#include "cloud/wanted_check.hpp"
#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// g++ 12 destroys an aggregate twice that crosses a co_await by value.
static_assert(!std::is_aggregate_v<Found> && !std::is_aggregate_v<ScfCall> &&
              !std::is_aggregate_v<FoundTrigger> && !std::is_aggregate_v<ApiError> &&
              !std::is_aggregate_v<PlannedStep> && !std::is_aggregate_v<RelatedFunction> &&
              !std::is_aggregate_v<ListedFunction>);

// Far more than the quotas of triggers and functions: a list that never ends is a malformed answer.
constexpr std::size_t kPages = 20;
constexpr std::size_t kNoTotal = std::numeric_limits<std::size_t>::max();

std::uint64_t seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

ApiError interrupted() {
  return ApiError(ErrorKind::transient, {}, "ClientError.Cancelled", "stopped", {});
}

// Returns whether the step's effect is there already: another replica was faster, or an answer was
// lost. An absent function is another case, which the next look shows.
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
    case ProvisioningState::superseded:
      return "superseded";
    case ProvisioningState::removing:
      return "removing";
    case ProvisioningState::removed:
      return "removed";
  }
  return "working";
}

Provisioner::Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
                         Listener listener, Unmarked unmarked, Generation generation)
    : api_(api),
      wanted_(std::move(wanted)),
      pace_(pace),
      unmarked_(unmarked),
      generation_(generation),
      listener_(std::move(listener)),
      wake_(executor) {}

Task<bool> Provisioner::converge(Instant deadline) {
  const bool confirmed = co_await run(Goal::converge, deadline);
  co_return confirmed;
}

Task<void> Provisioner::keep() {
  ProvisioningPatience patience(pace_, seed());
  while (!stopped_) {
    // The outcome is in the status; in every case there is a next round.
    static_cast<void>(co_await run(Goal::converge, Instant::max()));
    std::chrono::milliseconds rest = patience.until_reconciliation();
    if (again_in_) rest = std::min<std::chrono::milliseconds>(rest, *again_in_);
    co_await pause(Goal::converge, rest, Instant::max());
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
  looks_everywhere_ = true;
  const auto found = co_await look(Goal::remove, Instant::max());
  if (!found) co_return found.error();
  ProvisioningHistory history;
  history.looked(*found);
  Plan planned = plan(removal ? Goal::remove : Goal::converge, *found, history);
  planned.steps.push_back(step(PlannedStep::Action::none, "other regions and accounts",
                               "not looked at: what another configuration deployed there stays "
                               "until `cos-gateway deprovision` is given that configuration"));
  co_return planned;
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
  again_in_.reset();
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
      if (goal == Goal::converge) tell_tokens(*found);
      if (step == nullptr) {
        succeed(goal, planned);
        co_return planned.superseded.empty();
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
        move = co_await carry_out(*step, *found, history, patience);
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
  if (function_answer) {
    auto function = parse_function(*function_answer);
    if (!function) co_return function.error();
    found.function = std::move(*function);
  } else if (function_answer.error().kind() != ErrorKind::absent) {
    co_return function_answer.error();
  }

  if (!goes_on(goal, deadline)) co_return interrupted();
  if (found.function && found.function->phase() == FunctionPhase::active) {
    const ScfCall rules_call = get_retry_rules(wanted_);
    const auto rules_answer = co_await api_.call(rules_call.action, rules_call.parameters);
    if (!rules_answer) co_return rules_answer.error();
    const auto rules = parse_retry_rules(*rules_answer);
    if (!rules) co_return rules.error();
    found.retry_rules = *rules;
    if (!goes_on(goal, deadline)) co_return interrupted();
  }
  const bool changing = found.function && found.function->phase() == FunctionPhase::changing;
  if (changing) co_return found;
  if (found.function && found.function->phase() != FunctionPhase::create_failed) {
    auto triggers = co_await look_at_triggers(wanted_.space, wanted_.name);
    if (!triggers) co_return triggers.error();
    found.triggers = std::move(*triggers);
    if (!goes_on(goal, deadline)) co_return interrupted();
  }
  auto related = co_await look_at_related(goal, deadline);
  if (!related) co_return related.error();
  found.related = std::move(*related);
  co_return found;
}

Task<ApiResult<std::vector<FoundTrigger>>> Provisioner::look_at_triggers(std::string space,
                                                                         std::string name) {
  std::vector<FoundTrigger> triggers;
  for (std::size_t page = 0; page < kPages; ++page) {
    const ScfCall call = list_triggers(FunctionReference(space, name), page * kListPage);
    const auto answer = co_await api_.call(call.action, call.parameters);
    if (!answer) co_return answer.error();
    auto listed = parse_triggers(*answer);
    if (!listed) co_return listed.error();
    const std::size_t count = listed->triggers.size();
    std::move(listed->triggers.begin(), listed->triggers.end(), std::back_inserter(triggers));
    if (count < kListPage || triggers.size() >= listed->total.value_or(kNoTotal)) {
      co_return triggers;
    }
  }
  co_return ApiError(ErrorKind::transient, "ListTriggers", "ClientError.Answer",
                     "the list of triggers does not end", {});
}

// Returns the namespaces of the region, of which there are five at most. Without the right to list
// them only the function's own is known.
Task<std::vector<std::string>> Provisioner::list_spaces() {
  std::vector<std::string> spaces{wanted_.space};
  if (!looks_everywhere_) co_return spaces;
  const ScfCall call = list_namespaces(0);
  const auto answer = co_await api_.call(call.action, call.parameters);
  const auto listed = answer ? parse_namespaces(*answer) : ApiResult<NamespacePage>(answer.error());
  if (!listed) {
    log::warn("a conflicting function may be in another namespace, which cannot be looked at",
              {{"namespace", wanted_.space}, {"error", listed.error().text()}});
    co_return spaces;
  }
  for (const auto& name : listed->names) {
    if (name != wanted_.space) spaces.push_back(name);
  }
  co_return spaces;
}

// Returns the functions that may have to do with the bucket. Without the right to list functions
// everything works but taking over from predecessors, so that the list is then empty.
Task<ApiResult<std::vector<RelatedFunction>>> Provisioner::list_ours(Goal goal, Instant deadline,
                                                                     std::string space) {
  std::vector<RelatedFunction> ours;
  std::size_t seen = 0;
  for (std::size_t page = 0; page < kPages; ++page) {
    if (!goes_on(goal, deadline)) co_return interrupted();
    const ScfCall call = list_functions(space, page * kListPage);
    const auto answer = co_await api_.call(call.action, call.parameters);
    if (!answer) {
      const ApiError error = answer.error();
      if (error.kind() == ErrorKind::transient) co_return error;
      if (error.kind() != ErrorKind::absent && !told_no_list_) {
        told_no_list_ = true;
        log::warn("predecessors of the function cannot be looked for", {{"error", error.text()}});
      }
      co_return ours;
    }
    const auto listed = parse_functions(*answer);
    if (!listed) co_return listed.error();
    for (const ListedFunction& one : listed->functions) {
      if (!may_be_related(space, one)) continue;
      RelatedFunction& related = ours.emplace_back();
      related.space = space;
      related.name = one.name;
      related.function.description = one.description;
    }
    seen += listed->functions.size();
    if (listed->functions.size() < kListPage || seen >= listed->total.value_or(kNoTotal)) break;
  }
  co_return ours;
}

Task<ApiResult<std::vector<RelatedFunction>>> Provisioner::look_at_related(Goal goal,
                                                                           Instant deadline) {
  std::vector<RelatedFunction> candidates;
  spaces_ = co_await list_spaces();
  for (const std::string& space : spaces_) {
    auto listed = co_await list_ours(goal, deadline, space);
    if (!listed) co_return listed.error();
    std::move(listed->begin(), listed->end(), std::back_inserter(candidates));
  }
  Lineage lineage(wanted_);
  const auto adopt = [&](const RelatedFunction& one) {
    return lineage.add(one.space, one.name, one.function.description);
  };
  while (std::any_of(candidates.begin(), candidates.end(), adopt)) {
  }
  std::vector<RelatedFunction> all;
  for (RelatedFunction& related : candidates) {
    if (!goes_on(goal, deadline)) co_return interrupted();
    auto triggers = co_await look_at_triggers(related.space, related.name);
    if (!triggers) {
      if (triggers.error().kind() == ErrorKind::absent) continue;
      co_return triggers.error();
    }
    related.triggers = std::move(*triggers);
    related.taken_over = taken_over_at(related.space, related.name);
    if (!lineage.has(related.space, related.name) && !related.taken_over &&
        !holds_wanted_events(related)) {
      continue;
    }
    const ScfCall call = get_function(FunctionReference(related.space, related.name));
    const auto answer = co_await api_.call(call.action, call.parameters);
    if (!answer) {
      if (answer.error().kind() == ErrorKind::absent) continue;
      co_return answer.error();
    }
    auto function = parse_function(*answer);
    if (!function) co_return function.error();
    related.function = std::move(*function);
    all.push_back(std::move(related));
  }
  co_return all;
}

// Returns whether a listed function may be a predecessor or a newer deployment. Its description
// names its bucket unless an older release wrote it. Of functions that this program did not make,
// `adopt` means those of the original connector.
bool Provisioner::may_be_related(std::string_view space, const ListedFunction& listed) const {
  if (space == wanted_.space && listed.name == wanted_.name) return false;
  if (listed.status == "Deleting") return false;
  const auto mark = parse_mark(listed.description);
  if (!mark) return unmarked_ == Unmarked::adopt && is_derived_function_name(listed.name);
  return mark->bucket().empty() || mark->bucket() == digest_of(wanted_.bucket.host());
}

std::optional<std::chrono::sys_seconds> Provisioner::taken_over_at(std::string_view space,
                                                                   std::string_view name) const {
  const auto it = taken_over_.find(identity_of(space, name));
  return it == taken_over_.end() ? std::nullopt : std::optional(it->second);
}

bool Provisioner::holds_wanted_events(const RelatedFunction& related) const {
  return std::any_of(
      related.triggers.begin(), related.triggers.end(), [this](const FoundTrigger& trigger) {
        if (trigger.type != "cos" || trigger.name != wanted_.bucket.host()) return false;
        return std::any_of(wanted_.events.begin(), wanted_.events.end(),
                           [&](const std::string& event) {
                             return overlap({trigger.event, trigger.prefix, trigger.suffix},
                                            {event, wanted_.prefix, wanted_.suffix});
                           });
      });
}

Task<NextMove> Provisioner::carry_out(PlannedStep step, const Found& found,
                                      ProvisioningHistory& history,
                                      ProvisioningPatience& patience) {
  const auto remember = [&](const PlannedStep& done) {
    if (done.elsewhere) {
      history.wrote_elsewhere(done.call.action, done.resource);
    } else {
      history.wrote(done.call.action, done.resource, found);
    }
  };
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
  NextMove move = patience.wrote(step);
  for (const PlannedStep& next : step.then) {
    const auto followed = co_await api_.call(next.call.action, next.call.parameters);
    if (followed) {
      remember(next);
      continue;
    }
    if (is_done_already(next, followed.error().kind())) {
      remember(next);
      history.noted(next.call.action, next.resource, followed.error().text());
      continue;
    }
    move = failed(next, followed.error(), history, patience);
    if (move.kind == NextMove::Kind::fail) {
      co_await undo(step);
      co_return move;
    }
    break;
  }
  if (step.action == PlannedStep::Action::move) note_taken_over(step);
  co_return move;
}

NextMove Provisioner::failed(const PlannedStep& step, const ApiError& error,
                             ProvisioningHistory& history, ProvisioningPatience& patience) {
  // The rule may be held by a predecessor in another namespace.
  if (step.call.action == "CreateTrigger" && is_rule_conflict(error)) looks_everywhere_ = true;
  if (!step.dispensable || error.kind() == ErrorKind::transient) {
    NextMove move = patience.failed(step, error, history);
    if (move.kind == NextMove::Kind::fail && is_rule_conflict(error)) {
      move.text += fmt::format("; no function that cos-gateway made holds it in the namespaces {}",
                               fmt::join(spaces_, ", "));
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

// Notes which functions a move took triggers from.
void Provisioner::note_taken_over(const PlannedStep& moved) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  for (const ScfCall& call : moved.undo) {
    const auto& space = call.parameters.at("Namespace").as_string();
    const auto& name = call.parameters.at("FunctionName").as_string();
    taken_over_.try_emplace(identity_of(std::string_view(space.data(), space.size()),
                                        std::string_view(name.data(), name.size())),
                            now);
  }
}

// Restores what a move deleted.
Task<void> Provisioner::undo(PlannedStep step) {
  for (const ScfCall& call : step.undo) {
    const auto answer = co_await api_.call(call.action, call.parameters);
    if (answer) {
      log::warn("provisioning puts a trigger back", {{"resource", step.resource}});
    } else {
      log::error("a trigger cannot be put back",
                 {{"resource", step.resource}, {"error", answer.error().text()}});
    }
  }
}

Task<void> Provisioner::pause(Goal goal, std::chrono::milliseconds time, Instant deadline) {
  const Instant until = std::min(deadline, std::chrono::steady_clock::now() + time);
  while (goes_on(goal, until)) {
    co_await wake_.wait_until(until);
  }
}

Plan Provisioner::plan(Goal goal, const Found& found, const ProvisioningHistory& history) const {
  Claim claim;
  claim.unmarked = unmarked_;
  claim.generation = generation_;
  claim.grace = pace_.grace.value_or(grace_of(wanted_));
  claim.now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return goal == Goal::remove ? plan_removal(wanted_, found, history, claim)
                              : plan_convergence(wanted_, found, history, claim);
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
  // The state of a write that keeps failing stays `retrying`.
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

void Provisioner::succeed(Goal goal, const Plan& plan) {
  again_in_ = plan.again_in;
  ProvisioningStatus status;
  status.state = goal == Goal::remove ? ProvisioningState::removed : ProvisioningState::ready;
  if (!plan.superseded.empty()) {
    status.state = ProvisioningState::superseded;
    status.last_error = plan.superseded;
    status.code = "Superseded";
  }
  was_ready_ = status.state == ProvisioningState::ready;
  publish(std::move(status));
}

void Provisioner::tell_tokens(const Found& found) const {
  if (!token_listener_) return;
  std::vector<Secret> tokens;
  const auto add = [&tokens](const FoundFunction& function) {
    if (!parse_mark(function.description)) return;
    for (const auto& [name, value] : function.environment) {
      if (name == kTokenVariable) tokens.emplace_back(plain_variable(value));
    }
  };
  if (found.function) add(*found.function);
  for (const auto& related : found.related) add(related.function);
  token_listener_(std::move(tokens));
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
      case ProvisioningState::superseded:
        log::warn("provisioning", {{"state", state}, {"reason", status_.last_error}});
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

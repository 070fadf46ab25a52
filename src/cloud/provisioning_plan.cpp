#include "cloud/provisioning_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/settings_plan.hpp"
#include "cloud/succession_plan.hpp"
#include "cloud/trigger_plan.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

// Makes one plan.
class Planner {
 public:
  Planner(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
          const Claim& claim)
      : wanted_(wanted),
        found_(found),
        history_(history),
        claim_(claim),
        mark_(marked(wanted, found, claim)),
        succession_(wanted, found, history, claim),
        settings_(wanted, found, history, mark_, claim.keeps_house),
        triggers_(wanted, found, history, mark_, succession_) {}

  [[nodiscard]] Plan converge() && {
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
    if (!wanted_.wants_function()) {
      succession_.retire(plan_, false);
      return std::move(plan_);
    }
    if (!found_.function) {
      create("absent");
      return std::move(plan_);
    }
    const FoundFunction& function = *found_.function;
    const auto resource = function_resource(wanted_);
    // This comes before the mark is read: a function that is being created need not show it yet.
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, claim_.unmarked)) return std::move(plan_);
    if (function.available == "InsufficientBalance") {
      add(refusal(resource, function.available,
                  "the account is in arrears, so the function does not run: top it up"));
      return std::move(plan_);
    }
    switch (function.phase()) {
      case FunctionPhase::changing: break;
      case FunctionPhase::create_failed:
      case FunctionPhase::delete_failed:
        replace(function, fmt::format("it is {}", function.explained_status()));
        break;
      case FunctionPhase::update_failed:
        if (history_.failed_updates() >= ProvisioningHistory::kFailedUpdates) {
          add(refusal(resource, failure_code(function),
                      fmt::format("its update failed again: {}", function.explained_status())));
          break;
        }
        update(function);
        break;
      case FunctionPhase::active: update(function); break;
    }
    return std::move(plan_);
  }

  [[nodiscard]] Plan remove() && {
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
    const auto resource = function_resource(wanted_);
    if (!found_.function) {
      if (wanted_.wants_function()) add(step(Action::none, resource, "absent"));
      succession_.retire(plan_, true);
      return std::move(plan_);
    }
    const FoundFunction& function = *found_.function;
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, Unmarked::refuse)) return std::move(plan_);
    add(triggers_.removals());
    if (function.phase() == FunctionPhase::delete_failed &&
        history_.deletions() >= ProvisioningHistory::kDeletions) {
      add(refusal(resource, failure_code(function),
                  fmt::format("it cannot be deleted: {}", function.explained_status())));
      return std::move(plan_);
    }
    add(write(Action::remove, resource, "it is ours", delete_function(wanted_)));
    succession_.retire(plan_, true);
    return std::move(plan_);
  }

 private:
  // Returns the wanted mark. A bucket that is no longer wanted stays in it as long as it has a
  // trigger: the mark tells that the trigger is ours.
  [[nodiscard]] static FunctionMark marked(const Wanted& wanted, const Found& found,
                                           const Claim& claim) {
    FunctionMark mark = mark_of(wanted, claim.generation);
    if (claim.keeps_house && !wanted.deployment.empty()) mark.set_locations(claim.locations);
    const auto before = found.function ? parse_mark(found.function->description) : std::nullopt;
    for (const auto& trigger : found.triggers) {
      if (before && before->names_bucket(trigger.name)) mark.add_bucket(trigger.name);
    }
    return mark;
  }

  bool leaves_it_to_a_newer_one() {
    plan_.superseded = succession_.newer_deployment();
    for (const WantedBucket& bucket : wanted_.buckets) {
      std::string holder = succession_.newer_holder(bucket);
      if (!holder.empty()) plan_.superseded_buckets[bucket.endpoint.host()] = std::move(holder);
    }
    if (plan_.superseded.empty() && plan_.superseded_buckets.size() == wanted_.buckets.size() &&
        !wanted_.buckets.empty()) {
      plan_.superseded = plan_.superseded_buckets.begin()->second;
    }
    if (plan_.superseded.empty()) return false;
    add(step(Action::none, function_resource(wanted_), plan_.superseded));
    return true;
  }

  // Adds a step; waits instead if its write was done already and does not show yet.
  void add(PlannedStep next) {
    if (!next.call.action.empty() && history_.is_settling(next.call.action, next.resource)) {
      const auto answer = history_.answer_to(next.call.action, next.resource);
      next.action = Action::wait;
      next.reason = fmt::format("{} was done, but does not show yet{}{}", next.call.action,
                                answer.empty() ? "" : ": ", answer);
      next.call = {};
    }
    plan_.steps.push_back(std::move(next));
  }

  void add(std::vector<PlannedStep> steps) {
    for (PlannedStep& next : steps) add(std::move(next));
  }

  [[nodiscard]] static std::string failure_code(const FoundFunction& function) {
    return function.reason_code.empty() ? function.status : function.reason_code;
  }

  bool refuses(const FoundFunction& function, Unmarked unmarked) {
    if (unmarked == Unmarked::adopt || parse_mark(function.description)) return false;
    add(refusal(function_resource(wanted_), "Unmarked",
                "it exists and was not made by cos-gateway, so it is left alone: take it over "
                "with `cos-gateway provision --adopt`, or set another function.name"));
    return true;
  }

  void create(std::string reason) {
    add(write(Action::create, function_resource(wanted_), std::move(reason),
              create_function(wanted_, mark_.description())));
    add(settings_.first_retry_rules());
    for (const WantedBucket& bucket : wanted_.buckets) {
      if (is_superseded(bucket)) continue;
      std::vector<std::string_view> held;
      for (const auto& event : bucket.events) {
        if (succession_.is_held(bucket, event)) {
          held.push_back(event);
        } else {
          add(triggers_.creation(bucket, event, "after the function"));
        }
      }
      take_over(bucket, held);
    }
  }

  // Whether its events are left to a newer deployment; says so in the plan.
  bool is_superseded(const WantedBucket& bucket) {
    const auto found = plan_.superseded_buckets.find(bucket.endpoint.host());
    if (found == plan_.superseded_buckets.end()) return false;
    add(step(Action::none, fmt::format("triggers on {}", found->first), found->second));
    return true;
  }

  void take_over(const WantedBucket& bucket, const std::vector<std::string_view>& events) {
    for (auto& taken : succession_.take_over(bucket, events)) {
      plan_.steps.push_back(std::move(taken));
    }
  }

  void replace(const FoundFunction& function, const std::string& why) {
    const auto resource = function_resource(wanted_);
    if (history_.deletions() >= ProvisioningHistory::kDeletions) {
      const std::string code =
          function.phase() == FunctionPhase::active ? "Replaced" : failure_code(function);
      add(refusal(resource, code,
                  fmt::format("{}, though it was deleted and created {} times", why,
                              history_.deletions())));
      return;
    }
    add(triggers_.removals());
    add(write(Action::remove, resource, why + ": it is made anew", delete_function(wanted_)));
    create("after it was deleted");
  }

  void update(const FoundFunction& function) {
    if (!function.type.empty() && function.type != "Event") {
      replace(function, fmt::format("its type is {}, wanted Event", function.type));
    } else if (!function.runtime.empty() && function.runtime != wanted_.runtime) {
      replace(function,
              fmt::format("its runtime is {}, wanted {}", function.runtime, wanted_.runtime));
    } else {
      add(settings_.code(function));
      add(settings_.settings(function));
      add(settings_.retry_rules());
      add(triggers_.former());
      for (const WantedBucket& bucket : wanted_.buckets) {
        if (!is_superseded(bucket)) update_triggers(bucket);
      }
      succession_.retire(plan_, false);
    }
  }

  void update_triggers(const WantedBucket& bucket) {
    BucketTriggers planned = triggers_.of(bucket);
    add(std::move(planned.steps));
    take_over(bucket, planned.held);
    add(std::move(planned.waits));
  }

  const Wanted& wanted_;
  const Found& found_;
  const ProvisioningHistory& history_;
  const Claim& claim_;
  const FunctionMark mark_;
  const SuccessionPlan succession_;
  const SettingsPlan settings_;
  const TriggerPlan triggers_;
  Plan plan_;
};

}  // namespace

const PlannedStep* Plan::next() const noexcept {
  const auto found = std::ranges::find_if(
      steps, [](const PlannedStep& candidate) { return candidate.action != Action::none; });
  return found == steps.end() ? nullptr : &*found;
}

const PlannedStep* Plan::next(const std::set<std::string, std::less<>>& held_up) const {
  std::set<std::string, std::less<>> passed = held_up;
  const PlannedStep* wait = nullptr;
  for (const PlannedStep& candidate : steps) {
    if (candidate.action == Action::none) continue;
    if (candidate.bucket.empty()) return wait == nullptr ? &candidate : wait;
    if (passed.contains(candidate.bucket)) continue;
    if (candidate.action != Action::wait) return &candidate;
    // What comes later for the bucket comes after the wait.
    passed.insert(candidate.bucket);
    if (wait == nullptr) wait = &candidate;
  }
  return wait;
}

bool Plan::concerns(std::string_view bucket) const {
  return std::ranges::any_of(steps, [&](const PlannedStep& step) {
    return step.action != Action::none && step.bucket == bucket;
  });
}

Plan plan_convergence(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
                      const Claim& claim) {
  return Planner(wanted, found, history, claim).converge();
}

Plan plan_removal(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
                  const Claim& claim) {
  return Planner(wanted, found, history, claim).remove();
}

std::chrono::seconds grace_of(const Wanted& wanted) noexcept {
  constexpr std::chrono::minutes kBetweenTries{1};
  return (wanted.retries + 1) * (wanted.timeout + kBetweenTries);
}

}  // namespace gateway::cloud

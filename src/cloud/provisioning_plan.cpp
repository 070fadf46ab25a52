#include "cloud/provisioning_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cloud/relay_environment.hpp"
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
      : as_it_was_(as_it_was(wanted, found, claim)),
        in_{as_it_was_ ? *as_it_was_ : wanted, found, history, claim,
            marked(as_it_was_ ? *as_it_was_ : wanted, found, claim)} {}

  [[nodiscard]] Plan converge() && {
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
    if (!in_.wanted.wants_function()) {
      succession_.retire(plan_, false);
      refuse_what_was_not_seen();
      return std::move(plan_);
    }
    if (!in_.found.function) {
      create("absent");
      return finish();
    }
    const FoundFunction& function = *in_.found.function;
    const auto resource = function_resource(in_.wanted);
    // This comes before the mark is read: a function that is being created need not show it yet.
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, in_.claim.unmarked)) return std::move(plan_);
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
        if (in_.history.failed_updates() >= ProvisioningHistory::kFailedUpdates) {
          add(refusal(resource, failure_code(function),
                      fmt::format("its update failed again: {}", function.explained_status())));
          break;
        }
        update(function);
        break;
      case FunctionPhase::active: update(function); break;
    }
    return finish();
  }

  [[nodiscard]] Plan remove() && {
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
    const auto resource = function_resource(in_.wanted);
    if (!in_.found.function) {
      if (in_.wanted.wants_function()) add(step(Action::none, resource, "absent"));
      succession_.retire(plan_, true);
      refuse_what_was_not_seen();
      return std::move(plan_);
    }
    const FoundFunction& function = *in_.found.function;
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, Unmarked::refuse)) return std::move(plan_);
    add(triggers_.removals(false));
    if (const std::string others = triggers_.others(false); !others.empty()) {
      succession_.retire(plan_, true);
      add(refusal(resource, "OtherTriggers",
                  fmt::format("it is kept, as triggers would go with it that are not of this "
                              "gateway: {}; remove them first, or delete it in the SCF console",
                              others)));
      return std::move(plan_);
    }
    if (function.phase() == FunctionPhase::delete_failed &&
        in_.history.deletions() >= ProvisioningHistory::kDeletions) {
      add(refusal(resource, failure_code(function),
                  fmt::format("it cannot be deleted: {}", function.explained_status())));
      return std::move(plan_);
    }
    add(write(Action::remove, resource, "it is ours", delete_function(in_.wanted)));
    succession_.retire(plan_, true);
    refuse_what_was_not_seen();
    return std::move(plan_);
  }

 private:
  // Returns the wanted mark. A bucket that is no longer wanted stays in it as long as it has a
  // trigger: the mark tells that the trigger is ours.
  [[nodiscard]] static FunctionMark marked(const Wanted& wanted, const Found& found,
                                           const Claim& claim) {
    FunctionMark mark = mark_of(wanted, claim.generation);
    if (claim.keeps_house && !wanted.deployment.empty()) mark.locations = claim.locations;
    const auto before = found.function ? parse_mark(found.function->description) : std::nullopt;
    for (const auto& trigger : found.triggers) {
      if (before && before->names_bucket(trigger.name)) mark.add_bucket(trigger.name);
    }
    return mark;
  }

  // Returns what is wanted but for what cannot be had without losing what is there: the runtime
  // that was refused, with the size and the time that the function had with the former one. Nothing
  // where there is no such function.
  [[nodiscard]] static std::optional<Wanted> as_it_was(const Wanted& wanted, const Found& found,
                                                       const Claim& claim) {
    std::optional<Wanted> made;
    const auto keep = [&](const FoundFunction& was) {
      made = wanted;
      made->runtime = was.runtime;
      if (was.memory_mb) made->memory_mb = static_cast<unsigned>(*was.memory_mb);
      if (was.timeout_seconds) made->timeout = std::chrono::seconds(*was.timeout_seconds);
    };
    const RefusedFunction* const refused = claim.refused;
    if (refused == nullptr || refused->text.empty()) return made;
    const bool there = found.function && found.function->runtime == wanted.runtime;
    if (!there) keep(refused->was);
    return made;
  }

  // Adds that more may be left than the plan knows of.
  void refuse_what_was_not_seen() {
    if (!in_.found.unlisted) return;
    const ApiError& error = *in_.found.unlisted;
    PlannedStep unknown =
        refusal("functions of region " + in_.wanted.region, error.code(),
                "whether there are predecessors, or others of this deployment, is not known, as "
                "they cannot be listed: " +
                    error.text());
    unknown.denied = error.kind() == ErrorKind::denied;
    add(std::move(unknown));
  }

  // Adds to a plan for what can be had that it is not all.
  [[nodiscard]] Plan finish() {
    if (as_it_was_) {
      PlannedStep left =
          refusal(function_resource(in_.wanted), in_.claim.refused->code,
                  fmt::format("it is as it was before, as it cannot be made anew: {}",
                              in_.claim.refused->text));
      left.denied = in_.claim.refused->denied;
      add(std::move(left));
    }
    return std::move(plan_);
  }

  bool leaves_it_to_a_newer_one() {
    plan_.superseded = succession_.newer_deployment();
    for (const WantedBucket& bucket : in_.wanted.buckets) {
      std::string holder = succession_.newer_holder(bucket);
      if (!holder.empty()) plan_.superseded_buckets[bucket.endpoint.host()] = std::move(holder);
    }
    if (plan_.superseded.empty() && plan_.superseded_buckets.size() == in_.wanted.buckets.size() &&
        !in_.wanted.buckets.empty()) {
      plan_.superseded = plan_.superseded_buckets.begin()->second;
    }
    if (plan_.superseded.empty()) return false;
    add(step(Action::none, function_resource(in_.wanted), plan_.superseded));
    return true;
  }

  // Adds a step; waits instead if its write was done already and does not show yet.
  void add(PlannedStep next) {
    if (!next.call.action.empty() && in_.history.is_settling(next.call.action, next.resource)) {
      const auto answer = in_.history.answer_to(next.call.action, next.resource);
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
    if (unmarked == Unmarked::adopt) return false;
    if (const auto mark = parse_mark(function.description)) {
      if (!is_of_another(function, *mark)) return false;
      add(refusal(function_resource(in_.wanted), "AnotherDeployment",
                  "another configuration has deployed it, for other buckets, and it posts "
                  "elsewhere, so it is left alone: set another function.name, or take it over with "
                  "`cos-gateway provision --adopt`"));
      return true;
    }
    add(refusal(function_resource(in_.wanted), "Unmarked",
                "it exists and was not made by cos-gateway, so it is left alone: take it over "
                "with `cos-gateway provision --adopt`, or set another function.name"));
    return true;
  }

  // Returns whether a function with a mark belongs to a configuration that has nothing in common
  // with this one but the name of the function.
  [[nodiscard]] bool is_of_another(const FoundFunction& function, const FunctionMark& mark) const {
    const auto has_bucket_of = [&mark](const Wanted& wanted) {
      return std::ranges::any_of(wanted.buckets, [&mark](const WantedBucket& bucket) {
        return mark.names_bucket(bucket.endpoint.host());
      });
    };
    const std::vector<Wanted>* const siblings = in_.claim.siblings;
    if (mark.buckets.empty() || has_bucket_of(in_.wanted)) return false;
    if (siblings != nullptr && std::ranges::any_of(*siblings, has_bucket_of)) return false;
    if (!mark.deployment.empty() && !in_.wanted.deployment.empty()) {
      return !is_of_deployment(mark, in_.wanted);
    }
    return std::ranges::any_of(
        std::array{kGatewayVariable, kTargetVariable}, [&](std::string_view name) {
          return value_of(name, function.environment) != value_of(name, in_.wanted.environment);
        });
  }

  // Returns the value of a variable; empty if there is none.
  [[nodiscard]] static std::string_view value_of(
      std::string_view name, const std::vector<std::pair<std::string, std::string>>& environment) {
    const auto found = std::ranges::find_if(
        environment, [name](const auto& variable) { return variable.first == name; });
    return found == environment.end() ? std::string_view() : found->second;
  }

  void create(std::string reason) {
    add(write(Action::create, function_resource(in_.wanted), std::move(reason),
              create_function(in_.wanted, in_.mark.description())));
    for (const WantedBucket& bucket : in_.wanted.buckets) {
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
    add(plan_first_retry_rules(in_.wanted));
  }

  // Whether its events are left to a newer deployment; says so in the plan.
  bool is_superseded(const WantedBucket& bucket) {
    const auto found = plan_.superseded_buckets.find(bucket.endpoint.host());
    if (found == plan_.superseded_buckets.end()) return false;
    add(step(Action::none, fmt::format("triggers on {}", found->first), found->second));
    return true;
  }

  void take_over(const WantedBucket& bucket, const std::vector<std::string_view>& events,
                 std::vector<InTheWay> in_the_way = {}) {
    for (auto& taken : succession_.take_over(bucket, events, std::move(in_the_way))) {
      plan_.steps.push_back(std::move(taken));
    }
  }

  void replace(const FoundFunction& function, const std::string& why) {
    const auto resource = function_resource(in_.wanted);
    if (in_.history.deletions() >= ProvisioningHistory::kDeletions) {
      const std::string code =
          function.phase() == FunctionPhase::active ? "Replaced" : failure_code(function);
      add(refusal(resource, code,
                  fmt::format("{}, though it was deleted and created {} times", why,
                              in_.history.deletions())));
      return;
    }
    if (const std::string others = triggers_.others(true); !others.empty()) {
      add(refusal(resource, "OtherTriggers",
                  fmt::format("{}, but it is not made anew, as triggers would go with it that are "
                              "not of this gateway: {}; remove them, or use another function.name",
                              why, others)));
      return;
    }
    std::vector<PlannedStep> removals = triggers_.removals(true);
    removals.push_back(
        write(Action::remove, resource, why + ": it is made anew", delete_function(in_.wanted)));
    if (function.phase() == FunctionPhase::active && !in_.history.has_asked("CreateFunction")) {
      ask_first(removals.front());
    }
    add(std::move(removals));
    create("after it was deleted");
  }

  // Adds to the first removal what asks whether there is the right to make all of it anew.
  void ask_first(PlannedStep& removal) const {
    if (!removal.back.action.empty()) {
      removal.asks.push_back(write(Action::create, removal.resource, {}, removal.back));
    }
    removal.asks.push_back(write(Action::create, function_resource(in_.wanted), {},
                                 create_function(in_.wanted, in_.mark.description())));
  }

  void update(const FoundFunction& function) {
    if (!function.type.empty() && function.type != "Event") {
      replace(function, fmt::format("its type is {}, wanted Event", function.type));
    } else if (!function.runtime.empty() && function.runtime != in_.wanted.runtime) {
      replace(function,
              fmt::format("its runtime is {}, wanted {}", function.runtime, in_.wanted.runtime));
    } else {
      add(plan_code(in_, function));
      add(plan_settings(in_, function));
      add(triggers_.former());
      for (const WantedBucket& bucket : in_.wanted.buckets) {
        if (!is_superseded(bucket)) update_triggers(bucket);
      }
      add(plan_retry_rules(in_));
      succession_.retire(plan_, false);
    }
  }

  void update_triggers(const WantedBucket& bucket) {
    BucketTriggers planned = triggers_.of(bucket);
    add(std::move(planned.steps));
    take_over(bucket, planned.held, std::move(planned.in_the_way));
    add(std::move(planned.stale));
    add(std::move(planned.waits));
  }

  const std::optional<Wanted> as_it_was_;
  const PlanInput in_;
  const SuccessionPlan succession_{in_};
  const TriggerPlan triggers_{in_, succession_};
  Plan plan_;
};

}  // namespace

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

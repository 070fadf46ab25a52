// How functions go that have no part any more: predecessors, and orphans of the deployment.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "cloud/succession_plan.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

// When to look again at a predecessor that is changing.
constexpr std::chrono::seconds kAgain{30};

// Since when a predecessor has no events.
std::chrono::sys_seconds superseded_at(const RelatedFunction& related) {
  const auto succession = mark_in(related.function.description).succession;
  if (succession) return succession->since;
  return related.taken_over.value_or(std::chrono::sys_seconds());
}

}  // namespace

void SuccessionPlan::retire(Plan& plan, bool at_once) const {
  const std::set<std::string> lineage = lineage_of(in_.wanted, in_.found.related);
  std::vector<const RelatedFunction*> predecessors;
  for (const auto& related : in_.found.related) {
    if (sibling(related) != nullptr) continue;
    if (is_orphan(related) && !at_once && empty_orphan(related, plan)) continue;
    if (lineage.contains(identity_of(related.space, related.name)) || related.taken_over ||
        is_orphan(related)) {
      predecessors.push_back(&related);
    }
  }
  // The eldest first: it is known by those that took over from it.
  const auto since = [](const RelatedFunction* related) { return superseded_at(*related); };
  std::ranges::sort(predecessors, [&](const auto* a, const auto* b) {
    return std::tuple(since(a), std::string_view(a->space), std::string_view(a->name)) <
           std::tuple(since(b), std::string_view(b->space), std::string_view(b->name));
  });
  for (const auto* related : predecessors) retire(*related, plan, at_once);
}

SuccessionPlan::Triggers SuccessionPlan::own_triggers(const RelatedFunction& related) const {
  const FunctionMark mark = mark_in(related.function.description);
  const bool orphan = is_orphan(related);
  Triggers found;
  for (const auto& trigger : related.triggers) {
    const bool wanted = std::ranges::any_of(in_.wanted.buckets, [&](const WantedBucket& bucket) {
      return bucket.endpoint.host() == trigger.name;
    });
    const bool own = wanted || (orphan && mark.names_bucket(trigger.name));
    if (trigger.type == "cos" && own) found.push_back(&trigger);
  }
  return found;
}

bool SuccessionPlan::is_wanted(const FoundTrigger& trigger) const {
  return sibling_that_takes(trigger) != nullptr ||
         std::ranges::any_of(in_.wanted.buckets, [&](const WantedBucket& bucket) {
           return holds_events_of(trigger, bucket);
         });
}

// Rules that are wanted stay until they are taken over. The mark comes last: from then on no event
// is told to it any more, and its time runs.
bool SuccessionPlan::empty_orphan(const RelatedFunction& related, Plan& plan) const {
  const std::string resource = function_resource(related);
  if (related.function.phase() == FunctionPhase::changing) {
    plan.steps.push_back(step(
        Action::none, resource,
        fmt::format("it is no longer configured, and {}", related.function.explained_status())));
    plan.again_in = std::min(plan.again_in.value_or(kAgain), kAgain);
    return true;
  }
  bool left = false;
  std::vector<PlannedStep> removals;
  for (const auto* trigger : own_triggers(related)) {
    left = true;
    PlannedStep removal = removal_of(related, *trigger, "its bucket is no longer configured");
    removal.bucket = trigger->name;
    if (is_wanted(*trigger)) {
      plan.steps.push_back(step(Action::none, removal.resource, "it is taken over"));
      plan.again_in = std::min(plan.again_in.value_or(kAgain), kAgain);
    } else if (!in_.history.is_settling(removal.call.action, removal.resource)) {
      removals.push_back(std::move(removal));
    } else {
      removal.action = Action::wait;
      removal.reason = "DeleteTrigger was done, but does not show yet";
      plan.steps.push_back(std::move(removal));
    }
  }
  removals = in_one_go(std::move(removals));
  std::move(removals.begin(), removals.end(), std::back_inserter(plan.steps));
  const auto succession = mark_in(related.function.description).succession;
  const bool marked = succession && !is_newer(succession->generation);
  if (left || marked || related.function.phase() == FunctionPhase::create_failed) return left;
  if (is_markable(related)) {
    plan.steps.push_back(mark_superseded(related));
  } else {
    plan.steps.push_back(step(Action::none, resource,
                              fmt::format("it is no longer configured and takes no mark, so delete "
                                          "it in the SCF console; it is {}",
                                          related.function.explained_status())));
  }
  return true;
}

void SuccessionPlan::retire(const RelatedFunction& related, Plan& plan, bool at_once) const {
  const FunctionReference function(related);
  const std::string resource = function_resource(function);
  const Triggers ours = own_triggers(related);
  const bool has_others = ours.size() != related.triggers.size();
  if (has_others && !at_once) {
    plan.steps.push_back(
        step(Action::none, resource, "it is a predecessor, kept as it has other triggers"));
    return;
  }
  const bool needed = std::ranges::any_of(ours, [&](const FoundTrigger* trigger) {
    const PlannedStep removal = removal_of(related, *trigger, {});
    return is_wanted(*trigger) && !in_.history.has_written(removal.call.action, removal.resource);
  });
  if (needed && !at_once) {
    plan.steps.push_back(step(Action::none, resource,
                              "it is a predecessor, kept as it has the rule of events that are "
                              "not taken over yet"));
    return;
  }
  const FunctionPhase phase = related.function.phase();
  const auto due = superseded_at(related) + in_.claim.grace;
  // What could not be created is never invoked.
  if (!at_once && in_.claim.now < due && phase != FunctionPhase::create_failed) {
    const std::chrono::seconds left = due - in_.claim.now;
    plan.again_in = std::min(plan.again_in.value_or(left), left);
    plan.steps.push_back(step(Action::none, resource,
                              fmt::format("it is a predecessor, deleted in {} s, when it can no "
                                          "longer be invoked",
                                          left.count())));
    return;
  }
  if (phase == FunctionPhase::changing) {
    const std::string why = fmt::format("it is {}", related.function.explained_status());
    plan.steps.push_back(step(at_once ? Action::wait : Action::none, resource, why));
    if (!at_once) plan.again_in = std::min(plan.again_in.value_or(kAgain), kAgain);
    return;
  }
  for (const auto* trigger : ours) {
    PlannedStep removal = removal_of(related, *trigger, "its function goes");
    if (!in_.history.has_written(removal.call.action, removal.resource)) {
      plan.steps.push_back(std::move(removal));
    }
  }
  if (has_others) {
    plan.steps.push_back(refusal(resource, "OtherTriggers",
                                 "it is a predecessor, kept as triggers would go with it that are "
                                 "not of this gateway; delete it in the SCF console"));
    return;
  }
  PlannedStep removal =
      write(Action::remove, resource,
            in_.wanted.wants_function()
                ? fmt::format("{} took over from it", function_resource(in_.wanted))
                : std::string("its region and namespace are no longer configured"),
            delete_function(function));
  removal.elsewhere = true;
  removal.dispensable = !at_once;
  if (phase != FunctionPhase::delete_failed &&
      in_.history.is_settling(removal.call.action, removal.resource)) {
    removal = step(Action::wait, resource, "DeleteFunction was done, but does not show yet");
  } else if (in_.history.attempts(removal.call.action, resource) >= kAttempts) {
    const std::string why = fmt::format(
        "it is a predecessor without events and cannot be deleted, so delete it in the "
        "SCF console; it is {}",
        related.function.explained_status());
    removal = at_once ? refusal(resource, related.function.status, why)
                      : step(Action::none, resource, why);
  }
  plan.steps.push_back(std::move(removal));
}

}  // namespace gateway::cloud

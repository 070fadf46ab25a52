#include "cloud/succession_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "cloud/notification_rule.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

// How often what may be refused for good is tried in one run.
constexpr unsigned kAttempts = 3;
// When to look again at a predecessor that is changing.
constexpr std::chrono::seconds kAgain{30};
// A generation further ahead is the mistake of a clock, which must not lock everybody out.
constexpr std::chrono::milliseconds kClockError = std::chrono::hours(1);

FunctionMark mark_in(const FoundFunction& function) {
  return parse_mark(function.description).value_or(FunctionMark());
}

// Since when a predecessor has no events.
std::chrono::sys_seconds superseded_at(const RelatedFunction& related) {
  const auto succession = mark_in(related.function).succession();
  if (succession) return succession->since;
  return related.taken_over.value_or(std::chrono::sys_seconds());
}

NotificationRule rule_of(const FoundTrigger& trigger) {
  return {trigger.event, trigger.prefix, trigger.suffix};
}

// As "2026-01-02 03:04:05 UTC".
std::string time_text(Generation generation) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(generation)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string stands_back(std::string_view who, std::string_view what, Generation generation) {
  return fmt::format(
      "{} {} a newer configuration, of {}, so this one leaves it alone: stop this gateway, or "
      "restart it with the configuration that shall be in force",
      who, what, time_text(generation));
}

}  // namespace

SuccessionPlan::SuccessionPlan(const Wanted& wanted, const Found& found,
                               const ProvisioningHistory& history, const Claim& claim)
    : wanted_(wanted),
      found_(found),
      history_(history),
      claim_(claim),
      identity_(identity_of(wanted.space, wanted.name)) {}

std::string SuccessionPlan::newer_deployment() const {
  if (found_.function) {
    const FunctionMark mark = mark_in(*found_.function);
    const auto& succession = mark.succession();
    if (succession && is_newer(succession->generation)) {
      return stands_back(function_resource(wanted_), "was superseded by", succession->generation);
    }
    if (is_newer(mark.generation()) && !mark.has_content_of(mark_of(wanted_))) {
      return stands_back(function_resource(wanted_), "was deployed by", mark.generation());
    }
  }
  for (const auto& related : found_.related) {
    const Generation generation = mark_in(related.function).generation();
    if (is_newer(generation) && holds_events(related)) {
      return stands_back(function_resource(reference(related)), "holds the bucket's events for",
                         generation);
    }
  }
  return {};
}

std::vector<PlannedStep> SuccessionPlan::take_over(
    const std::vector<std::string_view>& events) const {
  std::vector<std::string_view> held;
  std::copy_if(events.begin(), events.end(), std::back_inserter(held),
               [this](std::string_view event) { return is_held(event); });
  std::vector<PlannedStep> steps;
  if (held.empty()) return steps;
  for (const auto& related : found_.related) {
    const bool involved = std::any_of(held.begin(), held.end(), [&](std::string_view event) {
      return !conflicts(related, event).empty();
    });
    if (!involved) continue;
    if (related.function.phase() == FunctionPhase::changing) {
      steps.push_back(step(Action::wait, function_resource(reference(related)),
                           fmt::format("it is {}", related.function.explained_status())));
    }
    if (!is_marked(related) && is_markable(related)) steps.push_back(mark_superseded(related));
  }
  steps.push_back(move(held));
  return steps;
}

bool SuccessionPlan::is_held(std::string_view event) const {
  return std::any_of(
      found_.related.begin(), found_.related.end(),
      [&](const RelatedFunction& related) { return !conflicts(related, event).empty(); });
}

void SuccessionPlan::retire(Plan& plan, bool at_once) const {
  Lineage lineage(wanted_);
  const auto adopt = [&](const RelatedFunction& related) {
    return lineage.add(related.space, related.name, related.function.description);
  };
  while (std::any_of(found_.related.begin(), found_.related.end(), adopt)) {
  }
  std::vector<const RelatedFunction*> predecessors;
  for (const auto& related : found_.related) {
    if (lineage.has(related.space, related.name) || related.taken_over) {
      predecessors.push_back(&related);
    }
  }
  // The eldest first: it is known by those that took over from it.
  const auto since = [](const RelatedFunction* related) { return superseded_at(*related); };
  std::sort(predecessors.begin(), predecessors.end(), [&](const auto* a, const auto* b) {
    return std::tuple(since(a), std::string_view(a->space), std::string_view(a->name)) <
           std::tuple(since(b), std::string_view(b->space), std::string_view(b->name));
  });
  for (const auto* related : predecessors) retire(*related, plan, at_once);
}

bool SuccessionPlan::is_newer(Generation generation) const {
  const auto latest = std::chrono::milliseconds(claim_.now.time_since_epoch()) + kClockError;
  return generation > claim_.generation && generation <= latest.count();
}

// What could not be created cannot be updated. What could not be updated or deleted may refuse to
// be updated again: then its events are more important than its mark.
bool SuccessionPlan::is_markable(const RelatedFunction& related) const {
  switch (related.function.phase()) {
    case FunctionPhase::active:
    case FunctionPhase::changing:
      return true;
    case FunctionPhase::create_failed:
      return false;
    case FunctionPhase::update_failed:
    case FunctionPhase::delete_failed:
      break;
  }
  const PlannedStep marks = mark_superseded(related);
  return history_.attempts(marks.call.action, marks.resource) < kAttempts;
}

bool SuccessionPlan::is_marked(const RelatedFunction& related) const {
  const auto succession = mark_in(related.function).succession();
  return succession && succession->heir == identity_;
}

SuccessionPlan::Triggers SuccessionPlan::triggers_on_bucket(const RelatedFunction& related) const {
  Triggers found;
  for (const auto& trigger : related.triggers) {
    if (trigger.type == "cos" && trigger.name == wanted_.bucket.host()) found.push_back(&trigger);
  }
  return found;
}

SuccessionPlan::Triggers SuccessionPlan::conflicts(const RelatedFunction& related,
                                                   std::string_view event) const {
  Triggers found = triggers_on_bucket(related);
  std::erase_if(found, [&](const FoundTrigger* trigger) {
    return !overlap(rule_of(*trigger), {event, wanted_.prefix, wanted_.suffix});
  });
  return found;
}

bool SuccessionPlan::holds_events(const RelatedFunction& related) const {
  return std::any_of(wanted_.events.begin(), wanted_.events.end(),
                     [&](const std::string& event) { return !conflicts(related, event).empty(); });
}

FunctionReference SuccessionPlan::reference(const RelatedFunction& related) const {
  return {related.space, related.name};
}

PlannedStep SuccessionPlan::mark_superseded(const RelatedFunction& related) const {
  FunctionMark mark = mark_in(related.function);
  Succession succession;
  succession.heir = identity_;
  succession.generation = claim_.generation;
  succession.since = claim_.now;
  mark.set_bucket(digest_of(wanted_.bucket.host()));
  mark.set_succession(std::move(succession));
  PlannedStep marks =
      write(Action::update, function_resource(reference(related)),
            fmt::format("it is a predecessor; its description tells that {} takes over",
                        function_resource(wanted_)),
            update_description(reference(related), mark.description()));
  marks.elsewhere = true;
  marks.dispensable = related.function.phase() != FunctionPhase::active;
  return marks;
}

PlannedStep SuccessionPlan::removal_of(const RelatedFunction& related, const FoundTrigger& trigger,
                                       std::string reason) const {
  PlannedStep removal =
      write(Action::remove,
            fmt::format("{} of {}", trigger_resource(rule_of(trigger), wanted_.bucket.host()),
                        function_resource(reference(related))),
            std::move(reason), delete_trigger(reference(related), trigger));
  removal.elsewhere = true;
  return removal;
}

// Each trigger is created as soon as those are gone that are in its way.
PlannedStep SuccessionPlan::move(const std::vector<std::string_view>& events) const {
  std::vector<PlannedStep> all;
  Triggers removed;
  PlannedStep moved;
  std::string from;
  for (const std::string_view event : events) {
    for (const auto& related : found_.related) {
      for (const auto* trigger : conflicts(related, event)) {
        if (std::find(removed.begin(), removed.end(), trigger) != removed.end()) continue;
        removed.push_back(trigger);
        all.push_back(removal_of(related, *trigger, "another function takes over"));
        moved.undo.push_back(restore_trigger(reference(related), *trigger));
        if (from.empty()) from = function_resource(reference(related));
      }
    }
    all.push_back(
        write(Action::create,
              trigger_resource({event, wanted_.prefix, wanted_.suffix}, wanted_.bucket.host()),
              fmt::format("taken over from {}", from), create_trigger(wanted_, event)));
  }
  moved.action = Action::move;
  moved.elsewhere = true;
  moved.resource = all.front().resource;
  moved.reason = fmt::format("to {}", function_resource(wanted_));
  moved.call = std::move(all.front().call);
  moved.then.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  return moved;
}

void SuccessionPlan::retire(const RelatedFunction& related, Plan& plan, bool at_once) const {
  const FunctionReference function = reference(related);
  const std::string resource = function_resource(function);
  const Triggers ours = triggers_on_bucket(related);
  if (ours.size() != related.triggers.size()) {
    plan.steps.push_back(
        step(Action::none, resource, "it is a predecessor, kept as it has other triggers"));
    return;
  }
  const FunctionPhase phase = related.function.phase();
  const auto due = superseded_at(related) + claim_.grace;
  // What could not be created is never invoked.
  if (!at_once && claim_.now < due && phase != FunctionPhase::create_failed) {
    const std::chrono::seconds left = due - claim_.now;
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
    if (!history_.has_written(removal.call.action, removal.resource)) {
      plan.steps.push_back(std::move(removal));
    }
  }
  PlannedStep removal = write(Action::remove, resource,
                              fmt::format("{} took over from it", function_resource(wanted_)),
                              delete_function(function));
  removal.elsewhere = true;
  removal.dispensable = !at_once;
  if (phase != FunctionPhase::delete_failed &&
      history_.is_settling(removal.call.action, removal.resource)) {
    removal = step(Action::wait, resource, "DeleteFunction was done, but does not show yet");
  } else if (history_.attempts(removal.call.action, resource) >= kAttempts) {
    const std::string why = fmt::format(
        "it is a predecessor without events and cannot be deleted, so delete it in the "
        "SCF console; it is {}",
        related.function.explained_status());
    removal = at_once ? refusal(resource, related.function.status, why)
                      : step(Action::none, resource, why);
  }
  plan.steps.push_back(std::move(removal));
}

bool Lineage::add(std::string_view space, std::string_view name, std::string_view description) {
  const auto mark = parse_mark(description);
  if (!mark || !mark->succession() || !identities_.contains(mark->succession()->heir)) return false;
  return identities_.insert(identity_of(space, name)).second;
}

}  // namespace gateway::cloud

// Steps and plans as values: how they are made, named and chosen from.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "cloud/provisioning_plan.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

}  // namespace

bool RefusedFunction::is_possible(const FoundFunction& found, const Wanted& wanted) {
  return found.phase() == FunctionPhase::active && !found.runtime.empty() &&
         found.runtime != wanted.runtime && (found.type.empty() || found.type == "Event") &&
         (found.handler.empty() || found.handler == wanted.handler);
}

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

std::string_view label(PlannedStep::Action action) noexcept {
  switch (action) {
    case Action::none: return "none";
    case Action::wait: return "wait";
    case Action::create: return "create";
    case Action::update: return "update";
    case Action::remove: return "remove";
    case Action::move: return "move";
    case Action::refuse: return "refuse";
  }
  return "none";
}

PlannedStep step(PlannedStep::Action action, std::string resource, std::string reason) {
  PlannedStep made;
  made.action = action;
  made.resource = std::move(resource);
  made.reason = std::move(reason);
  return made;
}

PlannedStep write(PlannedStep::Action action, std::string resource, std::string reason,
                  ScfCall call) {
  PlannedStep made = step(action, std::move(resource), std::move(reason));
  made.call = std::move(call);
  return made;
}

PlannedStep refusal(std::string resource, std::string code, std::string reason) {
  PlannedStep made = step(PlannedStep::Action::refuse, std::move(resource), std::move(reason));
  made.code = std::move(code);
  return made;
}

std::vector<PlannedStep> in_one_go(std::vector<PlannedStep> removals) {
  if (removals.size() < 2) return removals;
  removals.front().then.assign(std::make_move_iterator(removals.begin() + 1),
                               std::make_move_iterator(removals.end()));
  removals.resize(1);
  return removals;
}

PlannedStep left_as_it_reads(std::string resource, std::string_view difference) {
  PlannedStep left = step(Action::none, std::move(resource),
                          fmt::format("it was written, and reads otherwise: {}", difference));
  left.code = kReadsOtherwise;
  return left;
}

std::string function_resource(const FunctionReference& function) {
  return fmt::format("function {}/{}", function.space, function.name);
}

std::string trigger_resource(const NotificationRule& rule, std::string_view bucket) {
  std::string text = fmt::format("trigger {}", rule.event);
  if (!rule.prefix.empty()) text += fmt::format(" prefix '{}'", rule.prefix);
  if (!rule.suffix.empty()) text += fmt::format(" suffix '{}'", rule.suffix);
  return text += fmt::format(" on {}", bucket);
}

}  // namespace gateway::cloud

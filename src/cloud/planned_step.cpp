#include "cloud/planned_step.hpp"

#include <fmt/format.h>

#include <utility>

namespace gateway::cloud {

std::string_view label(PlannedStep::Action action) noexcept {
  using Action = PlannedStep::Action;
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

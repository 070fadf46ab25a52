#include "cloud/provisioning_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "cloud/function_mark.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

std::string function_resource(const Wanted& wanted) {
  return fmt::format("function {}/{}", wanted.space, wanted.name);
}

std::string trigger_resource(std::string_view event, std::string_view prefix,
                             std::string_view suffix, std::string_view bucket) {
  std::string text = fmt::format("trigger {}", event);
  if (!prefix.empty()) text += fmt::format(" prefix '{}'", prefix);
  if (!suffix.empty()) text += fmt::format(" suffix '{}'", suffix);
  return text += fmt::format(" on {}", bucket);
}

PlannedStep step(Action action, std::string resource, std::string reason) {
  PlannedStep made;
  made.action = action;
  made.resource = std::move(resource);
  made.reason = std::move(reason);
  return made;
}

PlannedStep write(Action action, std::string resource, std::string reason, ScfCall call) {
  PlannedStep made = step(action, std::move(resource), std::move(reason));
  made.call = std::move(call);
  return made;
}

PlannedStep refusal(std::string resource, std::string code, std::string reason) {
  PlannedStep made = step(Action::refuse, std::move(resource), std::move(reason));
  made.code = std::move(code);
  return made;
}

bool is_default(const FoundTrigger& trigger) {
  return trigger.qualifier.empty() || trigger.qualifier == "$DEFAULT" ||
         trigger.qualifier == "$LATEST";
}

// Of triggers with the same event and filter, which one stays: the same on every replica, in
// whatever order they are listed.
auto preference(const FoundTrigger& trigger) {
  return std::make_tuple(!trigger.enabled, trigger.qualifier != "$DEFAULT",
                         std::string_view(trigger.qualifier), std::string_view(trigger.text));
}

// "a; b" as reasons are found.
class Reasons {
 public:
  void add(std::string_view reason) {
    if (!text_.empty()) text_ += "; ";
    text_ += reason;
  }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// The names of variables that differ: a value may be a secret.
std::string changed_variables(const Wanted& wanted, const FoundFunction& function) {
  auto environment = wanted.environment;
  std::sort(environment.begin(), environment.end());
  std::vector<std::pair<std::string, std::string>> differing;
  std::set_symmetric_difference(environment.begin(), environment.end(),
                                function.environment.begin(), function.environment.end(),
                                std::back_inserter(differing));
  std::string names;
  std::string_view last;
  for (const auto& [name, value] : differing) {
    if (name == last) continue;
    if (!names.empty()) names += ", ";
    names += name;
    last = name;
  }
  return names;
}

// One plan in the making.
class Planner {
 public:
  Planner(const Wanted& wanted, const Found& found, const ProvisioningHistory& history)
      : wanted_(wanted), found_(found), history_(history), mark_(mark_of(wanted)) {}

  [[nodiscard]] Plan converge(Unmarked unmarked) && {
    if (!found_.function) {
      create("absent");
      return std::move(plan_);
    }
    const FoundFunction& function = *found_.function;
    const auto resource = function_resource(wanted_);
    // Before the mark is asked for: a function in the making need not show it yet.
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, unmarked)) return std::move(plan_);
    if (function.available == "InsufficientBalance") {
      add(refusal(resource, function.available,
                  "the account is in arrears, so the function does not run: top it up"));
      return std::move(plan_);
    }
    switch (function.phase()) {
      case FunctionPhase::changing:
        break;
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
      case FunctionPhase::active:
        update(function);
        break;
    }
    return std::move(plan_);
  }

  [[nodiscard]] Plan remove() && {
    const auto resource = function_resource(wanted_);
    if (!found_.function) {
      add(step(Action::none, resource, "absent"));
      return std::move(plan_);
    }
    const FoundFunction& function = *found_.function;
    if (function.phase() == FunctionPhase::changing) {
      add(step(Action::wait, resource, fmt::format("it is {}", function.explained_status())));
      return std::move(plan_);
    }
    if (refuses(function, Unmarked::refuse)) return std::move(plan_);
    remove_triggers();
    if (function.phase() == FunctionPhase::delete_failed &&
        history_.deletions() >= ProvisioningHistory::kDeletions) {
      add(refusal(resource, failure_code(function),
                  fmt::format("it cannot be deleted: {}", function.explained_status())));
      return std::move(plan_);
    }
    add(write(Action::remove, resource, "it is ours", delete_function(wanted_)));
    return std::move(plan_);
  }

 private:
  // A write that was done and does not show yet is waited for instead.
  void add(PlannedStep next) {
    if (!next.call.action.empty() && history_.is_settling(next.call.action, next.resource)) {
      next.action = Action::wait;
      next.reason = fmt::format("{} was done, but does not show yet", next.call.action);
      next.call = {};
    }
    plan_.steps.push_back(std::move(next));
  }

  [[nodiscard]] bool is_on_our_bucket(const FoundTrigger& trigger) const {
    return trigger.type == "cos" && trigger.name == wanted_.bucket.host();
  }

  [[nodiscard]] static std::string failure_code(const FoundFunction& function) {
    return function.reason_code.empty() ? function.status : function.reason_code;
  }

  [[nodiscard]] PlannedStep removal_of(const FoundTrigger& trigger, std::string reason) const {
    auto resource = trigger_resource(trigger.event.empty() ? trigger.text : trigger.event,
                                     trigger.prefix, trigger.suffix, wanted_.bucket.host());
    if (!trigger.qualifier.empty()) resource += fmt::format(" of {}", trigger.qualifier);
    return write(Action::remove, std::move(resource), std::move(reason),
                 delete_trigger(wanted_, trigger));
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
    add(write(Action::update, rules_resource(), "after the function", update_retry_rules(wanted_)));
    for (const auto& event : wanted_.events) {
      add(write(Action::create, wanted_trigger(event), "after the function",
                create_trigger(wanted_, event)));
    }
  }

  // Before the function goes: whether the bucket's rule goes with it is not documented.
  void remove_triggers() {
    for (const auto& trigger : found_.triggers) {
      if (!is_on_our_bucket(trigger)) continue;
      PlannedStep removal = removal_of(trigger, "the function goes");
      if (history_.has_written(removal.call.action, removal.resource)) {
        // The list is late, which is not waited for: a grace period is short.
        removal = step(Action::none, std::move(removal.resource), "deleted");
      }
      add(std::move(removal));
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
    remove_triggers();
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
      plan_code(function);
      plan_settings(function);
      plan_retry_rules();
      plan_triggers();
    }
  }

  void plan_code(const FoundFunction& function) {
    const auto resource = "code of " + function_resource(wanted_);
    const auto mark = parse_mark(function.description).value_or(FunctionMark());
    Reasons reasons;
    if (function.phase() == FunctionPhase::update_failed) {
      reasons.add(fmt::format("it is {}", function.explained_status()));
    } else if (!history_.has_current_code(function)) {
      if (history_.distrusts_mark()) {
        reasons.add("its last update failed");
      } else if (mark.code() != mark_.code()) {
        reasons.add(mark.code().empty()
                        ? fmt::format("it is unknown, wanted {}", mark_.code())
                        : fmt::format("it is {}, wanted {}", mark.code(), mark_.code()));
      }
      if (!function.handler.empty() && function.handler != wanted_.handler) {
        reasons.add(fmt::format("handler is {}, wanted {}", function.handler, wanted_.handler));
      }
    }
    if (reasons.empty()) {
      add(step(Action::none, resource, "as wanted"));
    } else {
      add(write(Action::update, resource, reasons.text(), update_code(wanted_)));
    }
  }

  void plan_settings(const FoundFunction& function) {
    const auto resource = "settings of " + function_resource(wanted_);
    Reasons reasons;
    if (function.memory_mb && *function.memory_mb != std::int64_t{wanted_.memory_mb}) {
      reasons.add(
          fmt::format("memory is {} MB, wanted {} MB", *function.memory_mb, wanted_.memory_mb));
    }
    if (function.timeout_seconds && *function.timeout_seconds != wanted_.timeout.count()) {
      reasons.add(fmt::format("timeout is {} s, wanted {} s", *function.timeout_seconds,
                              wanted_.timeout.count()));
    }
    if (const auto names = changed_variables(wanted_, function); !names.empty()) {
      reasons.add(fmt::format("environment differs in {}", names));
    }
    if (function.public_net == false) reasons.add("it has no access to the public network");
    if (function.description != mark_.description()) {
      reasons.add("its description does not name the wanted code and settings");
    } else if (history_.distrusts_mark() && !history_.has_settings()) {
      reasons.add("its last update failed");
    }
    if (reasons.empty()) {
      add(step(Action::none, resource, "as wanted"));
    } else {
      add(write(Action::update, resource, reasons.text(),
                update_configuration(wanted_, mark_.description())));
    }
  }

  void plan_retry_rules() {
    const std::string resource = rules_resource();
    if (!found_.retry_rules) {
      add(write(Action::update, resource, "after the function", update_retry_rules(wanted_)));
      return;
    }
    Reasons reasons;
    const FoundRetryRules& rules = *found_.retry_rules;
    // What the answer does not tell is set once.
    const bool is_set = history_.has_written("UpdateFunctionEventInvokeConfig", resource);
    const auto compare = [&](std::string_view name, const std::optional<std::int64_t>& is,
                             std::int64_t wanted, std::string_view unit) {
      if (!is && !is_set) {
        reasons.add(fmt::format("{} unknown, wanted {}{}", name, wanted, unit));
      } else if (is && *is != wanted) {
        reasons.add(fmt::format("{} {}{}, wanted {}{}", name, *is, unit, wanted, unit));
      }
    };
    compare("retries", rules.retries, std::int64_t{wanted_.retries}, "");
    compare("max age", rules.max_age_seconds, wanted_.max_age.count(), " s");
    if (reasons.empty()) {
      add(step(Action::none, resource, "as wanted"));
    } else {
      add(write(Action::update, resource, reasons.text(), update_retry_rules(wanted_)));
    }
  }

  // Ours on this bucket: stale ones go first, as they may be in the way of new ones.
  void plan_triggers() {
    std::vector<const FoundTrigger*> ours;
    for (const auto& trigger : found_.triggers) {
      if (is_on_our_bucket(trigger)) ours.push_back(&trigger);
    }
    std::sort(ours.begin(), ours.end(), [](const FoundTrigger* a, const FoundTrigger* b) {
      return preference(*a) < preference(*b);
    });
    std::vector<std::pair<std::string_view, const FoundTrigger*>> kept;
    for (const auto& event : wanted_.events) {
      const auto same = [&event](const auto& entry) { return entry.first == event; };
      if (std::none_of(kept.begin(), kept.end(), same)) kept.emplace_back(event, nullptr);
    }
    for (const auto* trigger : ours) {
      const auto place = std::find_if(kept.begin(), kept.end(), [&](const auto& entry) {
        return entry.first == trigger->event && trigger->prefix == wanted_.prefix &&
               trigger->suffix == wanted_.suffix && is_default(*trigger);
      });
      if (place == kept.end()) {
        add(removal_of(*trigger, "no such trigger is wanted"));
      } else if (place->second == nullptr) {
        place->second = trigger;
      } else if (place->second->qualifier != trigger->qualifier) {
        add(removal_of(*trigger, "there is another one like it"));
      }  // else the service could not tell which one to delete
    }
    // Those created already that do not show yet are waited for last.
    std::vector<PlannedStep> waits;
    for (const auto& [event, trigger] : kept) {
      const auto resource = wanted_trigger(event);
      if (trigger == nullptr && history_.is_settling("CreateTrigger", resource)) {
        waits.push_back(write(Action::create, resource, "absent", create_trigger(wanted_, event)));
      } else if (trigger == nullptr) {
        add(write(Action::create, resource, "absent", create_trigger(wanted_, event)));
      } else if (!trigger->enabled) {
        add(write(Action::update, resource, "it is disabled", enable_trigger(wanted_, *trigger)));
      } else {
        add(step(Action::none, resource, "as wanted"));
      }
    }
    for (auto& wait : waits) add(std::move(wait));
  }

  [[nodiscard]] std::string rules_resource() const {
    return "retry rules of " + function_resource(wanted_);
  }

  [[nodiscard]] std::string wanted_trigger(std::string_view event) const {
    return trigger_resource(event, wanted_.prefix, wanted_.suffix, wanted_.bucket.host());
  }

  const Wanted& wanted_;
  const Found& found_;
  const ProvisioningHistory& history_;
  const FunctionMark mark_;
  Plan plan_;
};

}  // namespace

std::string_view label(PlannedStep::Action action) noexcept {
  switch (action) {
    case Action::none:
      return "none";
    case Action::wait:
      return "wait";
    case Action::create:
      return "create";
    case Action::update:
      return "update";
    case Action::remove:
      return "remove";
    case Action::refuse:
      return "refuse";
  }
  return "none";
}

const PlannedStep* Plan::next() const noexcept {
  const auto found = std::find_if(steps.begin(), steps.end(), [](const PlannedStep& candidate) {
    return candidate.action != Action::none;
  });
  return found == steps.end() ? nullptr : &*found;
}

Plan plan_convergence(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
                      Unmarked unmarked) {
  return Planner(wanted, found, history).converge(unmarked);
}

Plan plan_removal(const Wanted& wanted, const Found& found, const ProvisioningHistory& history) {
  return Planner(wanted, found, history).remove();
}

}  // namespace gateway::cloud

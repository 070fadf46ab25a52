#include "cloud/provisioning_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <tuple>
#include <utility>

#include "cloud/function_mark.hpp"
#include "cloud/succession_plan.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

bool is_default(const FoundTrigger& trigger) {
  return trigger.qualifier.empty() || trigger.qualifier == "$DEFAULT" ||
         trigger.qualifier == "$LATEST";
}

// Returns the key that orders triggers with the same event and filter: the first one stays. It is
// the same on every replica, whatever the order of the list.
auto preference(const FoundTrigger& trigger) {
  return std::make_tuple(!trigger.enabled, trigger.qualifier != "$DEFAULT",
                         std::string_view(trigger.qualifier), std::string_view(trigger.text));
}

// Collects reasons as "a; b".
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

// Returns the names of the variables that differ. Their values may be secrets.
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

// Makes one plan.
class Planner {
 public:
  Planner(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
          const Claim& claim)
      : wanted_(wanted),
        found_(found),
        history_(history),
        claim_(claim),
        mark_(mark_of(wanted, claim.generation)),
        succession_(wanted, found, history, claim) {}

  [[nodiscard]] Plan converge() && {
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
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
    if (leaves_it_to_a_newer_one()) return std::move(plan_);
    const auto resource = function_resource(wanted_);
    if (!found_.function) {
      add(step(Action::none, resource, "absent"));
      succession_.retire(plan_, true);
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
    succession_.retire(plan_, true);
    return std::move(plan_);
  }

 private:
  bool leaves_it_to_a_newer_one() {
    plan_.superseded = succession_.newer_deployment();
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

  [[nodiscard]] bool is_on_our_bucket(const FoundTrigger& trigger) const {
    return trigger.type == "cos" && trigger.name == wanted_.bucket.host();
  }

  [[nodiscard]] static std::string failure_code(const FoundFunction& function) {
    return function.reason_code.empty() ? function.status : function.reason_code;
  }

  [[nodiscard]] PlannedStep removal_of(const FoundTrigger& trigger, std::string reason) const {
    auto resource = trigger_resource(
        {trigger.event.empty() ? trigger.text : trigger.event, trigger.prefix, trigger.suffix},
        wanted_.bucket.host());
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
    std::vector<std::string_view> held;
    for (const auto& event : wanted_.events) {
      if (succession_.is_held(event)) {
        held.push_back(event);
      } else {
        add(write(Action::create, wanted_trigger(event), "after the function",
                  create_trigger(wanted_, event)));
      }
    }
    take_over(held);
  }

  void take_over(const std::vector<std::string_view>& events) {
    for (auto& taken : succession_.take_over(events)) plan_.steps.push_back(std::move(taken));
  }

  // Removes the triggers before the function. Whether deleting a function also removes the bucket's
  // rule is not documented.
  void remove_triggers() {
    for (const auto& trigger : found_.triggers) {
      if (!is_on_our_bucket(trigger)) continue;
      PlannedStep removal = removal_of(trigger, "the function goes");
      if (history_.has_written(removal.call.action, removal.resource)) {
        // The list shows it late. There is no time to wait for that: a grace period is short.
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
      succession_.retire(plan_, false);
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
    if (!is_marked_as_wanted(function)) {
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

  // An older generation that deployed the same, or a mark of an older release, need not be written
  // anew.
  [[nodiscard]] bool is_marked_as_wanted(const FoundFunction& function) const {
    const auto mark = parse_mark(function.description);
    return mark && mark->has_content_of(mark_) && !mark->succession();
  }

  void plan_retry_rules() {
    const std::string resource = rules_resource();
    if (!found_.retry_rules) {
      add(write(Action::update, resource, "after the function", update_retry_rules(wanted_)));
      return;
    }
    Reasons reasons;
    const FoundRetryRules& rules = *found_.retry_rules;
    // A value that the answer does not have is set once.
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

  // Plans our triggers on this bucket. Stale ones are removed first, as they may conflict with new
  // ones.
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
    // Triggers that were created and do not show yet are waited for last.
    std::vector<PlannedStep> waits;
    std::vector<std::string_view> held;  // by predecessors
    for (const auto& [event, trigger] : kept) {
      const auto resource = wanted_trigger(event);
      if (trigger == nullptr && history_.is_settling("CreateTrigger", resource)) {
        waits.push_back(write(Action::create, resource, "absent", create_trigger(wanted_, event)));
      } else if (trigger == nullptr && succession_.is_held(event)) {
        held.push_back(event);
      } else if (trigger == nullptr) {
        add(write(Action::create, resource, "absent", create_trigger(wanted_, event)));
      } else if (!trigger->enabled) {
        add(write(Action::update, resource, "it is disabled", enable_trigger(wanted_, *trigger)));
      } else {
        add(step(Action::none, resource, "as wanted"));
      }
    }
    take_over(held);
    for (auto& wait : waits) add(std::move(wait));
  }

  [[nodiscard]] std::string rules_resource() const {
    return "retry rules of " + function_resource(wanted_);
  }

  [[nodiscard]] std::string wanted_trigger(std::string_view event) const {
    return trigger_resource({event, wanted_.prefix, wanted_.suffix}, wanted_.bucket.host());
  }

  const Wanted& wanted_;
  const Found& found_;
  const ProvisioningHistory& history_;
  const Claim& claim_;
  const FunctionMark mark_;
  const SuccessionPlan succession_;
  Plan plan_;
};

}  // namespace

const PlannedStep* Plan::next() const noexcept {
  const auto found = std::find_if(steps.begin(), steps.end(), [](const PlannedStep& candidate) {
    return candidate.action != Action::none;
  });
  return found == steps.end() ? nullptr : &*found;
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

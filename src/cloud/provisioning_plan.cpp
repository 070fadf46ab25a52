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
        mark_(marked(wanted, found, claim.generation)),
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
  // Returns the wanted mark. A bucket that is no longer wanted stays in it as long as it has a
  // trigger: the mark tells that the trigger is ours.
  [[nodiscard]] static FunctionMark marked(const Wanted& wanted, const Found& found,
                                           Generation generation) {
    FunctionMark mark = mark_of(wanted, generation);
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

  [[nodiscard]] const WantedBucket* bucket_of(const FoundTrigger& trigger) const {
    const auto found = std::find_if(
        wanted_.buckets.begin(), wanted_.buckets.end(),
        [&](const WantedBucket& bucket) { return bucket.endpoint.host() == trigger.name; });
    return trigger.type != "cos" || found == wanted_.buckets.end() ? nullptr : &*found;
  }
  // Whether it is on a bucket that is wanted, or was when the function was marked.
  [[nodiscard]] bool is_ours(const FoundTrigger& trigger) const {
    return trigger.type == "cos" && mark_.names_bucket(trigger.name);
  }

  [[nodiscard]] static std::string failure_code(const FoundFunction& function) {
    return function.reason_code.empty() ? function.status : function.reason_code;
  }

  [[nodiscard]] PlannedStep removal_of(const FoundTrigger& trigger, std::string reason) const {
    auto resource = trigger_resource(
        {trigger.event.empty() ? trigger.text : trigger.event, trigger.prefix, trigger.suffix},
        trigger.name);
    if (!trigger.qualifier.empty()) resource += fmt::format(" of {}", trigger.qualifier);
    PlannedStep removal = write(Action::remove, std::move(resource), std::move(reason),
                                delete_trigger(wanted_, trigger));
    removal.bucket = trigger.name;
    return removal;
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
    for (const WantedBucket& bucket : wanted_.buckets) {
      if (is_superseded(bucket)) continue;
      std::vector<std::string_view> held;
      for (const auto& event : bucket.events) {
        if (succession_.is_held(bucket, event)) {
          held.push_back(event);
        } else {
          add(creation_of(bucket, event, "after the function"));
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

  [[nodiscard]] PlannedStep creation_of(const WantedBucket& bucket, std::string_view event,
                                        std::string reason) const {
    PlannedStep creation = write(Action::create, wanted_trigger(bucket, event), std::move(reason),
                                 create_trigger(wanted_, bucket, event));
    creation.bucket = bucket.endpoint.host();
    return creation;
  }

  void take_over(const WantedBucket& bucket, const std::vector<std::string_view>& events) {
    for (auto& taken : succession_.take_over(bucket, events)) {
      plan_.steps.push_back(std::move(taken));
    }
  }

  // Removes the triggers before the function. Whether deleting a function also removes the bucket's
  // rule is not documented.
  void remove_triggers() {
    for (const auto& trigger : found_.triggers) {
      if (!is_ours(trigger)) continue;
      PlannedStep removal = removal_of(trigger, "the function goes");
      removal.bucket.clear();  // the function has to wait for it
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
    if (!mark || !mark->has_content_of(mark_) || mark->succession()) return false;
    // So that older replicas learn of a list that differs in other functions alone.
    if (claim_.keeps_house && mark->list() != mark_.list()) return false;
    return mark->buckets().size() <= mark_.buckets().size();
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

  // Plans the triggers of each bucket, and of those that are no longer wanted.
  void plan_triggers() {
    for (const auto& trigger : found_.triggers) {
      if (is_ours(trigger) && bucket_of(trigger) == nullptr) plan_former(trigger);
    }
    for (const WantedBucket& bucket : wanted_.buckets) {
      if (!is_superseded(bucket)) plan_triggers(bucket);
    }
  }

  // Plans a trigger of a bucket that is no longer this function's.
  void plan_former(const FoundTrigger& trigger) {
    if (const Wanted* const heir = succession_.sibling_that_takes(trigger)) {
      PlannedStep left = removal_of(trigger, {});
      add(step(Action::none, std::move(left.resource),
               fmt::format("{} takes it over", function_resource(*heir))));
    } else {
      add(removal_of(trigger, "its bucket is no longer configured"));
    }
  }

  // Plans the triggers of one bucket. Stale ones are removed first, as they may conflict with new
  // ones.
  void plan_triggers(const WantedBucket& bucket) {
    std::vector<const FoundTrigger*> ours;
    for (const auto& trigger : found_.triggers) {
      if (bucket_of(trigger) == &bucket) ours.push_back(&trigger);
    }
    std::sort(ours.begin(), ours.end(), [](const FoundTrigger* a, const FoundTrigger* b) {
      return preference(*a) < preference(*b);
    });
    std::vector<std::pair<std::string_view, const FoundTrigger*>> kept;
    for (const auto& event : bucket.events) {
      const auto same = [&event](const auto& entry) { return entry.first == event; };
      if (std::none_of(kept.begin(), kept.end(), same)) kept.emplace_back(event, nullptr);
    }
    for (const auto* trigger : ours) {
      const auto place = std::find_if(kept.begin(), kept.end(), [&](const auto& entry) {
        return entry.first == trigger->event && trigger->prefix == bucket.prefix &&
               trigger->suffix == bucket.suffix && is_default(*trigger);
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
      const auto resource = wanted_trigger(bucket, event);
      if (trigger == nullptr && history_.is_settling("CreateTrigger", resource)) {
        waits.push_back(creation_of(bucket, event, "absent"));
      } else if (trigger == nullptr && succession_.is_held(bucket, event)) {
        held.push_back(event);
      } else if (trigger == nullptr) {
        add(creation_of(bucket, event, "absent"));
      } else if (!trigger->enabled) {
        PlannedStep enabling =
            write(Action::update, resource, "it is disabled", enable_trigger(wanted_, *trigger));
        enabling.bucket = trigger->name;
        add(std::move(enabling));
      } else {
        add(step(Action::none, resource, "as wanted"));
      }
    }
    take_over(bucket, held);
    for (auto& wait : waits) add(std::move(wait));
  }

  [[nodiscard]] std::string rules_resource() const {
    return "retry rules of " + function_resource(wanted_);
  }

  [[nodiscard]] static std::string wanted_trigger(const WantedBucket& bucket,
                                                  std::string_view event) {
    return trigger_resource({event, bucket.prefix, bucket.suffix}, bucket.endpoint.host());
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
  return std::any_of(steps.begin(), steps.end(), [&](const PlannedStep& step) {
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

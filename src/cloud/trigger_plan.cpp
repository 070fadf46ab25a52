#include "cloud/trigger_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

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

std::string resource_of(const WantedBucket& bucket, std::string_view event) {
  return trigger_resource({event, bucket.prefix, bucket.suffix}, bucket.endpoint.host());
}

}  // namespace

BucketTriggers TriggerPlan::of(const WantedBucket& bucket) const {
  BucketTriggers planned;
  std::vector<const FoundTrigger*> ours;
  for (const auto& trigger : in_.found.triggers) {
    if (bucket_of(trigger) == &bucket) ours.push_back(&trigger);
  }
  std::ranges::sort(ours, [](const FoundTrigger* a, const FoundTrigger* b) {
    return preference(*a) < preference(*b);
  });
  std::vector<std::pair<std::string_view, const FoundTrigger*>> kept;
  for (const auto& event : bucket.events) {
    const auto same = [&event](const auto& entry) { return entry.first == event; };
    if (std::ranges::none_of(kept, same)) kept.emplace_back(event, nullptr);
  }
  std::vector<const FoundTrigger*> stale;
  const FoundTrigger* unread = nullptr;  // its description is not understood: it is left alone
  for (const auto* trigger : ours) {
    const auto place = std::ranges::find_if(kept, [&](const auto& entry) {
      return entry.first == trigger->event && trigger->prefix == bucket.prefix &&
             trigger->suffix == bucket.suffix && is_default(*trigger);
    });
    if (place == kept.end() && trigger->event.empty()) {
      unread = trigger;
    } else if (place == kept.end()) {
      stale.push_back(trigger);
    } else if (place->second == nullptr) {
      place->second = trigger;
    } else if (place->second->qualifier != trigger->qualifier) {
      planned.steps.push_back(removal_of(*trigger, "there is another one like it"));
    }  // else the service could not tell which one to delete
  }
  const bool full = is_full();
  for (const auto& [event, trigger] : kept) {
    const auto resource = resource_of(bucket, event);
    const auto in_the_way = [&](const FoundTrigger* one) {
      return full || holds_event_of(*one, bucket, event);
    };
    if (trigger == nullptr && unread == nullptr &&
        in_.history.is_settling("CreateTrigger", resource)) {
      planned.waits.push_back(creation(bucket, event, "absent"));
    } else if (const Wanted* const heir = heir_of_any();
               trigger == nullptr && full && stale.empty() && heir != nullptr) {
      PlannedStep wait = step(Action::wait, resource,
                              fmt::format("the function has as many triggers as it may, until {} "
                                          "takes one over",
                                          function_resource(*heir)));
      wait.bucket = bucket.endpoint.host();
      planned.waits.push_back(std::move(wait));
    } else if (trigger == nullptr &&
               (succession_.is_held(bucket, event) || std::ranges::any_of(stale, in_the_way))) {
      planned.held.push_back(event);
    } else if (trigger == nullptr && unread != nullptr &&
               (in_.history.has_written("CreateTrigger", resource) ||
                in_.history.attempts("CreateTrigger", resource) > 0)) {
      planned.steps.push_back(left_as_it_reads(resource, unread->text));
    } else if (trigger == nullptr) {
      planned.steps.push_back(creation(bucket, event, "absent"));
      planned.steps.back().dispensable = unread != nullptr;  // it may be that one
    } else if (!trigger->enabled) {
      PlannedStep enabling =
          write(Action::update, resource, "it is disabled", enable_trigger(in_.wanted, *trigger));
      enabling.bucket = trigger->name;
      planned.steps.push_back(std::move(enabling));
    } else {
      planned.steps.push_back(step(Action::none, resource, "as wanted"));
    }
  }
  for (const auto* trigger : stale) {
    PlannedStep removal = removal_of(*trigger, "no such trigger is wanted");
    const bool makes_way = std::ranges::any_of(planned.held, [&](std::string_view event) {
      return full || holds_event_of(*trigger, bucket, event);
    });
    if (makes_way) {
      removal.back = restore_trigger(in_.wanted, *trigger);
      planned.in_the_way.emplace_back(*trigger, std::move(removal));
    } else {
      planned.stale.push_back(std::move(removal));
    }
  }
  return planned;
}

std::vector<PlannedStep> TriggerPlan::former() const {
  std::vector<PlannedStep> steps;
  std::vector<PlannedStep> removals;
  for (const auto& trigger : in_.found.triggers) {
    if (!is_ours(trigger) || bucket_of(trigger) != nullptr) continue;
    if (const Wanted* const heir = succession_.sibling_that_takes(trigger)) {
      PlannedStep left = removal_of(trigger, {});
      steps.push_back(step(Action::none, std::move(left.resource),
                           fmt::format("{} takes it over", function_resource(*heir))));
    } else {
      PlannedStep removal = removal_of(trigger, "its bucket is no longer configured");
      const bool settles = in_.history.is_settling(removal.call.action, removal.resource);
      (settles ? steps : removals).push_back(std::move(removal));
    }
  }
  removals = in_one_go(std::move(removals));
  std::move(removals.begin(), removals.end(), std::back_inserter(steps));
  return steps;
}

// Whether deleting a function also removes the bucket's rule is not documented.
std::vector<PlannedStep> TriggerPlan::removals(bool made_anew) const {
  std::vector<PlannedStep> steps;
  for (const auto& trigger : in_.found.triggers) {
    if (!is_ours(trigger)) continue;
    PlannedStep removal = removal_of(trigger, "the function goes");
    removal.bucket.clear();  // the function has to wait for it
    if (made_anew) removal.back = restore_trigger(in_.wanted, trigger);
    if (in_.history.has_written(removal.call.action, removal.resource)) {
      // The list shows it late. There is no time to wait for that: a grace period is short.
      removal = step(Action::none, std::move(removal.resource), "deleted");
    }
    steps.push_back(std::move(removal));
  }
  return steps;
}

std::string TriggerPlan::others(bool made_anew) const {
  std::string names;
  for (const auto& trigger : in_.found.triggers) {
    if (is_ours(trigger) && !(made_anew && trigger.event.empty())) continue;
    if (!names.empty()) names += ", ";
    names += fmt::format("{} {}", trigger.type, trigger.name);
  }
  return names;
}

bool TriggerPlan::is_full() const {
  return static_cast<std::size_t>(
             std::ranges::count(in_.found.triggers, "cos", &FoundTrigger::type)) >= kMostTriggers;
}

const Wanted* TriggerPlan::heir_of_any() const {
  for (const auto& trigger : in_.found.triggers) {
    if (!is_ours(trigger) || bucket_of(trigger) != nullptr) continue;
    if (const Wanted* const heir = succession_.sibling_that_takes(trigger)) return heir;
  }
  return nullptr;
}

PlannedStep TriggerPlan::creation(const WantedBucket& bucket, std::string_view event,
                                  std::string reason) const {
  PlannedStep creation = write(Action::create, resource_of(bucket, event), std::move(reason),
                               create_trigger(in_.wanted, bucket, event));
  creation.bucket = bucket.endpoint.host();
  return creation;
}

const WantedBucket* TriggerPlan::bucket_of(const FoundTrigger& trigger) const {
  const auto found = std::ranges::find_if(in_.wanted.buckets, [&](const WantedBucket& bucket) {
    return bucket.endpoint.host() == trigger.name;
  });
  return trigger.type != "cos" || found == in_.wanted.buckets.end() ? nullptr : &*found;
}

PlannedStep TriggerPlan::removal_of(const FoundTrigger& trigger, std::string reason) const {
  auto resource = trigger_resource(
      {trigger.event.empty() ? trigger.text : trigger.event, trigger.prefix, trigger.suffix},
      trigger.name);
  if (!trigger.qualifier.empty()) resource += fmt::format(" of {}", trigger.qualifier);
  PlannedStep removal = write(Action::remove, std::move(resource), std::move(reason),
                              delete_trigger(in_.wanted, trigger));
  removal.bucket = trigger.name;
  return removal;
}

}  // namespace gateway::cloud

#include "cloud/succession_plan.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cloud/notification_rule.hpp"

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

// A generation further ahead is the mistake of a clock, which must not lock everybody out.
constexpr std::chrono::milliseconds kClockError = std::chrono::hours(1);

NotificationRule rule_of(const FoundTrigger& trigger) {
  return {trigger.event, trigger.prefix, trigger.suffix};
}

// As "2026-01-02 03:04:05 UTC".
std::string time_text(Generation generation) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", fmt::gmtime(generation / 1000));
}

std::string stands_back(std::string_view who, std::string_view what, Generation generation) {
  return fmt::format(
      "{} {} a newer configuration, of {}, so this one leaves it alone: stop this gateway, or "
      "restart it with the configuration that shall be in force",
      who, what, time_text(generation));
}

}  // namespace

std::string SuccessionPlan::newer_deployment() const {
  if (in_.found.function) {
    const FunctionMark mark = mark_in(in_.found.function->description);
    const auto& succession = mark.succession;
    if (succession && is_newer(succession->generation)) {
      return stands_back(function_resource(in_.wanted), "was superseded by",
                         succession->generation);
    }
    if (is_newer(mark.generation) && !mark.has_content_of(mark_of(in_.wanted))) {
      return stands_back(function_resource(in_.wanted), "was deployed by", mark.generation);
    }
  }
  for (const ListedFunction& one : in_.found.deployment) {
    const FunctionMark mark = mark_in(one.description);
    if (is_newer(mark.generation) && !mark.list.empty() && mark.list != in_.wanted.list) {
      return stands_back("function " + one.name, "was deployed with another list by",
                         mark.generation);
    }
  }
  return {};
}

std::string SuccessionPlan::newer_holder(const WantedBucket& bucket) const {
  for (const auto& related : in_.found.related) {
    const FunctionMark mark = mark_in(related.function.description);
    // Replicas of one configuration need not agree on its generation.
    const Wanted* const same = sibling(related);
    const bool as_wanted = same != nullptr && mark.has_content_of(mark_of(*same));
    if (is_newer(mark.generation) && !as_wanted && holds_events(related, bucket)) {
      return stands_back(function_resource(related), "holds the bucket's events for",
                         mark.generation);
    }
  }
  return {};
}

std::vector<PlannedStep> SuccessionPlan::take_over(const WantedBucket& bucket,
                                                   const std::vector<std::string_view>& events,
                                                   std::vector<InTheWay> own) const {
  std::vector<PlannedStep> steps;
  if (events.empty()) return steps;
  std::vector<InTheWay> in_the_way;
  for (const auto& related : in_.found.related) {
    const std::size_t before = in_the_way.size();
    for (const auto& trigger : related.triggers) {
      const bool conflicts = std::ranges::any_of(
          events, [&](std::string_view event) { return holds_event_of(trigger, bucket, event); });
      if (!conflicts) continue;
      PlannedStep removal = removal_of(related, trigger, "another function takes over");
      removal.back = restore_trigger(related, trigger);
      removal.holder = identity_of(related.space, related.name);
      in_the_way.emplace_back(trigger, std::move(removal));
    }
    if (in_the_way.size() == before) continue;
    if (related.function.phase() == FunctionPhase::changing) {
      steps.push_back(step(Action::wait, function_resource(related),
                           fmt::format("it is {}", related.function.explained_status())));
    }
    if (sibling(related) == nullptr && !is_marked(related) && is_markable(related)) {
      steps.push_back(mark_superseded(related));
    }
  }
  std::move(own.begin(), own.end(), std::back_inserter(in_the_way));
  steps.push_back(move(bucket, events, std::move(in_the_way)));
  for (PlannedStep& taken : steps) taken.bucket = bucket.endpoint.host();
  return steps;
}

bool SuccessionPlan::is_held(const WantedBucket& bucket, std::string_view event) const {
  return std::ranges::any_of(in_.found.related, [&](const RelatedFunction& related) {
    return std::ranges::any_of(related.triggers, [&](const FoundTrigger& trigger) {
      return holds_event_of(trigger, bucket, event);
    });
  });
}

const Wanted* SuccessionPlan::sibling_that_takes(const FoundTrigger& trigger) const {
  if (in_.claim.siblings == nullptr) return nullptr;
  for (const Wanted& one : *in_.claim.siblings) {
    if (one.space == in_.wanted.space && one.name == in_.wanted.name) continue;
    const bool takes = std::ranges::any_of(
        one.buckets, [&](const WantedBucket& bucket) { return holds_events_of(trigger, bucket); });
    if (takes) return &one;
  }
  return nullptr;
}

bool SuccessionPlan::is_newer(Generation generation) const {
  const auto latest = std::chrono::milliseconds(in_.claim.now.time_since_epoch()) + kClockError;
  return generation > in_.claim.generation && generation <= latest.count();
}

// What could not be created cannot be updated. What could not be updated or deleted may refuse to
// be updated again: then its events are more important than its mark.
bool SuccessionPlan::is_markable(const RelatedFunction& related) const {
  switch (related.function.phase()) {
    case FunctionPhase::active:
    case FunctionPhase::changing: return true;
    case FunctionPhase::create_failed: return false;
    case FunctionPhase::update_failed:
    case FunctionPhase::delete_failed: break;
  }
  const PlannedStep marks = mark_superseded(related);
  return in_.history.attempts(marks.call.action, marks.resource) < kAttempts;
}

bool SuccessionPlan::is_marked(const RelatedFunction& related) const {
  const auto succession = mark_in(related.function.description).succession;
  return succession && succession->heir == identity_;
}

const Wanted* SuccessionPlan::sibling(const RelatedFunction& related) const {
  if (in_.claim.siblings == nullptr) return nullptr;
  const auto found = std::ranges::find_if(*in_.claim.siblings, [&](const Wanted& one) {
    return one.space == related.space && one.name == related.name;
  });
  return found == in_.claim.siblings->end() ? nullptr : &*found;
}

bool SuccessionPlan::is_orphan(const RelatedFunction& related) const {
  const FunctionMark mark = mark_in(related.function.description);
  return in_.claim.keeps_house && sibling(related) == nullptr &&
         is_of_deployment(mark, in_.wanted) && !is_newer(mark.generation);
}

PlannedStep SuccessionPlan::mark_superseded(const RelatedFunction& related) const {
  FunctionMark mark = mark_in(related.function.description);
  Succession succession;
  succession.heir = identity_;
  succession.generation = in_.claim.generation;
  succession.since = in_.claim.now;
  // So that it is found again, where an older release wrote the mark.
  for (const WantedBucket& bucket : in_.wanted.buckets) {
    if (mark.buckets.empty() || holds_events(related, bucket)) {
      mark.add_bucket(bucket.endpoint.host());
    }
  }
  mark.succession = std::move(succession);
  PlannedStep marks =
      write(Action::update, function_resource(related),
            in_.wanted.wants_function()
                ? fmt::format("it has no part any more; its description tells that {} takes over",
                              function_resource(in_.wanted))
                : std::string("it has no part any more, which its description tells"),
            update_description(related, mark.description()));
  marks.elsewhere = true;
  marks.dispensable = related.function.phase() != FunctionPhase::active;
  return marks;
}

PlannedStep SuccessionPlan::removal_of(const RelatedFunction& related, const FoundTrigger& trigger,
                                       std::string reason) const {
  PlannedStep removal =
      write(Action::remove,
            fmt::format("{} of {}", trigger_resource(rule_of(trigger), trigger.name),
                        function_resource(related)),
            std::move(reason), delete_trigger(related, trigger));
  removal.elsewhere = true;
  return removal;
}

// Each trigger is created as soon as those are gone that are in its way. What is in the way of none
// makes room, where the function has as many triggers as it may.
PlannedStep SuccessionPlan::move(const WantedBucket& bucket,
                                 const std::vector<std::string_view>& events,
                                 std::vector<InTheWay> in_the_way) const {
  const auto is_for = [&](std::string_view event) {
    return [&bucket, event](const InTheWay& one) {
      return holds_event_of(*one.trigger, bucket, event);
    };
  };
  std::vector<PlannedStep> all;
  std::vector<PlannedStep> asks;
  for (const std::string_view event : events) {
    auto next = std::ranges::find_if(in_the_way, is_for(event));
    if (next == in_the_way.end()) {
      next = std::ranges::find_if(in_the_way, [&](const InTheWay& one) {
        return std::ranges::none_of(events, [&](auto other) { return is_for(other)(one); });
      });
    }
    for (; next != in_the_way.end(); next = std::ranges::find_if(in_the_way, is_for(event))) {
      all.push_back(std::move(next->removal));
      in_the_way.erase(next);
    }
    all.push_back(
        write(Action::create,
              trigger_resource({event, bucket.prefix, bucket.suffix}, bucket.endpoint.host()),
              "in the place of what is removed", create_trigger(in_.wanted, bucket, event)));
    if (asks.empty()) asks.push_back(all.back());
  }
  PlannedStep moved = std::move(all.front());
  moved.action = Action::move;
  if (moved.elsewhere) moved.reason = fmt::format("to {}", function_resource(in_.wanted));
  moved.asks = std::move(asks);
  moved.then.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  return moved;
}

std::set<std::string> lineage_of(const Wanted& wanted,
                                 const std::vector<RelatedFunction>& related) {
  std::set<std::string> lineage{identity_of(wanted.space, wanted.name)};
  const auto adopt = [&](const RelatedFunction& one) {
    const auto succession = mark_in(one.function.description).succession;
    return succession && lineage.contains(succession->heir) &&
           lineage.insert(identity_of(one.space, one.name)).second;
  };
  while (std::ranges::any_of(related, adopt)) {
  }
  return lineage;
}

bool is_of_deployment(const FunctionMark& mark, const Wanted& wanted) {
  return !wanted.deployment.empty() && mark.deployment == digest_of(wanted.deployment);
}

bool holds_events_of(const FoundTrigger& trigger, const WantedBucket& bucket) {
  return std::ranges::any_of(bucket.events, [&](const std::string& event) {
    return holds_event_of(trigger, bucket, event);
  });
}

bool holds_events(const RelatedFunction& related, const WantedBucket& bucket) {
  return std::ranges::any_of(related.triggers, [&](const FoundTrigger& trigger) {
    return holds_events_of(trigger, bucket);
  });
}

bool holds_event_of(const FoundTrigger& trigger, const WantedBucket& bucket,
                    std::string_view event) {
  return trigger.type == "cos" && trigger.name == bucket.endpoint.host() &&
         overlap(rule_of(trigger), {event, bucket.prefix, bucket.suffix});
}

}  // namespace gateway::cloud

#pragma once
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/found.hpp"
#include "cloud/function_mark.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// A trigger that has to go before another one can be made.
class InTheWay {
 public:
  InTheWay(const FoundTrigger& found, PlannedStep how) : trigger(&found), removal(std::move(how)) {}

  const FoundTrigger* trigger;
  PlannedStep removal;
};

// Plans how a function takes over from its predecessors. A changed function.name or eventbus
// makes another function, and COS tells an event to one function only: the predecessor keeps the
// bucket's rule until it is taken from it. So the new function is made ready first; then the
// predecessor is marked as superseded, which a process that starts after a crash finds; then the
// rule moves in two calls that follow each other at once; and when the predecessor can no longer be
// invoked it is deleted.
//
// Of one configuration with several functions, a bucket may move from one function to another. The
// two are siblings: the rule moves in the same way, but the giver stays and is not marked. A
// function of the deployment that the configuration no longer has is an orphan: whoever keeps house
// removes the rules that nobody wants, and deletes it as it deletes a predecessor. Refers to all it
// is given.
class SuccessionPlan {
 public:
  explicit SuccessionPlan(const PlanInput& in)
      : in_(in), identity_(identity_of(in.wanted.space, in.wanted.name)) {}

  // Returns which newer deployment has the function, in words; empty if none has.
  [[nodiscard]] std::string newer_deployment() const;
  // Returns which newer deployment has events of the bucket, in words; empty if none has.
  [[nodiscard]] std::string newer_holder(const WantedBucket& bucket) const;
  // Returns the steps that make triggers for `events` in the place of those that predecessors or
  // siblings hold, or the function itself has: `own`.
  [[nodiscard]] std::vector<PlannedStep> take_over(const WantedBucket& bucket,
                                                   const std::vector<std::string_view>& events,
                                                   std::vector<InTheWay> own = {}) const;
  // Returns whether one of them holds this event, or one that overlaps.
  [[nodiscard]] bool is_held(const WantedBucket& bucket, std::string_view event) const;
  // Returns the sibling that will take over the rule of this trigger, or null.
  [[nodiscard]] const Wanted* sibling_that_takes(const FoundTrigger& trigger) const;
  // Adds to `plan` how those are deleted that were superseded: when the claim's grace period has
  // passed, or at once.
  void retire(Plan& plan, bool at_once) const;

 private:
  using Triggers = std::vector<const FoundTrigger*>;

  // How often what may be refused for good is tried in one run.
  static constexpr unsigned kAttempts = 3;

  [[nodiscard]] bool is_newer(Generation generation) const;
  // Whether the wanted function took over from it.
  [[nodiscard]] bool is_marked(const RelatedFunction& related) const;
  [[nodiscard]] bool is_markable(const RelatedFunction& related) const;
  // Returns the triggers that go with a function when it is deleted.
  [[nodiscard]] Triggers own_triggers(const RelatedFunction& related) const;
  [[nodiscard]] const Wanted* sibling(const RelatedFunction& related) const;
  [[nodiscard]] bool is_orphan(const RelatedFunction& related) const;
  // Returns whether this function or a sibling wants what the trigger is for.
  [[nodiscard]] bool is_wanted(const FoundTrigger& trigger) const;
  [[nodiscard]] PlannedStep mark_superseded(const RelatedFunction& related) const;
  [[nodiscard]] PlannedStep removal_of(const RelatedFunction& related, const FoundTrigger& trigger,
                                       std::string reason) const;
  [[nodiscard]] PlannedStep move(const WantedBucket& bucket,
                                 const std::vector<std::string_view>& events,
                                 std::vector<InTheWay> in_the_way) const;
  // Plans what goes of an orphan before it is marked. Returns whether anything is left to do.
  [[nodiscard]] bool empty_orphan(const RelatedFunction& related, Plan& plan) const;
  void retire(const RelatedFunction& related, Plan& plan, bool at_once) const;

  const PlanInput& in_;
  const std::string identity_;
};

// Returns which of these functions the wanted one took over from, and which those took over from in
// turn, by identity_of(); the wanted one is among them.
[[nodiscard]] std::set<std::string> lineage_of(const Wanted& wanted,
                                               const std::vector<RelatedFunction>& related);

// Returns whether a mark is one of the deployment that a function belongs to.
[[nodiscard]] bool is_of_deployment(const FunctionMark& mark, const Wanted& wanted);
// Returns whether the rule of a trigger and one of a bucket's overlap.
[[nodiscard]] bool holds_events_of(const FoundTrigger& trigger, const WantedBucket& bucket);
// Returns the same of any trigger of another function.
[[nodiscard]] bool holds_events(const RelatedFunction& related, const WantedBucket& bucket);
// Returns the same of one event.
[[nodiscard]] bool holds_event_of(const FoundTrigger& trigger, const WantedBucket& bucket,
                                  std::string_view event);

}  // namespace gateway::cloud

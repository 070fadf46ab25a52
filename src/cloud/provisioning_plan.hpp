#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/found.hpp"
#include "cloud/function_mark.hpp"
#include "cloud/notification_rule.hpp"
#include "cloud/provisioning_history.hpp"
#include "cloud/scf_requests.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// One thing provisioning would do to one resource, or why it leaves it alone.
struct PlannedStep {
  enum class Action { none, wait, create, update, remove, move, refuse };

  PlannedStep() = default;
  Action action = Action::none;
  std::string resource;  // "function default/relay", "trigger cos:ObjectCreated:* on ..."
  std::string reason;    // "absent", "memory is 64 MB, wanted 128 MB"
  std::string code;      // of `refuse`: an error code, the platform's where it gave one
                         // of `none`: kReadsOtherwise, or empty
  ScfCall call;          // of `create`, `update`, `remove` and `move`
  // Of a step about one bucket's triggers: its host. Other buckets need not wait for it.
  std::string bucket;
  // What it is done to is a predecessor, not the wanted function.
  bool elsewhere = false;
  // Provisioning goes on without it if it is refused.
  bool dispensable = false;
  // Of `refuse`: it is for want of rights.
  bool denied = false;
  // Of `move`: what is carried out right after `call`, without another look, so that the bucket is
  // without a rule for no longer than that takes.
  std::vector<PlannedStep> then;
  // What is called first, before anything is taken away: the answer is that it is there already, or
  // that what is in its way holds the rule. With any other refusal nothing is taken away.
  std::vector<PlannedStep> asks;
  // Of the removal of what makes way for something else: the call that puts it back, for when that
  // is refused. Without an action there is none.
  ScfCall back;
  // Of the removal of another function's trigger: identity_of() that function.
  std::string holder;
};
[[nodiscard]] std::string_view label(PlannedStep::Action action) noexcept;
// The code of what was written in this run and accepted, and reads otherwise all the same. It is
// not written again and again, and holds up nothing.
inline constexpr std::string_view kReadsOtherwise = "ReadsOtherwise";

// Returns a step without a call, one with a call, and a refusal.
[[nodiscard]] PlannedStep step(PlannedStep::Action action, std::string resource,
                               std::string reason);
[[nodiscard]] PlannedStep write(PlannedStep::Action action, std::string resource,
                                std::string reason, ScfCall call);
[[nodiscard]] PlannedStep refusal(std::string resource, std::string code, std::string reason);
// Returns one step that takes all of these removals of one function's triggers, one right after the
// other; none of none.
[[nodiscard]] std::vector<PlannedStep> in_one_go(std::vector<PlannedStep> removals);
// Returns the step of what is left alone as it reads otherwise than it was written.
[[nodiscard]] PlannedStep left_as_it_reads(std::string resource, std::string_view difference);

// Returns "function default/relay".
[[nodiscard]] std::string function_resource(const FunctionReference& function);
// Returns "trigger cos:ObjectCreated:* prefix 'in/' on <bucket>".
[[nodiscard]] std::string trigger_resource(const NotificationRule& rule, std::string_view bucket);

struct Plan {
  std::vector<PlannedStep> steps;  // in the order they are taken
  // Which newer deployment this one leaves everything to, and what to do about it; empty: none.
  std::string superseded;
  // The same for single buckets, by host.
  std::map<std::string, std::string, std::less<>> superseded_buckets;
  // When there will be something to do that is not due yet.
  std::optional<std::chrono::seconds> again_in;

  // Returns the first step that is not `none`, or null: everything is as wanted.
  [[nodiscard]] const PlannedStep* next() const noexcept;
  // Returns the step to take while nothing is done about the buckets `held_up`. A step that waits
  // for one bucket is returned only if nothing can be done for another.
  [[nodiscard]] const PlannedStep* next(const std::set<std::string, std::less<>>& held_up) const;
  // Returns whether there is anything to do for a bucket.
  [[nodiscard]] bool concerns(std::string_view bucket) const;
};

// What becomes of a function of the wanted name that lacks our mark.
enum class Unmarked : std::uint8_t {
  refuse,
  adopt,  // it is ours, its code and settings unknown
};

// A function that was to be made anew, as its runtime is another, and cannot be: it stays as it
// was, or is made again as it was.
class RefusedFunction {
 public:
  explicit RefusedFunction(const FoundFunction& found) : was(found) {}
  // Returns whether what is wanted runs as this function does, but for its runtime.
  [[nodiscard]] static bool is_possible(const FoundFunction& found, const Wanted& wanted);

  FoundFunction was;
  std::string text;  // why, for operators; empty as long as it is not refused
  std::string code;
  bool denied = false;
};

// On whose behalf a plan is made, and when.
struct Claim {
  Unmarked unmarked = Unmarked::refuse;
  // A deployment of a newer generation is left alone.
  Generation generation = 0;
  // Of a predecessor: how long after its events were taken over it is deleted. Its invocations
  // under way, and those the platform repeats, need that long.
  std::chrono::seconds grace{0};
  std::chrono::sys_seconds now{};
  // The other functions of the configuration in the region, or null. They give up what this one
  // takes over, and get what it gives up.
  const std::vector<Wanted>* siblings = nullptr;
  // Whether this function's plan also removes what the deployment has and no longer wants.
  bool keeps_house = false;
  // What the mark of the function that keeps house says of where the deployment has functions.
  std::set<Location> locations;
  // That the function cannot be as wanted, or null.
  const RefusedFunction* refused = nullptr;
};

// What the parts of a plan are made from. Refers to all but the mark, which is the wanted one.
struct PlanInput {
  const Wanted& wanted;
  const Found& found;
  const ProvisioningHistory& history;
  const Claim& claim;
  FunctionMark mark;
};

// Returns the steps from what was found to what is wanted. Only the first that is not `none` is to
// be taken; then comes another look, and another plan.
[[nodiscard]] Plan plan_convergence(const Wanted& wanted, const Found& found,
                                    const ProvisioningHistory& history, const Claim& claim = {});

// Returns the steps until neither triggers nor function are left, nor predecessors. What lacks our
// mark is refused.
[[nodiscard]] Plan plan_removal(const Wanted& wanted, const Found& found,
                                const ProvisioningHistory& history, const Claim& claim = {});

// Returns how long a predecessor may still be invoked: all tries of an invocation, a minute apart.
// SCF "Retry policy".
[[nodiscard]] std::chrono::seconds grace_of(const Wanted& wanted) noexcept;

}  // namespace gateway::cloud

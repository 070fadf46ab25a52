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
#include "cloud/planned_step.hpp"
#include "cloud/provisioning_history.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

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

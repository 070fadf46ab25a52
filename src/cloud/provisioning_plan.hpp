#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
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
  // When there will be something to do that is not due yet.
  std::optional<std::chrono::seconds> again_in;

  // The first that is not `none`, or null: everything is as wanted.
  [[nodiscard]] const PlannedStep* next() const noexcept;
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

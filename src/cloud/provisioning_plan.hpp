#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cloud/found.hpp"
#include "cloud/provisioning_history.hpp"
#include "cloud/scf_requests.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// One thing provisioning would do to one resource, or why it leaves it alone.
struct PlannedStep {
  enum class Action { none, wait, create, update, remove, refuse };

  PlannedStep() = default;
  Action action = Action::none;
  std::string
      resource;  // "function default/relay", "retry rules", "trigger cos:ObjectCreated:* on ..."
  std::string reason;  // "absent", "memory is 64 MB, wanted 128 MB"
  std::string code;    // of `refuse`: an error code, the platform's where it gave one
  ScfCall call;        // of `create`, `update` and `remove`
};
[[nodiscard]] std::string_view label(PlannedStep::Action action) noexcept;

struct Plan {
  std::vector<PlannedStep> steps;  // in the order they are taken

  // The first that is not `none`, or null: everything is as wanted.
  [[nodiscard]] const PlannedStep* next() const noexcept;
};

// What becomes of a function of the wanted name that lacks our mark.
enum class Unmarked : std::uint8_t {
  refuse,
  adopt,  // it is ours, its code and settings unknown
};

// The steps from what was found to what is wanted. Only the first that is not `none` is to be
// taken; then comes another look, and another plan.
[[nodiscard]] Plan plan_convergence(const Wanted& wanted, const Found& found,
                                    const ProvisioningHistory& history, Unmarked unmarked);

// The steps until neither triggers nor function are left. What lacks our mark is refused.
[[nodiscard]] Plan plan_removal(const Wanted& wanted, const Found& found,
                                const ProvisioningHistory& history);

}  // namespace gateway::cloud

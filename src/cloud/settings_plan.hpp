#pragma once
#include "cloud/found.hpp"
#include "cloud/provisioning_plan.hpp"

// What becomes of a function that is there: its code, its settings and its retry rules, each
// brought to what is wanted, with the differences as the reason. Each returns one step, which is
// `none` if everything is as wanted.
namespace gateway::cloud {

[[nodiscard]] PlannedStep plan_code(const PlanInput& in, const FoundFunction& function);
[[nodiscard]] PlannedStep plan_settings(const PlanInput& in, const FoundFunction& function);
[[nodiscard]] PlannedStep plan_retry_rules(const PlanInput& in);
// Returns the step that sets the retry rules of a new function.
[[nodiscard]] PlannedStep plan_first_retry_rules(const Wanted& wanted);

}  // namespace gateway::cloud

#pragma once
#include "cloud/found.hpp"
#include "cloud/function_mark.hpp"
#include "cloud/planned_step.hpp"
#include "cloud/provisioning_history.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

// Plans what becomes of a function that is there: its code, its settings and its retry rules, each
// brought to what is wanted, with the differences as the reason. Refers to all it is given.
class SettingsPlan {
 public:
  // `mark` is the wanted one. `keeps_house`: see Claim.
  SettingsPlan(const Wanted& wanted, const Found& found, const ProvisioningHistory& history,
               const FunctionMark& mark, bool keeps_house)
      : wanted_(wanted), found_(found), history_(history), mark_(mark), keeps_house_(keeps_house) {}

  // Each returns one step, which is `none` if everything is as wanted.
  [[nodiscard]] PlannedStep code(const FoundFunction& function) const;
  [[nodiscard]] PlannedStep settings(const FoundFunction& function) const;
  [[nodiscard]] PlannedStep retry_rules() const;
  // Returns the step that sets the retry rules of a new function.
  [[nodiscard]] PlannedStep first_retry_rules() const;

 private:
  [[nodiscard]] bool is_marked_as_wanted(const FoundFunction& function) const;

  const Wanted& wanted_;
  const Found& found_;
  const ProvisioningHistory& history_;
  const FunctionMark& mark_;
  const bool keeps_house_;
};

}  // namespace gateway::cloud

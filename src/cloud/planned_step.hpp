#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cloud/notification_rule.hpp"
#include "cloud/scf_requests.hpp"

namespace gateway::cloud {

// One thing provisioning would do to one resource, or why it leaves it alone.
struct PlannedStep {
  enum class Action { none, wait, create, update, remove, move, refuse };

  PlannedStep() = default;
  Action action = Action::none;
  std::string resource;  // "function default/relay", "trigger cos:ObjectCreated:* on ..."
  std::string reason;    // "absent", "memory is 64 MB, wanted 128 MB"
  std::string code;      // of `refuse`: an error code, the platform's where it gave one
  ScfCall call;          // of `create`, `update`, `remove` and `move`
  // Of a step about one bucket's triggers: its host. Other buckets need not wait for it.
  std::string bucket;
  // What it is done to is a predecessor, not the wanted function.
  bool elsewhere = false;
  // Provisioning goes on without it if it is refused.
  bool dispensable = false;
  // Of `move`: what is carried out right after `call`, without another look, so that the bucket is
  // without a rule for no longer than that takes.
  std::vector<PlannedStep> then;
  // Of `move`: the calls that put back what was there, for when `then` is refused for good.
  std::vector<ScfCall> undo;
};
[[nodiscard]] std::string_view label(PlannedStep::Action action) noexcept;

// Returns a step without a call, one with a call, and a refusal.
[[nodiscard]] PlannedStep step(PlannedStep::Action action, std::string resource,
                               std::string reason);
[[nodiscard]] PlannedStep write(PlannedStep::Action action, std::string resource,
                                std::string reason, ScfCall call);
[[nodiscard]] PlannedStep refusal(std::string resource, std::string code, std::string reason);

// Returns "function default/relay".
[[nodiscard]] std::string function_resource(const FunctionReference& function);
// Returns "trigger cos:ObjectCreated:* prefix 'in/' on <bucket>".
[[nodiscard]] std::string trigger_resource(const NotificationRule& rule, std::string_view bucket);

}  // namespace gateway::cloud

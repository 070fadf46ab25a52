#pragma once
#include <string>
#include <vector>

namespace gateway::cloud {

// One thing provisioning would do to one resource, or why it leaves it alone.
struct PlannedStep {
  enum class Action { none, wait, create, update, remove, refuse };

  PlannedStep() = default;
  Action action = Action::none;
  std::string
      resource;  // "function default/relay", "retry rules", "trigger cos:ObjectCreated:* on ..."
  std::string reason;  // "absent", "memory is 64 MB, wanted 128 MB"
};

struct Plan {
  std::vector<PlannedStep> steps;  // in the order they are taken
};

}  // namespace gateway::cloud

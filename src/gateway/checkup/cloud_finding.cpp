#include "gateway/checkup/cloud_finding.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gateway::checkup {

using Action = cloud::PlannedStep::Action;

Finding cloud_finding(const std::optional<cloud::ApiResult<cloud::Plan>>& plan,
                      const std::string& api) {
  constexpr const char* kSubject = "cloud";
  if (!plan) {
    return Finding::fail(Blame::unavailable, kSubject, api + ": no answer in time",
                         "is function.api reachable from here?");
  }
  if (!*plan) {
    const auto& error = plan->error();
    const bool denied = error.kind() == cloud::ErrorKind::denied;
    return Finding::fail(denied ? Blame::denied : Blame::unavailable, kSubject,
                         fmt::format("{}: {}", api, error.text()),
                         denied ? "docs/provisioning.md lists the rights that are needed" : "");
  }
  const auto& steps = (*plan)->steps;
  const auto refused =
      std::ranges::find_if(steps, [](const auto& step) { return step.action == Action::refuse; });
  if (refused != steps.end()) {
    return Finding::fail(Blame::unavailable, kSubject,
                         fmt::format("{}: {}: {}", api, refused->resource, refused->reason),
                         "an operator has to act; docs/provisioning.md says how");
  }
  if (!(*plan)->superseded.empty()) {
    return Finding::warn(kSubject, fmt::format("{}: {}", api, (*plan)->superseded), "");
  }
  const auto* const next = (*plan)->next();
  const std::string text = api + ": the credentials are taken, for reads";
  if (next == nullptr) {
    return Finding::ok(kSubject, text + "; function and triggers are as configured");
  }
  return Finding::ok(kSubject, fmt::format("{}; run would {} {} ({})", text, label(next->action),
                                           next->resource, next->reason));
}

}  // namespace gateway::checkup

#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cloud/provisioning_patience.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/provisioning_status.hpp"
#include "cloud/wanted.hpp"

namespace gateway::cloud {

enum class ProvisioningGoal : std::uint8_t { converge, remove };

// Keeps the status of one function's provisioning, and tells the log and a listener of its changes.
// What it is told is what happens next, in the order of a run; each call publishes a status.
class ProvisioningReporter {
 public:
  using Listener = std::function<void(const ProvisioningStatus&)>;

  // The arguments must outlive this. `obstacles` and `plan` are those of the present run: buckets
  // with an obstacle or a newer owner of their own have another state than the function.
  ProvisioningReporter(const Wanted& wanted, const BucketObstacles& obstacles, const Plan& plan,
                       Listener listener);

  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return status_; }

  // Tells that everything is going to be deleted.
  void removing();
  // Tells which step is taken, or waited for. `repairs`: all was as wanted once.
  void step(const PlannedStep& step, ProvisioningGoal goal, bool repairs);
  // Tells that an obstacle of a bucket was found.
  void bucket_held_up() { publish(status_); }
  // Tells that something failed that is tried again after a pause.
  void retry_later(const NextMove& move, ProvisioningGoal goal);
  // Tells that an operator has to act.
  void give_up(std::string text, std::string code, bool denied);
  // Tells that the deadline came first.
  void too_late();
  // Tells that nothing is left to do by the plan, which may leave everything to a newer deployment.
  void succeed(ProvisioningGoal goal);

 private:
  [[nodiscard]] std::vector<BucketStatus> bucket_states(ProvisioningState whole,
                                                        const std::string& error) const;
  void publish(ProvisioningStatus status);

  const Wanted& wanted_;
  const BucketObstacles& obstacles_;
  const Plan& plan_;
  Listener listener_;
  ProvisioningStatus status_;
};

}  // namespace gateway::cloud

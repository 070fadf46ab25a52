#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/found.hpp"
#include "cloud/provisioning_patience.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/wanted.hpp"
#include "runtime/clock.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

enum class ProvisioningState {
  working,   // not confirmed yet, nothing wrong so far
  retrying,  // something failed that may pass
  ready,     // function, retry rules and triggers confirmed by reading them
  failed,    // an operator has to act; looked at again at the next reconciliation
  removing,
  removed,
};
[[nodiscard]] std::string_view label(ProvisioningState state) noexcept;

// What /status and the log show.
struct ProvisioningStatus {
  ProvisioningStatus() = default;
  ProvisioningState state = ProvisioningState::working;
  std::string step;        // what is being done, in words; empty when nothing is
  std::string last_error;  // the last failure, kept until a later success
  std::string code;        // its error code
  bool denied = false;     // `failed` for want of rights or credentials

  [[nodiscard]] bool operator==(const ProvisioningStatus&) const = default;
};

// Brings the cloud to what is wanted and keeps it there: read, ask the plan for the next step, take
// it, read again. Every write follows a read, so a lost answer, a lost race against another replica
// and a restart in the middle are all the same case. Used on one thread; whoever spawned one of the
// coroutines joins it before this dies. One coroutine at a time.
class Provisioner {
 public:
  using Listener = std::function<void(const ProvisioningStatus&)>;

  // `api` must outlive this. `listener` hears of every change of the status, on the same thread.
  Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
              Listener listener, Unmarked unmarked = Unmarked::refuse);

  // Until everything is confirmed, an operator has to act, `deadline` has passed or
  // stop() was called; status() then says more. True if everything is confirmed.
  [[nodiscard]] Task<bool> converge(Instant deadline = Instant::max());
  // converge() again and again, until stop().
  [[nodiscard]] Task<void> keep();
  // Triggers first, then the function, until both are absent. Nothing that lacks our mark is
  // touched: that is `failed`, and false. True if the function is absent. Works after stop() as
  // well; a call under way at the deadline is let finish.
  [[nodiscard]] Task<bool> remove(Instant deadline);
  // Reads only: what converge() or remove() would do now, and why.
  [[nodiscard]] Task<ApiResult<Plan>> examine(bool removal);

  // Ends converge() and keep() soon, wherever they are: the call under way is let finish.
  void stop();
  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return status_; }
  // Whether the cloud has ever told what there is. Until then nothing can have been made here.
  [[nodiscard]] bool has_looked() const noexcept { return has_looked_; }

 private:
  enum class Goal : std::uint8_t { converge, remove };

  [[nodiscard]] Task<bool> run(Goal goal, Instant deadline);
  [[nodiscard]] Task<ApiResult<Found>> look(Goal goal, Instant deadline);
  [[nodiscard]] Task<ApiResult<std::vector<FoundTrigger>>> look_at_triggers();
  [[nodiscard]] Task<void> pause(Goal goal, std::chrono::milliseconds time, Instant deadline);
  [[nodiscard]] Plan plan(Goal goal, const Found& found, const ProvisioningHistory& history) const;
  [[nodiscard]] bool goes_on(Goal goal, Instant deadline) const;

  void announce(Goal goal, const PlannedStep& step);
  void give_up(std::string text, std::string code, bool denied);
  void retry_later(const NextMove& move, Goal goal);
  void succeed(Goal goal);
  void publish(ProvisioningStatus status);

  Api& api_;
  const Wanted wanted_;
  const ProvisioningPace pace_;
  const Unmarked unmarked_;
  Listener listener_;
  Signal wake_;
  bool stopped_ = false;
  bool has_looked_ = false;
  bool was_ready_ = false;  // what differs from now on is drift
  bool repairing_ = false;  // in this run
  ProvisioningStatus status_;
};

}  // namespace gateway::cloud

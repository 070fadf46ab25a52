#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
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
};

// How long things wait.
struct ProvisioningPace {
  ProvisioningPace() = default;
  std::chrono::milliseconds poll{1000};           // between looks at a changing function; jittered
  std::chrono::milliseconds settle{300'000};      // for a function to become active or absent
  std::chrono::milliseconds retry_initial{1000};  // back-off after a transient error, full jitter
  std::chrono::milliseconds retry_max{60'000};
  std::chrono::milliseconds reconcile{600'000};  // between two reconciliations; jittered by 10 %
  unsigned stubborn_attempts = 5;                // before a stubborn error becomes permanent
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
              Listener listener);

  // Until everything is confirmed (empty text), an operator has to act, `deadline` has passed or
  // stop() was called; status() then says more. True if everything is confirmed.
  [[nodiscard]] Task<bool> converge(Instant deadline = Instant::max());
  // converge() again and again, until stop().
  [[nodiscard]] Task<void> keep();
  // Triggers first, then the function, until both are absent. Nothing that lacks our mark is
  // touched. True if nothing of ours is left. Works after stop() as well.
  [[nodiscard]] Task<bool> remove(Instant deadline);
  // Reads only: what converge() or remove() would do now, and why.
  [[nodiscard]] Task<ApiResult<Plan>> examine(bool removal);

  // Ends converge() and keep() soon, wherever they are: the call under way is let finish.
  void stop();
  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return status_; }

 private:
  ProvisioningStatus status_;
};

}  // namespace gateway::cloud

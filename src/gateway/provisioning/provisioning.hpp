#pragma once
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "gateway/auth/accepted_tokens.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/provisioning/early_look.hpp"
#include "gateway/provisioning/relay_deployment.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {

// Keeps the relay function and its triggers as configured while the gateway runs, beside the event
// path and without touching it. Used on the control thread.
class Provisioning {
 public:
  // Called when an operator has to act, on the control thread.
  using OnFailure = std::function<void(const cloud::ProvisioningStatus&)>;

  Provisioning(const Executor& executor, const config::Settings& settings,
               const DeploymentOptions& options, Supervisor& supervisor);

  // Called with the tokens to accept besides those in force, on the control thread. `all`: every
  // function has been looked at, so that none is missing.
  using OnTokens = std::function<void(std::vector<Secret>, bool all)>;

  // Before start().
  void on_failure(OnFailure callback) { on_failure_ = std::move(callback); }
  void on_tokens(OnTokens callback) { on_tokens_ = std::move(callback); }
  // Tells how many posts have been refused since the start for the key they are signed with. It may
  // be that of a function which another replica has made: then the cloud is looked at.
  void note_refused(std::uint64_t posts, Instant now);
  void start();
  // Starts again what was dropped for want of memory.
  void revive() {
    part_.revive([this] { start(); });
  }
  // Ends what start() began. If function.on_stop says so, deletes the triggers and the function, at
  // most until `deadline`. No coroutine of this object runs afterwards.
  [[nodiscard]] Task<void> stop(Instant deadline);

  [[nodiscard]] const cloud::ProvisioningStatus& status() const noexcept { return status_; }

 private:
  void changed(const cloud::ProvisioningStatus& status);
  [[nodiscard]] Task<void> remove(Instant deadline);

  const Executor executor_;
  const bool delete_on_stop_;
  cloud::ProvisioningStatus status_;
  OnFailure on_failure_;
  OnTokens on_tokens_;
  auth::FormerTokens former_tokens_;
  EarlyLook early_look_;
  const std::unique_ptr<cloud::Provisioners> provisioners_;
  Signal ended_;
  Supervisor::Part part_;
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace gateway

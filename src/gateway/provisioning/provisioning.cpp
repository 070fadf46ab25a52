#include "gateway/provisioning/provisioning.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "runtime/log.hpp"

namespace gateway {

Provisioning::Provisioning(const Executor& executor, const config::Settings& settings,
                           const DeploymentOptions& options, Supervisor& supervisor)
    : executor_(executor),
      delete_on_stop_(settings.function.on_stop == config::OnStop::delete_function),
      provisioners_(make_provisioners(
          executor, settings, [this](const cloud::ProvisioningStatus& status) { changed(status); },
          options)),
      ended_(executor),
      part_(supervisor, "provisioning") {
  status_ = provisioners_->status();
  provisioners_->on_tokens([this](const std::vector<Secret>& tokens, bool all) {
    auto accepted = former_tokens_.seen(tokens, std::chrono::steady_clock::now());
    if (on_tokens_) on_tokens_(std::move(accepted), all);
  });
}

void Provisioning::changed(const cloud::ProvisioningStatus& status) {
  const bool failed = status.state == cloud::ProvisioningState::failed &&
                      status_.state != cloud::ProvisioningState::failed;
  status_ = status;
  if (failed && on_failure_) on_failure_(status_);
}

void Provisioning::note_refused(std::uint64_t posts, Instant now) {
  if (early_look_.due(posts, now)) provisioners_->look_soon();
}

void Provisioning::start() {
  running_ = true;
  const auto run = [this] { return provisioners_->keep(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return stopping_; };
  asio::co_spawn(executor_, keep_running(part_, executor_, run, holds_nothing, stopping),
                 [this](const std::exception_ptr& error) {
                   if (error) log::internal_error("provisioning", error);
                   running_ = false;
                   ended_.notify_all();
                 });
}

Task<void> Provisioning::stop(Instant deadline) {
  stopping_ = true;
  provisioners_->stop();
  if (!delete_on_stop_) provisioners_->cancel();
  while (running_ && std::chrono::steady_clock::now() < deadline) {
    co_await ended_.wait_until(deadline);
  }
  if (running_) {
    provisioners_->cancel();
    while (running_) co_await ended_.wait();
  }
  if (delete_on_stop_) co_await remove(deadline);
}

// If the cloud never answered, this process has created nothing, and `deprovision` can delete what
// an earlier one left.
Task<void> Provisioning::remove(Instant deadline) {
  if (!provisioners_->has_looked()) {
    log::warn("the cloud was never reached; nothing is deleted", {{"error", status_.last_error}});
    co_return;
  }
  // remove() checks its deadline between calls; a call that hangs is cancelled.
  Timer limit(executor_, deadline);
  limit.async_wait([this](const error_code& error) {
    if (!error) provisioners_->cancel();
  });
  const bool removed = co_await provisioners_->remove(deadline);
  if (!removed && status_.state != cloud::ProvisioningState::superseded) {
    log::error("the relay function may be left behind", {{"error", status_.last_error}});
  }
}

}  // namespace gateway

#include "cloud/provisioning_reporter.hpp"

#include <fmt/format.h>

#include <utility>

#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

std::string in_words(const PlannedStep& step) {
  return fmt::format("{} {}: {}", label(step.action), step.resource, step.reason);
}

void log_write(const PlannedStep& step, bool repairs) {
  log::write(repairs ? log::Level::warn : log::Level::info,
             repairs ? "provisioning repairs drift" : "provisioning",
             {{"action", label(step.action)},
              {"call", step.call.action},
              {"resource", step.resource},
              {"reason", step.reason}});
}

// Of a function with several buckets: those whose state is not the function's.
void log_buckets(const ProvisioningStatus& before, const ProvisioningStatus& now) {
  if (now.buckets.size() < 2) return;
  for (std::size_t i = 0; i < now.buckets.size(); ++i) {
    const BucketStatus& bucket = now.buckets[i];
    const bool whole = bucket.state == now.state;
    const bool news = i >= before.buckets.size() || !(bucket == before.buckets[i]);
    if (whole || !news || bucket.last_error.empty()) continue;
    log::warn("provisioning of a bucket", {{"bucket", bucket.bucket},
                                           {"function", bucket.function},
                                           {"state", label(bucket.state)},
                                           {"code", bucket.code},
                                           {"error", bucket.last_error}});
  }
}

// Logs what is news in `now`: another state, and buckets that are in trouble.
void log_news(const ProvisioningStatus& before, const ProvisioningStatus& now) {
  log_buckets(before, now);
  const bool failed = now.state == ProvisioningState::failed;
  if (now.state == before.state && !(failed && now.last_error != before.last_error)) return;
  const auto state = label(now.state);
  switch (now.state) {
    case ProvisioningState::failed:
      log::error("provisioning", {{"state", state}, {"code", now.code}, {"error", now.last_error}});
      break;
    case ProvisioningState::superseded:
      log::warn("provisioning", {{"state", state}, {"reason", now.last_error}});
      break;
    case ProvisioningState::retrying:
      log::warn("provisioning", {{"state", state}, {"step", now.step}, {"error", now.last_error}});
      break;
    default: log::info("provisioning", {{"state", state}, {"step", now.step}});
  }
}

}  // namespace

ProvisioningReporter::ProvisioningReporter(const Wanted& wanted, const BucketObstacles& obstacles,
                                           const Plan& plan, Listener listener)
    : wanted_(wanted), obstacles_(obstacles), plan_(plan), listener_(std::move(listener)) {
  status_.buckets = bucket_states(status_.state, {});
}

void ProvisioningReporter::removing() {
  ProvisioningStatus status = status_;
  status.state = ProvisioningState::removing;
  status.step.clear();
  publish(std::move(status));
}

void ProvisioningReporter::step(const PlannedStep& step, ProvisioningGoal goal, bool repairs) {
  const bool writes = step.action != PlannedStep::Action::wait;
  const bool repeated = status_.step == in_words(step);
  if (writes) {
    log_write(step, repairs);
    for (const PlannedStep& next : step.then) log_write(next, repairs);
  } else if (!repeated) {
    log::debug("provisioning waits", {{"resource", step.resource}, {"reason", step.reason}});
  }
  ProvisioningStatus status = status_;
  status.step = in_words(step);
  // The state of a write that keeps failing stays `retrying`.
  if (goal == ProvisioningGoal::remove) {
    status.state = ProvisioningState::removing;
  } else if (status.state != ProvisioningState::retrying || !repeated || !writes) {
    status.state = ProvisioningState::working;
  }
  publish(std::move(status));
}

void ProvisioningReporter::retry_later(const NextMove& move, ProvisioningGoal goal) {
  ProvisioningStatus status = status_;
  if (goal == ProvisioningGoal::converge) status.state = ProvisioningState::retrying;
  status.last_error = move.text;
  status.code = move.code;
  if (status.state == status_.state) {
    log::warn("provisioning tries again", {{"error", move.text}, {"pause_ms", move.pause.count()}});
  }
  publish(std::move(status));
}

void ProvisioningReporter::give_up(std::string text, std::string code, bool denied) {
  ProvisioningStatus status;
  status.state = ProvisioningState::failed;
  status.last_error = std::move(text);
  status.code = std::move(code);
  status.denied = denied;
  publish(std::move(status));
}

void ProvisioningReporter::too_late() {
  if (!status_.last_error.empty()) return;
  ProvisioningStatus status = status_;
  status.last_error = "not done in time";
  if (!status.step.empty()) status.last_error += ": " + status.step;
  status.code = "Deadline";
  publish(std::move(status));
}

void ProvisioningReporter::succeed(ProvisioningGoal goal) {
  ProvisioningStatus status;
  status.state =
      goal == ProvisioningGoal::remove ? ProvisioningState::removed : ProvisioningState::ready;
  if (!plan_.superseded.empty()) {
    status.state = ProvisioningState::superseded;
    status.last_error = plan_.superseded;
    status.code = "Superseded";
  }
  publish(std::move(status));
}

// A bucket is as far as the function, unless it has an obstacle or a newer owner of its own.
std::vector<BucketStatus> ProvisioningReporter::bucket_states(ProvisioningState whole,
                                                              const std::string& error) const {
  std::vector<BucketStatus> all;
  // Of a function with some buckets that fail the others are as wanted.
  const bool partly = whole == ProvisioningState::failed && obstacles_.size() != 0;
  for (const WantedBucket& bucket : wanted_.buckets) {
    BucketStatus& status = all.emplace_back();
    status.bucket = bucket.endpoint.host();
    status.function = wanted_.name;
    status.state = partly ? ProvisioningState::ready : whole;
    if (!partly && whole != ProvisioningState::ready) status.last_error = error;
    const auto newer = plan_.superseded_buckets.find(status.bucket);
    const NextMove* const obstacle = obstacles_.find(status.bucket);
    if (newer != plan_.superseded_buckets.end()) {
      status.state = ProvisioningState::superseded;
      status.last_error = newer->second;
    } else if (obstacle != nullptr) {
      const bool failed = obstacle->kind == NextMove::Kind::fail;
      status.state = failed ? ProvisioningState::failed : ProvisioningState::retrying;
      status.last_error = obstacle->text;
      status.code = obstacle->code;
    }
  }
  return all;
}

void ProvisioningReporter::publish(ProvisioningStatus status) {
  status.buckets = bucket_states(status.state, status.last_error);
  if (status == status_) return;
  log_news(status_, status);
  status_ = std::move(status);
  if (listener_) listener_(status_);
}

}  // namespace gateway::cloud

#include "cloud/provisioning_patience.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gateway::cloud {
namespace {

using std::chrono::milliseconds;

NextMove failure(std::string text, std::string code, bool denied) {
  NextMove move;
  move.kind = NextMove::Kind::fail;
  move.text = std::move(text);
  move.code = std::move(code);
  move.denied = denied;
  return move;
}

NextMove failure(std::string_view what, const ApiError& error) {
  return failure(fmt::format("{}: {}", what, error.text()), error.code(),
                 error.kind() == ErrorKind::denied);
}

NextMove retry(std::string_view what, const ApiError& error, milliseconds pause) {
  NextMove move;
  move.kind = NextMove::Kind::retry;
  move.pause = pause;
  move.text = fmt::format("{}: {}", what, error.text());
  move.code = error.code();
  return move;
}

std::string seconds(milliseconds time) {
  return fmt::format("{:.3g} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

bool is_rule_conflict(const ApiError& error) noexcept {
  return error.action() == "CreateTrigger" &&
         (error.code() == "InvalidParameterValue.CosNotifyRuleConflict" ||
          error.code() == "ResourceInUse.Cos" || error.code() == "FailedOperation.Cos");
}

NextMove ProvisioningPatience::waits(const PlannedStep& step) {
  return settle(fmt::format("{}: {}", step.resource, step.reason), "NotSettled");
}

NextMove ProvisioningPatience::wrote(const PlannedStep& step) {
  waited_ = milliseconds{0};
  writing_.erase(step.resource);
  if (++writes_[step.resource] > kWrites) {
    return failure(fmt::format("{}: not as wanted after {} changes; does another program, or "
                               "another configuration, change it too?",
                               step.resource, kWrites),
                   "NotSettled", false);
  }
  NextMove move;
  // A function needs time to change, and the first look may still show the old state.
  if (step.call.action.find("Trigger") == std::string::npos) move.pause = poll();
  return move;
}

NextMove ProvisioningPatience::failed(const PlannedStep& step, const ApiError& error,
                                      const ProvisioningHistory& history) {
  auto& failures = writing_[step.resource];
  if (is_rule_conflict(error)) {
    // The conflict is with our own trigger, which the list does not show yet.
    if (history.has_written(error.action(), step.resource)) {
      return settle(
          fmt::format("{}: it was made, but does not show yet: {}", step.resource, error.text()),
          error.code());
    }
    // The rule of a deleted trigger may exist for a while, and a trigger that another replica
    // created may not show yet: a few looks come first, at growing distances.
    if (failures.stubborn >= pace_.stubborn_attempts) return failure(step.resource, error);
    NextMove move = retry(step.resource, error, poll() * ++failures.stubborn);
    move.awaits_rule = true;
    return move;
  }
  // Waiting does not help if something that the function needs does not exist.
  if (error.kind() == ErrorKind::absent && error.action() == "CreateFunction") {
    return failure(step.resource, error);
  }
  return judge(step.resource, error, failures);
}

std::chrono::milliseconds ProvisioningPatience::until_reconciliation() {
  const auto mean = pace_.reconcile.count();
  return milliseconds(random(mean - mean / 10, mean + mean / 10));
}

NextMove ProvisioningPatience::settle(std::string_view what, std::string_view code) {
  if (waited_ >= pace_.settle) {
    return failure(fmt::format("{}, after {}", what, seconds(waited_)), std::string(code), false);
  }
  NextMove move;
  move.pause = poll();
  waited_ += std::max(move.pause, milliseconds{1});
  return move;
}

NextMove ProvisioningPatience::judge(std::string_view what, const ApiError& error,
                                     Failures& failures) {
  if (error.code() == "ClientError.Cancelled") {
    NextMove move;
    move.kind = NextMove::Kind::interrupted;
    return move;
  }
  switch (error.kind()) {
    case ErrorKind::transient:
    case ErrorKind::busy: return retry(what, error, backoff(++failures.transient));
    case ErrorKind::stubborn:
      if (++failures.stubborn >= pace_.stubborn_attempts) return failure(what, error);
      return retry(what, error, backoff(failures.stubborn));
    case ErrorKind::exists:
    case ErrorKind::absent: return settle(fmt::format("{}: {}", what, error.text()), error.code());
    case ErrorKind::denied:
    case ErrorKind::permanent: break;
  }
  return failure(what, error);
}

milliseconds ProvisioningPatience::poll() {
  const auto mean = pace_.poll.count();
  return milliseconds(random(mean - mean / 5, mean + mean / 5));
}

// Returns a pause with full jitter, so that replicas that failed together do not retry together.
milliseconds ProvisioningPatience::backoff(unsigned failures) {
  const auto doublings = std::min(failures - 1, 20U);
  const auto bound =
      std::min<std::int64_t>(pace_.retry_initial.count() << doublings, pace_.retry_max.count());
  return milliseconds(random(0, bound));
}

std::int64_t ProvisioningPatience::random(std::int64_t least, std::int64_t most) {
  return std::uniform_int_distribution<std::int64_t>(least, std::max(least, most))(random_);
}

bool BucketObstacles::note(const std::string& bucket, const NextMove& move, Instant now) {
  obstacles_.erase(bucket);
  if (move.kind != NextMove::Kind::retry && move.kind != NextMove::Kind::fail) return false;
  Obstacle obstacle;
  obstacle.move = move;
  if (move.kind == NextMove::Kind::retry) obstacle.until = now + move.pause;
  obstacles_.emplace(bucket, std::move(obstacle));
  return true;
}

void BucketObstacles::forget_settled(const Plan& plan) {
  std::erase_if(obstacles_, [&plan](const auto& entry) { return !plan.concerns(entry.first); });
}

const NextMove* BucketObstacles::find(std::string_view bucket) const {
  const auto found = obstacles_.find(bucket);
  return found == obstacles_.end() ? nullptr : &found->second.move;
}

const NextMove* BucketObstacles::failure() const {
  const auto failed = std::ranges::find_if(
      obstacles_, [](const auto& entry) { return entry.second.move.kind == NextMove::Kind::fail; });
  return failed == obstacles_.end() ? nullptr : &failed->second.move;
}

std::set<std::string, std::less<>> BucketObstacles::held_up(Instant now) const {
  std::set<std::string, std::less<>> buckets;
  for (const auto& [bucket, obstacle] : obstacles_) {
    if (obstacle.until > now) buckets.insert(bucket);
  }
  return buckets;
}

Instant BucketObstacles::first_retry(Instant now) const {
  Instant first = Instant::max();
  for (const auto& [bucket, obstacle] : obstacles_) {
    if (obstacle.until > now) first = std::min(first, obstacle.until);
  }
  return first;
}

}  // namespace gateway::cloud

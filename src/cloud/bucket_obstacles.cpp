#include "cloud/bucket_obstacles.hpp"

#include <algorithm>
#include <utility>

namespace gateway::cloud {

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

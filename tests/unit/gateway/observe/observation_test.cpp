#include <gtest/gtest.h>

#include "gateway/observe/status_page.hpp"

namespace gateway::observe {
namespace {

TEST(ObservationTest, EventsAreThoseOfTheTargetsOfTheirBuckets) {
  Snapshot counters;
  counters.targets.resize(2);
  counters.targets[1].url = "http://other";
  counters.failed = {3};
  counters.spooled = 5;
  counters.dead_lettered = 7;
  counters.buckets.resize(3);
  for (BucketFigures& bucket : counters.buckets) {
    bucket.outcomes[static_cast<std::size_t>(BucketOutcome::failed)] = 1;
    bucket.outcomes[static_cast<std::size_t>(BucketOutcome::spooled)] = 2;
    // More than there are in all, as is possible while they are counted.
    bucket.outcomes[static_cast<std::size_t>(BucketOutcome::dead_lettered)] = 4;
  }
  ProcessState state;
  state.target = "http://bus";
  state.buckets.resize(3);
  state.buckets[0].target = state.buckets[2].target = 1;
  ShardStatus shard;
  shard.targets.resize(2);
  shard.targets[1].last_answer = {404, "no such bus", Instant{} + std::chrono::seconds(1)};
  state.shards = {std::nullopt, shard};

  const Observation seen = observation_of(state, counters, Instant{});
  ASSERT_EQ(seen.targets.size(), 2U);
  EXPECT_EQ(seen.targets[0].url, "http://bus");
  EXPECT_EQ(seen.targets[0].failed, 1U);
  EXPECT_EQ(seen.targets[0].spooled, 1U);
  EXPECT_EQ(seen.targets[0].dead_lettered, 0U);
  EXPECT_EQ(seen.targets[0].last.status, 0U);
  EXPECT_EQ(seen.targets[1].url, "http://other");
  EXPECT_EQ(seen.targets[1].failed, 2U);
  EXPECT_EQ(seen.targets[1].spooled, 4U);
  EXPECT_EQ(seen.targets[1].dead_lettered, 8U);
  EXPECT_EQ(seen.targets[1].last.status, 404U);
}

TEST(ObservationTest, OnePostThatIsNotSignedIsNotSignedWrongly) {
  Snapshot counters;
  counters.unauthorized[static_cast<std::size_t>(AuthFailure::missing)] = 2;
  counters.unauthorized[static_cast<std::size_t>(AuthFailure::malformed)] = 3;
  EXPECT_EQ(observation_of({}, counters, Instant{}).wrongly_signed, 0U);
  counters.unauthorized[static_cast<std::size_t>(AuthFailure::signature)] = 1;
  EXPECT_EQ(observation_of({}, counters, Instant{}).wrongly_signed, 1U);
}

}  // namespace
}  // namespace gateway::observe

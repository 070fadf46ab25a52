#include "load/sink.hpp"

#include <gtest/gtest.h>

#include <string>

#include "testkit/load.hpp"
#include "unit/load/local_load.hpp"

namespace gateway::load {
namespace {

TEST(Sink, TakesWhatIsPostedAndCountsIt) {
  SinkSettings settings;
  settings.check_ids = true;
  LocalLoad local(settings, test::LoadSettings());
  local.play(std::chrono::milliseconds(30));
  const test::LoadTotals& totals = local.load().totals();
  EXPECT_GT(totals.posts, 0U);
  EXPECT_TRUE(totals.errors.empty());
  // COS posts are no CloudEvents: there is no id to tell them apart by.
  EXPECT_EQ(local.sink().taken(), totals.posts);
}

TEST(Sink, FailuresAreErrorsOfTheLoadAndNothingTaken) {
  SinkSettings settings;
  settings.fail_share = 1;
  settings.fail_statuses = {429};
  LocalLoad local(settings, test::LoadSettings());
  local.play(std::chrono::milliseconds(20));
  EXPECT_EQ(local.load().totals().posts, 0U);
  EXPECT_GT(local.load().totals().errors.at("429"), 0U);
  EXPECT_EQ(local.sink().taken(), 0U);
  EXPECT_GT(local.sink().bus().answered(), 0U);
}

TEST(Sink, CutsConnectionsAndTheLoadConnectsAgain) {
  SinkSettings settings;
  settings.cut_share = 0.2;
  test::LoadSettings load;
  load.connections = 4;
  LocalLoad local(settings, load);
  local.play(std::chrono::milliseconds(150));
  EXPECT_GT(local.load().totals().posts, 0U);
  EXPECT_GT(local.load().totals().errors.at("closed"), 0U);
  EXPECT_GT(local.sink().bus().connections(), 4U);
  EXPECT_EQ(local.sink().taken(), local.load().totals().posts);
}

TEST(Sink, LatencyIsKeptForPipelinedRequestsToo) {
  SinkSettings settings;
  settings.latency = {std::chrono::milliseconds(10), std::chrono::milliseconds(10)};
  test::LoadSettings load;
  load.depth = 8;
  LocalLoad local(settings, load);
  local.play(std::chrono::milliseconds(60));
  // Eight at a time: more than one a latency, and none sooner than that.
  EXPECT_GE(local.load().totals().posts, 8U);
  EXPECT_GE(local.load().latencies().quantile(0), std::chrono::milliseconds(10));
}

}  // namespace
}  // namespace gateway::load

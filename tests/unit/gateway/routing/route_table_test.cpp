#include "gateway/routing/route_table.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/allocation_counter.hpp"

namespace gateway::routing {
namespace {

using Kind = Decision::Kind;

Route route(std::string bucket) {
  Route route;
  route.bucket = std::move(bucket);
  route.events = {"cos:ObjectCreated:*"};
  return route;
}
Pattern key_pattern(std::string_view text) {
  return Pattern::compile(text).value();
}
RecordFacts record(std::string_view bucket, std::string_view appid, std::string_view key,
                   std::string_view event_name = "cos:ObjectCreated:Put") {
  return {bucket, appid, key, event_name};
}

TEST(RouteTable, FindsTheEntryOfABucket) {
  std::vector<Route> routes;
  for (int i = 0; i < 300; ++i)
    routes.push_back(route("team-data-" + std::to_string(i) + "-1250000000"));
  const RouteTable table(std::move(routes), UnknownBucket::accept);
  for (int i = 0; i < 300; ++i) {
    const std::string name = "team-data-" + std::to_string(i);
    const Decision decision = table.decide(record(name, "1250000000", "k"));
    EXPECT_EQ(decision.kind, Kind::entry);
    EXPECT_EQ(decision.route, i);
    EXPECT_EQ(table.decide(record(name, "1250000001", "k")).kind, Kind::unknown);
  }
  EXPECT_EQ(table.decide(record("team-data-300", "1250000000", "k")).kind, Kind::unknown);
  EXPECT_EQ(table.decide(record("", "", "")).kind, Kind::unknown);
  // As some senders spell it.
  EXPECT_EQ(table.decide(record("team-data-7-1250000000", "", "k")).route, 7);
  EXPECT_EQ(table.decide(record("team-data-7-1250000000", "1250000000", "k")).route, 7);
}

TEST(RouteTable, LeavesOutWhatAnEntryDoesNotWant) {
  Route photos = route("photos-1");
  photos.prefix = "in/";
  photos.suffix = ".jpg";
  photos.include = {key_pattern("in/**"), key_pattern("never")};
  photos.exclude = {key_pattern("**/tmp/**"), key_pattern("**/.*")};
  const RouteTable table({photos}, UnknownBucket::accept);
  const auto kind = [&](std::string_view key) {
    return table.decide(record("photos", "1", key)).kind;
  };
  EXPECT_EQ(kind("in/a.jpg"), Kind::entry);
  EXPECT_EQ(kind("out/a.jpg"), Kind::filtered);
  EXPECT_EQ(kind("in/a.png"), Kind::filtered);
  EXPECT_EQ(kind("in/tmp/a.jpg"), Kind::filtered);
  EXPECT_EQ(kind("in/x/.a.jpg"), Kind::filtered);

  EXPECT_EQ(judge(photos, "out/a.jpg", "").mismatch, Mismatch::prefix);
  EXPECT_EQ(judge(photos, "in/a.png", "").mismatch, Mismatch::suffix);
  EXPECT_EQ(judge(photos, "in/a.jpg", "cos:ObjectRemove:Delete").mismatch, Mismatch::event);
  EXPECT_EQ(judge(photos, "in/x/.a.jpg", "").mismatch, Mismatch::excluded);
  EXPECT_EQ(judge(photos, "in/x/.a.jpg", "").pattern, 1U);
  photos.include = {key_pattern("x"), key_pattern("y")};
  EXPECT_EQ(judge(photos, "in/a.jpg", "").mismatch, Mismatch::not_included);
}

TEST(RouteTable, TellsEntriesOfOneBucketApart) {
  Route left = route("b-1");
  left.prefix = "left/";
  Route right = route("b-1");
  right.prefix = "right/";
  Route removed = route("b-1");
  removed.events = {"cos:ObjectRemove:*"};
  const RouteTable table({left, right, route("c-1"), removed}, UnknownBucket::accept);
  const auto decide = [&](std::string_view key, std::string_view event) {
    return table.decide(record("b", "1", key, event));
  };
  EXPECT_EQ(decide("left/x", "cos:ObjectCreated:Put").route, 0);
  EXPECT_EQ(decide("right/x", "cos: ObjectCreated: *").route, 1);
  EXPECT_EQ(decide("right/x", "cos: ObjectRemove:Delete").route, 3);
  EXPECT_EQ(decide("else", "cos:ObjectRemove:*").route, 3);
  EXPECT_EQ(decide("else", "cos:ObjectCreated:Put").kind, Kind::filtered);
  EXPECT_TRUE(table.decides_by_event());
}

TEST(RouteTable, DoesNotAskTheOnlyEntryForTheEvent) {
  const RouteTable table({route("b-1")}, UnknownBucket::accept);
  EXPECT_EQ(table.decide(record("b", "1", "k", "cos:ObjectRestore:Post")).kind, Kind::entry);
  EXPECT_FALSE(table.decides_by_event());
}

TEST(RouteTable, RefusesStrangersIfAskedTo) {
  Route first = route("a-1");
  first.function = 0;
  Route second = route("b-1");
  second.function = 1;
  second.exclude = {key_pattern("x")};
  const RouteTable refusing({first, second}, UnknownBucket::refuse);
  EXPECT_EQ(refusing.decide(record("c", "1", "k")).kind, Kind::refused_unknown);
  EXPECT_EQ(refusing.decide(record("a", "1", "k")).kind, Kind::entry);
  EXPECT_EQ(refusing.decide(record("a", "1", "k"), 0).kind, Kind::entry);
  EXPECT_EQ(refusing.decide(record("a", "1", "k"), 1).kind, Kind::refused_signer);
  EXPECT_EQ(refusing.decide(record("b", "1", "x"), 0).kind, Kind::refused_signer);
  EXPECT_EQ(refusing.decide(record("b", "1", "x"), 1).kind, Kind::filtered);

  const RouteTable accepting({first, second}, UnknownBucket::accept);
  EXPECT_EQ(accepting.decide(record("c", "1", "k"), 0).kind, Kind::unknown);
  EXPECT_EQ(accepting.decide(record("a", "1", "k"), 1).kind, Kind::entry);
}

TEST(RouteTable, AllocatesNothingToDecide) {
  Route logs = route("logs-1250000000");
  logs.include = {key_pattern("**/*.log"), key_pattern("a/[0-9]*")};
  const RouteTable table({logs}, UnknownBucket::refuse);
  const auto before = test::AllocationCounter::count();
  EXPECT_EQ(table.decide(record("logs", "1250000000", "a/7x")).kind, Kind::entry);
  EXPECT_EQ(test::AllocationCounter::count(), before);
}

}  // namespace
}  // namespace gateway::routing

#include "events/identity.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace gateway::events {
namespace {

CosRecord record_of_a_put() {
  CosRecord fields;
  fields.appid = "1253970026";
  fields.bucket = "testpic";
  fields.key = "/1253970026/testpic/testfile";
  fields.event_name = "cos:ObjectCreated:Put";
  fields.event_time = "1545205770";
  fields.request_id = "NWMxOWY4MGFfMjViMjU4NjRfMTUyMV8=";
  return fields;
}

TEST(StableIds, RepeatForARepeatedPostOnAnyReplica) {
  StableIds here;
  StableIds there;
  here.begin_post();
  const Uuid first = here.next(record_of_a_put(), "{}");
  const Uuid second = here.next(record_of_a_put(), "{}");
  there.begin_post();
  EXPECT_EQ(there.next(record_of_a_put(), "{ }"), first) << "spelling does not matter";
  EXPECT_EQ(there.next(record_of_a_put(), "{}"), second);
  here.begin_post();
  EXPECT_EQ(here.next(record_of_a_put(), "{}"), first) << "positions count per post";
  EXPECT_NE(first, second);
}

TEST(StableIds, NeverChangeFromReleaseToRelease) {
  StableIds ids(IdRecipe::v1);
  ids.begin_post();
  // Reckoned independently with Python's uuid5 from each part's length, ':' and the part.
  EXPECT_EQ(ids.next(record_of_a_put(), "").text(), "936c3659-8094-5127-94fa-eb0b6cf0f826");
  EXPECT_EQ(ids.next(record_of_a_put(), "").text(), "75ab0a18-227d-517f-9d5c-e1aaf6405e24");
  CosRecord half = record_of_a_put();
  half.key = "\xED\xA0\x80";
  CosRecord replaced = record_of_a_put();
  replaced.key = "\xEF\xBF\xBD";
  ids.begin_post();
  const Uuid id = ids.next(half, "");
  ids.begin_post();
  EXPECT_EQ(ids.next(replaced, ""), id) << "as that recipe had it";

  StableIds second;
  second.begin_post();
  EXPECT_EQ(second.next(record_of_a_put(), "").text(), "3e69630a-543e-5bd8-8a85-f1fa1f485f70");
  EXPECT_EQ(second.next(record_of_a_put(), "").text(), "176a5a83-1277-53e0-b9a5-663b66870ad4");
}

TEST(StableIds, DependOnEveryField) {
  StableIds ids;
  std::set<std::string> seen;
  const auto expect_new = [&](const CosRecord& fields) {
    ids.begin_post();
    EXPECT_TRUE(seen.insert(ids.next(fields, "{}").text()).second);
  };
  expect_new(record_of_a_put());
  for (const auto member :
       {&CosRecord::appid, &CosRecord::bucket, &CosRecord::long_region, &CosRecord::short_region,
        &CosRecord::key, &CosRecord::size, &CosRecord::version, &CosRecord::etag,
        &CosRecord::event_name, &CosRecord::event_time, &CosRecord::event_reqid,
        &CosRecord::request_id}) {
    CosRecord fields = record_of_a_put();
    fields.*member = "other";
    expect_new(fields);
  }
}

TEST(StableIds, DoNotMixUpNeighbouringFields) {
  StableIds ids;
  CosRecord left = record_of_a_put();
  CosRecord right = record_of_a_put();
  left.appid = "1";
  left.bucket = "2b";
  right.appid = "12";
  right.bucket = "b";
  ids.begin_post();
  EXPECT_NE(ids.next(left, "{}"), ids.next(right, "{}"));
}

TEST(StableIds, CountEqualRecordsHoweverManyThereAre) {
  StableIds ids;
  std::set<std::string> seen;
  ids.begin_post();
  for (int i = 0; i < 1000; ++i) {
    CosRecord fields = record_of_a_put();
    const std::string size = std::to_string(i % 500);
    fields.size = size;
    EXPECT_TRUE(seen.insert(ids.next(fields, "{}").text()).second) << i;
  }
  ids.begin_post();
  CosRecord fields = record_of_a_put();
  fields.size = "7";
  EXPECT_FALSE(seen.insert(ids.next(fields, "{}").text()).second);
}

TEST(StableIds, ComeFromTheBytesOfARecordThatSaysNothingOfItself) {
  StableIds ids;
  ids.begin_post();
  const Uuid one = ids.next({}, R"({"a":1})");
  const Uuid two = ids.next({}, R"({"a":2})");
  const Uuid again = ids.next({}, R"({"a":1})");
  EXPECT_NE(one, two);
  EXPECT_NE(one, again);
  ids.begin_post();
  EXPECT_EQ(ids.next({}, R"({"a":1})"), one);
}

}  // namespace
}  // namespace gateway::events

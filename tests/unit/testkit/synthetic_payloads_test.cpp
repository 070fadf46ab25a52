#include "testkit/synthetic_payloads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>
#include <string>

namespace gateway::test {
namespace {

PayloadMix mix_with(std::uint64_t seed, unsigned max_records) {
  PayloadMix mix;
  mix.seed = seed;
  mix.max_records = max_records;
  return mix;
}

std::string first_posts(std::uint64_t seed) {
  SyntheticPayloads payloads(mix_with(seed, 8));
  SyntheticPost post;
  std::string all;
  for (int i = 0; i < 50; ++i) {
    payloads.next(post);
    all += post.body;
  }
  return all;
}

TEST(SyntheticPayloads, SameSeedGivesTheSameBytesAndAnotherSeedOthers) {
  EXPECT_EQ(first_posts(1), first_posts(1));
  EXPECT_NE(first_posts(1), first_posts(2));
}

TEST(SyntheticPayloads, SpansAreTheRecordsOfAValidPayload) {
  SyntheticPayloads payloads(mix_with(7, 20));
  SyntheticPost post;
  for (int i = 0; i < 500; ++i) {
    payloads.next(post);
    const boost::json::value payload = boost::json::parse(post.body);
    const auto& records = payload.at("Records").as_array();
    ASSERT_EQ(records.size(), post.records.size());
    for (std::size_t n = 0; n < records.size(); ++n) {
      const std::string_view text = post.record(n);
      ASSERT_EQ(boost::json::parse({text.data(), text.size()}), records[n]);
    }
  }
}

TEST(SyntheticPayloads, RecordsLookLikeThoseOfTheCurrentPlatform) {
  SyntheticPayloads payloads(mix_with(3, 8));
  SyntheticPost post;
  payloads.next(post);
  const auto record = boost::json::parse(post.body).at("Records").at(0);
  const auto& cos = record.at("cos");
  EXPECT_EQ(cos.at("cosBucket").at("cosRegion"), "ap-chengdu");
  EXPECT_TRUE(cos.at("cosObject").at("meta").at("ETag").as_string().starts_with("\""));
  EXPECT_TRUE(cos.at("cosObject").at("key").as_string().starts_with("/1253970026/testpic/"));
  EXPECT_TRUE(cos.at("cosObject").at("size").is_int64());
  EXPECT_TRUE(record.at("event").at("eventName").as_string().starts_with("cos:Object"));
  EXPECT_TRUE(record.at("event").at("eventTime").is_int64());
}

TEST(SyntheticPayloads, EventsHappenWhenTheyAreSaidTo) {
  SyntheticPayloads payloads(mix_with(7, 1));
  SyntheticPost post;
  for (int i = 0; i < 500; ++i) payloads.next(post);
  payloads.happen_at(1'800'000'000);
  payloads.next(post);
  EXPECT_THAT(post.body, testing::HasSubstr("\"eventTime\":1800000000"));
}

TEST(SyntheticPayloads, NoTwoRecordsAreEqual) {
  SyntheticPayloads payloads(mix_with(1, 8));
  SyntheticPost post;
  std::set<std::string, std::less<>> seen;
  std::size_t records = 0;
  for (int i = 0; i < 1000; ++i) {
    payloads.next(post);
    for (std::size_t n = 0; n < post.records.size(); ++n) seen.emplace(post.record(n));
    records += post.records.size();
  }
  EXPECT_EQ(seen.size(), records);
}

TEST(SyntheticPayloads, RecordCountsStayWithinTheMaximumAndReachIt) {
  for (const unsigned most : {1U, 2U, 30U}) {
    SyntheticPayloads payloads(mix_with(1, most));
    SyntheticPost post;
    std::set<std::size_t> counts;
    for (int i = 0; i < 5000; ++i) {
      payloads.next(post);
      counts.insert(post.records.size());
    }
    EXPECT_EQ(*counts.begin(), 1U);
    EXPECT_EQ(*counts.rbegin(), most);
  }
}

TEST(SyntheticPayloads, MixHoldsDeletesAndKeysThatNeedEscaping) {
  const std::string all = first_posts(1) + first_posts(2) + first_posts(3);
  EXPECT_THAT(all, testing::HasSubstr("cos:ObjectRemove:Delete"));
  EXPECT_THAT(all, testing::HasSubstr("cos:ObjectCreated:Put"));
  EXPECT_THAT(all, testing::AnyOf(testing::HasSubstr(R"(say \"cheese\")"),
                                  testing::HasSubstr(R"(back\\slash)")));
}

}  // namespace
}  // namespace gateway::test

#include "testkit/synthetic_payloads.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <set>
#include <string>

namespace gateway::test {
namespace {

std::string first_posts(std::uint64_t seed) {
  SyntheticPayloads payloads(usual_payloads(8, seed));
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
  SyntheticPayloads payloads(usual_payloads(20, 7));
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
  SyntheticPayloads payloads(usual_payloads(8, 3));
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
  SyntheticPayloads payloads(usual_payloads(1, 7));
  SyntheticPost post;
  for (int i = 0; i < 500; ++i) payloads.next(post);
  payloads.happen_at(1'800'000'000);
  payloads.next(post);
  EXPECT_THAT(post.body, testing::HasSubstr("\"eventTime\":1800000000"));
}

TEST(SyntheticPayloads, NoTwoRecordsAreEqual) {
  SyntheticPayloads payloads(usual_payloads(8, 1));
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
    SyntheticPayloads payloads(usual_payloads(most, 1));
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

constexpr std::string_view kKeyPrefix = "/1253970026/testpic/";

PayloadSettings settings_for(KeyCharacters characters) {
  PayloadSettings settings;
  settings.records = *Distribution::parse("uniform:1-20");
  settings.key_length = *Distribution::parse("uniform:1-850");
  settings.characters = characters;
  settings.metadata = *Distribution::parse("uniform:0-300");
  settings.seed = 5;
  return settings;
}

std::string next_body(const PayloadSettings& settings) {
  SyntheticPayloads payloads(settings);
  SyntheticPost post;
  payloads.next(post);
  return post.body;
}

constexpr KeyCharacters kAll[] = {KeyCharacters::ascii, KeyCharacters::percent, KeyCharacters::utf8,
                                  KeyCharacters::escapes};

TEST(SyntheticPayloads, AreJsonWithAsManyRecordsAsTheySay) {
  for (const KeyCharacters characters : kAll) {
    SyntheticPayloads maker(settings_for(characters));
    SyntheticPost payload;
    for (int i = 0; i < 100; ++i) {
      maker.next(payload);
      boost::system::error_code error;
      const boost::json::value value = boost::json::parse(payload.body, error);
      ASSERT_FALSE(error) << static_cast<int>(characters) << ": " << payload.body;
      const auto& records = value.at("Records").as_array();
      ASSERT_EQ(records.size(), payload.records.size());
      for (const auto& record : records) {
        const auto& key = record.at("cos").at("cosObject").at("key").as_string();
        EXPECT_GE(key.size(), kKeyPrefix.size() + 1);
        EXPECT_LE(key.size(), kKeyPrefix.size() + 850);
      }
    }
  }
}

TEST(SyntheticPayloads, KeysHaveTheLengthAskedForAndTheCharacters) {
  const std::map<KeyCharacters, const char*> marks{{KeyCharacters::percent, "%25"},
                                                   {KeyCharacters::utf8, "\xe5"},
                                                   {KeyCharacters::escapes, R"(\\)"}};
  for (const KeyCharacters characters : kAll) {
    PayloadSettings settings;
    settings.key_length = Distribution(300);
    settings.characters = characters;
    const std::string body = next_body(settings);
    const auto record = boost::json::parse(body).at("Records").at(0);
    const auto& key = record.at("cos").at("cosObject").at("key").as_string();
    EXPECT_EQ(key.size(), kKeyPrefix.size() + 300) << static_cast<int>(characters);
    if (characters == KeyCharacters::ascii) {
      EXPECT_THAT(body, testing::Not(testing::HasSubstr("%")));
    } else {
      EXPECT_THAT(body, testing::HasSubstr(marks.at(characters)));
    }
  }
}

TEST(SyntheticPayloads, MetadataIsAboutAsLargeAsAskedFor) {
  PayloadSettings settings;
  settings.metadata = Distribution(0);
  const auto plain = static_cast<double>(next_body(settings).size());
  settings.metadata = Distribution(1000);
  const double difference = static_cast<double>(next_body(settings).size()) - plain;
  EXPECT_NEAR(difference, 1000, 100);
}

TEST(SyntheticPayloads, EventsComeByWeight) {
  PayloadSettings settings;
  settings.events = *EventMix::parse("put:3,delete:1,copy:0");
  SyntheticPayloads payloads(settings);
  SyntheticPost post;
  std::map<std::string, int> names;
  for (int i = 0; i < 2000; ++i) {
    payloads.next(post);
    const auto record = boost::json::parse(post.body).at("Records").at(0);
    ++names[record.at("event").at("eventName").as_string().c_str()];
  }
  EXPECT_NEAR(names["cos:ObjectCreated:Put"], 1500, 100);
  EXPECT_NEAR(names["cos:ObjectRemove:Delete"], 500, 100);
  EXPECT_EQ(names.size(), 2U);
}

TEST(EventMix, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"", "put:0", "upload:1", "put:x", "put:-1"}) {
    EXPECT_FALSE(EventMix::parse(text)) << text;
  }
  EXPECT_TRUE(EventMix::parse("put"));
}

}  // namespace
}  // namespace gateway::test

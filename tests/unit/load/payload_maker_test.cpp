#include "load/payload_maker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string>

namespace gateway::load {
namespace {

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

constexpr KeyCharacters kAll[] = {KeyCharacters::ascii, KeyCharacters::percent, KeyCharacters::utf8,
                                  KeyCharacters::escapes};

TEST(PayloadMaker, EveryPayloadIsJsonWithAsManyRecordsAsItSays) {
  for (const KeyCharacters characters : kAll) {
    PayloadMaker maker(settings_for(characters));
    for (int i = 0; i < 100; ++i) {
      const Payload payload = maker.next();
      boost::system::error_code error;
      const boost::json::value value = boost::json::parse(payload.body, error);
      ASSERT_FALSE(error) << static_cast<int>(characters) << ": " << payload.body;
      const auto& records = value.at("Records").as_array();
      ASSERT_EQ(records.size(), payload.records);
      for (const auto& record : records) {
        const auto& key = record.at("cos").at("cosObject").at("key").as_string();
        EXPECT_GE(key.size(), kKeyPrefix.size() + 1);
        EXPECT_LE(key.size(), kKeyPrefix.size() + 850);
      }
    }
  }
}

TEST(PayloadMaker, KeysHaveTheLengthAskedForAndTheCharacters) {
  const std::map<KeyCharacters, const char*> marks{{KeyCharacters::percent, "%25"},
                                                   {KeyCharacters::utf8, "\xe5"},
                                                   {KeyCharacters::escapes, R"(\\)"}};
  for (const KeyCharacters characters : kAll) {
    PayloadSettings settings;
    settings.key_length = Distribution(300);
    settings.characters = characters;
    PayloadMaker maker(settings);
    const Payload payload = maker.next();
    const auto record = boost::json::parse(payload.body).at("Records").at(0);
    const auto& key = record.at("cos").at("cosObject").at("key").as_string();
    EXPECT_EQ(key.size(), kKeyPrefix.size() + 300) << static_cast<int>(characters);
    if (characters == KeyCharacters::ascii) {
      EXPECT_THAT(payload.body, testing::Not(testing::HasSubstr("%")));
    } else {
      EXPECT_THAT(payload.body, testing::HasSubstr(marks.at(characters)));
    }
  }
}

TEST(PayloadMaker, SameSettingsGiveTheSameBytesAndAnotherSeedOthers) {
  const auto bytes = [](std::uint64_t seed) {
    PayloadSettings settings = settings_for(KeyCharacters::utf8);
    settings.seed = seed;
    PayloadMaker maker(settings);
    std::string all;
    for (int i = 0; i < 20; ++i) all += maker.next().body;
    return all;
  };
  EXPECT_EQ(bytes(1), bytes(1));
  EXPECT_NE(bytes(1), bytes(2));
}

TEST(PayloadMaker, MetadataIsAboutAsLargeAsAskedFor) {
  PayloadSettings settings;
  settings.metadata = Distribution(0);
  PayloadMaker plain(settings);
  settings.metadata = Distribution(1000);
  PayloadMaker large(settings);
  const auto difference =
      static_cast<double>(large.next().body.size()) - static_cast<double>(plain.next().body.size());
  EXPECT_NEAR(difference, 1000, 100);
}

TEST(PayloadMaker, EventsComeByWeight) {
  PayloadSettings settings;
  settings.events = *EventMix::parse("put:3,delete:1,copy:0");
  PayloadMaker maker(settings);
  std::map<std::string, int> names;
  for (int i = 0; i < 2000; ++i) {
    const auto record = boost::json::parse(maker.next().body).at("Records").at(0);
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
}  // namespace gateway::load

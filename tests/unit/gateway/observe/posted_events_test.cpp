#include "gateway/observe/posted_events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const PostedEvents& events) {
  std::vector<std::string> all;
  for (const Line& line : events.lines()) all.push_back(line.text(0, false));
  return all;
}

std::string record(const std::string& key) {
  return R"({"cos":{"cosObject":{"key":"/1/b/)" + key +
         R"("},"cosBucket":{"name":"b","appid":"1"}},"event":{"eventName":"cos:ObjectCreated:Put"}})";
}

std::string payload(const std::vector<std::string>& keys) {
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : ",") + record(key);
  return R"({"Records":[)" + text + "]}";
}

std::string tapped(const std::string& member, const std::string& name, const std::string& outcome) {
  return "{\"" + member + "\":\"" + name + R"(","outcome":")" + outcome + R"(","status":200})";
}

TEST(PostedEvents, KnowWhatTheBodyIs) {
  const std::string event = R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})";
  EXPECT_EQ(PostedEvents(payload({"a"})).content_type(), "application/json");
  EXPECT_EQ(PostedEvents(event).content_type(), "application/cloudevents+json");
  EXPECT_EQ(PostedEvents(" \n[" + event + "]").content_type(),
            "application/cloudevents-batch+json");
  EXPECT_EQ(PostedEvents(payload({"a", "b"})).size(), 2U);
  EXPECT_EQ(PostedEvents("[" + event + "," + event + "]").size(), 2U);
  for (const char* bad : {"", "{", "[{}]", R"({"Records":[1]})", "null"}) {
    EXPECT_EQ(PostedEvents(bad).size(), 0U) << bad;
  }
}

TEST(PostedEvents, EndWhereTheLiveViewSaysSo) {
  PostedEvents events(payload({"a", "b", "b", "c"}));
  events.settled(tapped("key", "b", "spooled"));
  events.settled(tapped("key", "elsewhere", "failed"));
  events.settled("no JSON");
  events.settled(tapped("key", "b", "delivered"));
  events.settled(tapped("key", "a", "delivered"));
  EXPECT_FALSE(events.all_seen());
  events.answered(200, R"({"records":4})");
  EXPECT_THAT(
      texts(events),
      ElementsAre(HasSubstr("0  delivered 200      a"), HasSubstr("1  spooled 200        b"),
                  HasSubstr("2  delivered 200      b"), HasSubstr("3  accepted           c")));
  events.settled(tapped("key", "c", "dead_lettered"));
  EXPECT_TRUE(events.all_seen());
  EXPECT_THAT(texts(events).back(), HasSubstr("dead_lettered 200  c"));
}

TEST(PostedEvents, FailAsTheAnswerSays) {
  PostedEvents events(payload({"a", "b", "c"}));
  events.answered(502, R"({"records":3,"delivered":2,"failed":[)"
                       R"({"index":1,"status":404,"reason":"no such bus"},{"index":7}]})");
  EXPECT_THAT(texts(events),
              ElementsAre(HasSubstr("accepted"), HasSubstr("failed 404"), HasSubstr("accepted")));
  EXPECT_THAT(texts(events)[1], HasSubstr("no such bus"));
}

TEST(PostedEvents, AreNotAcceptedByAnyOtherAnswer) {
  for (const unsigned status : {0U, 400U, 401U, 503U, 504U}) {
    PostedEvents events(payload({"a"}));
    events.answered(status, "not JSON");
    EXPECT_THAT(texts(events), ElementsAre(HasSubstr("not accepted       a"))) << status;
  }
}

TEST(PostedEvents, OfCloudEventsAreKnownByTheirIds) {
  PostedEvents events(
      R"([{"specversion":"1.0","id":"x","source":"/s","type":"t","subject":"file"},)"
      R"({"specversion":"1.0","id":"y","source":"/s","type":"t"}])");
  events.settled(tapped("id", "y", "delivered"));
  events.settled(tapped("key", "file", "failed"));
  events.answered(200, "");
  EXPECT_THAT(texts(events), ElementsAre(HasSubstr("accepted           x  file"),
                                         HasSubstr("delivered 200      y")));
}

}  // namespace
}  // namespace gateway::observe

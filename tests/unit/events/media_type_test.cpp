#include "events/media_type.hpp"

#include <gtest/gtest.h>

namespace gateway::events {
namespace {

TEST(MediaType, KnowsJsonByItsSubtype) {
  for (const std::string_view type :
       {"application/json", "text/json", "Application/JSON; charset=utf-8", " application/json ",
        "application/cloudevents+json", "image/x.y+JSON;q=1"}) {
    EXPECT_TRUE(is_json_media_type(type)) << type;
  }
  for (const std::string_view type : {"", "json", "application/jsonp", "application/+json",
                                      "application/xml; a=/json", "application/json+xml"}) {
    EXPECT_FALSE(is_json_media_type(type)) << type;
  }
}

TEST(MediaType, KnowsText) {
  EXPECT_TRUE(is_text_media_type("TEXT/plain;charset=utf-8"));
  EXPECT_TRUE(is_text_media_type("text/csv"));
  EXPECT_FALSE(is_text_media_type("text"));
  EXPECT_FALSE(is_text_media_type("application/text/plain"));
}

TEST(MediaType, HasTypeSubtypeAndParameters) {
  for (const char* good :
       {"a/b", "text/plain; charset=utf-8", "text/plain;charset=\"utf-8\"", "a/b ; c=d ;e=f",
        "a/b;\tc=d", "application/vnd.x+json", "a/b;", "a/b; ;c=d", "a/b;c=\"\\\"; \""}) {
    EXPECT_TRUE(is_media_type(good)) << good;
  }
  for (const char* bad : {"", "a", "a/", "/b", "a/b/c", "a b/c", "a/b, c/d", "a/b;c", "a/b;c=",
                          "a/b;=d", "a/b; c = d", "a/b;c=\"d", "a/b c", "a/b;c=d e", "\"a/b\""}) {
    EXPECT_FALSE(is_media_type(bad)) << bad;
  }
}

TEST(MediaType, TellsTheCharset) {
  for (const char* utf8 : {"text/plain", "text/plain; charset=utf-8",
                           "text/plain;CHARSET=\"UTF-8\"", "a/b; x=y; charset=utf8"}) {
    EXPECT_EQ(charset_of(utf8), Charset::utf8) << utf8;
  }
  EXPECT_EQ(charset_of("text/plain; charset=US-ASCII"), Charset::ascii);
  for (const char* other : {"text/plain; charset=iso-8859-1", "text/plain;\tcharset=utf-16",
                            "text/plain; charset=\"\"", "text/plain; charset=gb18030"}) {
    EXPECT_EQ(charset_of(other), Charset::other) << other;
  }
}

TEST(MediaType, TellsWhatIsAnEventOfItsOwn) {
  for (const char* type : {"application/cloudevents+json", "APPLICATION/CLOUDEVENTS-BATCH+JSON",
                           " application/cloudevents ; a=b", "application/cloudevents+avro"}) {
    EXPECT_TRUE(is_event_media_type(type)) << type;
  }
  for (const char* type : {"application/json", "text/cloudevents", "application/cloudevent", ""}) {
    EXPECT_FALSE(is_event_media_type(type)) << type;
  }
}

}  // namespace
}  // namespace gateway::events

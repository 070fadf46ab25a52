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

}  // namespace
}  // namespace gateway::events

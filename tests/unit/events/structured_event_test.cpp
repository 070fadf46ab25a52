// CloudEvents in structured mode, as they come and as they were stored.
#include <gtest/gtest.h>

#include "events/json_index.hpp"
#include "unit/events/cloud_event_support.hpp"

namespace gateway::events {
namespace {

using namespace std::string_literals;
using DataKind = CloudEvent::DataKind;

TEST(StructuredEvent, TakesForSourceAndSchemaWhatRfc3986Allows) {
  for (const UriRow& row : kUris) {
    std::string value(row.value);
    if (value == "a\"b") value = "a\\\"b";
    const auto source = read_structured_event(
        R"({"specversion":"1.0","id":"1","type":"t","source":")" + value + "\"}");
    EXPECT_EQ(source.has_value(), row.reference) << row.value;
    if (!source) {
      EXPECT_EQ(source.error().reason(), "source is no URI reference");
    }
    const auto schema = read_structured_event(event_json(R"(,"dataschema":")" + value + '"'));
    EXPECT_EQ(schema.has_value(), row.absolute) << row.value;
    if (!schema) {
      EXPECT_EQ(schema.error().reason(), "dataschema is no absolute URI");
    }
    // What was taken in once is read back whatever it says.
    EXPECT_TRUE(read_structured_event(
        R"({"specversion":"1.0","id":"1","type":"t","source":")" + value + "\"}", EventFrom::store))
        << row.value;
  }
}

TEST(StructuredEvent, KeepsAttributesAndTheirJsonSpelling) {
  const auto event = read_structured_event(
      event_json(R"(,"su\u0062ject":"a\"\u00e4","count":-5,"flag":true,"gone":null)"));
  ASSERT_TRUE(event) << event.error().reason();
  EXPECT_EQ(event->attribute("subject"), "a\"\xC3\xA4");
  ASSERT_EQ(event->attributes.size(), 7U);
  EXPECT_EQ(event->attributes[0].name, "specversion");
  EXPECT_EQ(event->attributes[5].value, "-5");
  EXPECT_TRUE(event->attributes[5].json_literal);
  EXPECT_EQ(event->attributes[6].value, "true");
  EXPECT_TRUE(event->attributes[6].json_literal);
  EXPECT_FALSE(event->attributes[4].json_literal);
  EXPECT_EQ(event->data_kind, DataKind::none);
  EXPECT_EQ(event->content_type, "");
}

TEST(StructuredEvent, ReadInTheMemoryOfAnotherHasNothingOfIt) {
  const std::string texts[] = {
      event_json(R"(,"a":1,"b":true,"datacontenttype":"text/plain","data":"x")"),
      event_json(R"(,"c":"text","d":"\u0041","e":2,"f":"g","data_base64":"AP8=")"),
      event_json(R"(,"gone":null)"),
      event_json(R"(,"datacontenttype":"a/b","data":{"h":1})"),
  };
  JsonIndex index;
  CloudEvent event;
  for (int round = 0; round < 2; ++round) {
    for (const std::string& text : texts) {
      EXPECT_FALSE(read_stored_event(R"({"i":"j","data":7,"specversion":true})", index, event));
      ASSERT_TRUE(read_stored_event(text, index, event));
      const auto fresh = read_structured_event(text);
      ASSERT_TRUE(fresh);
      EXPECT_EQ(event.content_type, fresh->content_type);
      EXPECT_EQ(event.data, fresh->data);
      EXPECT_EQ(event.data_kind, fresh->data_kind);
      ASSERT_EQ(event.attributes.size(), fresh->attributes.size());
      for (std::size_t i = 0; i < event.attributes.size(); ++i) {
        EXPECT_EQ(event.attributes[i].name, fresh->attributes[i].name);
        EXPECT_EQ(event.attributes[i].value, fresh->attributes[i].value);
        EXPECT_EQ(event.attributes[i].json_literal, fresh->attributes[i].json_literal);
      }
    }
  }
}

TEST(StructuredEvent, KeepsDataByteForByte) {
  const struct {
    std::string_view members;
    DataKind kind;
    std::string data;
    std::string_view type;
  } rows[] = {
      {R"(,"data": { "a" : [1.0, 1e2] } )", DataKind::json, R"({ "a" : [1.0, 1e2] })", ""},
      {R"(,"data":"te\nxt")", DataKind::json, R"("te\nxt")", ""},
      {R"(,"data":null)", DataKind::json, "null", ""},
      {R"(,"data":"\u0041","datacontenttype":"a/b+json")", DataKind::json, R"("\u0041")",
       "a/b+json"},
      {R"(,"data":"te\nxt","datacontenttype":"text/plain")", DataKind::text, "te\nxt",
       "text/plain"},
      {R"(,"datacontenttype":"text/xml","data":{"a":1})", DataKind::json, R"({"a":1})", "text/xml"},
      {R"(,"data_base64":"AP8\u003d")", DataKind::bytes, "\0\xFF"s, ""},
      {R"(,"data_base64":"","datacontenttype":"x/y")", DataKind::bytes, "", "x/y"},
      {R"(,"data_base64":null)", DataKind::none, "", ""},
      {R"(,"data_base64":null,"data":1)", DataKind::json, "1", ""},
  };
  for (const auto& row : rows) {
    const auto event = read_structured_event(event_json(row.members));
    ASSERT_TRUE(event) << row.members << ": " << event.error().reason();
    EXPECT_EQ(event->data_kind, row.kind) << row.members;
    EXPECT_EQ(event->data, row.data) << row.members;
    EXPECT_EQ(event->content_type, row.type) << row.members;
  }
}

TEST(StructuredEvent, RefusesWhatIsNoEvent) {
  const std::size_t behind = event_json().size() - 1;  // where the added members begin
  const struct {
    std::string body;
    std::string_view reason;
    std::size_t offset;
  } rows[] = {
      {"", "no JSON text", 0},
      {"[]", "an event is not an object", 0},
      {"{", "the JSON text ends too early", 1},
      {" {}", "no specversion", 1},
      {event_json() + "x", "text after the JSON value", behind + 1},
      {event_json(R"(,"a":nope)"), "invalid literal", behind + 5},
      {event_json(R"(,"a":1.5)"), "an attribute is not a string, boolean or integer", behind + 5},
      {event_json(R"(,"a":1e2)"), "an attribute is not a string, boolean or integer", behind + 5},
      {event_json(R"(,"a":{})"), "an attribute is not a string, boolean or integer", behind + 5},
      {event_json(R"(,"a":[1])"), "an attribute is not a string, boolean or integer", behind + 5},
      {event_json(R"(,"time":true)"), "an attribute is not a string", behind + 8},
      {event_json(R"(,"time":"yesterday")"), "time is not RFC 3339", behind + 1},
      {event_json(R"(,"time":-1)"), "time is not RFC 3339", behind + 1},
      {event_json(R"(,"time":"")"), "time is not RFC 3339", behind + 1},
      {event_json(R"(,"time":"999999999999999")"), "time is not RFC 3339", behind + 1},
      {event_json(R"(,"subject":"")"), "subject is empty", behind + 1},
      {event_json(R"(,"dataschema":"")"), "dataschema is empty", behind + 1},
      {event_json(R"(,"a":2147483648)"), "an integer beyond 32 bits", behind + 5},
      {event_json(R"(,"a":-2147483649)"), "an integer beyond 32 bits", behind + 5},
      {event_json(R"(,"datacontenttype":"text")"), "datacontenttype is not a media type",
       behind + 1},
      {event_json(R"(,"datacontenttype":"a/b, c/d")"), "datacontenttype is not a media type",
       behind + 1},
      {event_json(R"(,"a":"\ud800")"), "half a surrogate pair in a string", behind + 5},
      {event_json(R"(,"a":"\udc00\ud800")"), "half a surrogate pair in a string", behind + 5},
      {event_json(R"(,"a":"\uFDD0")"), kBadCharacter, behind + 1},
      {event_json(R"(,"a":"\ud83f\udfff")"), kBadCharacter, behind + 1},
      {event_json(R"(,"datacontenttype":"text/plain","data":"\ud800")"),
       "half a surrogate pair in a string", behind + 39},
      {event_json(R"(,"datacontenttype":1)"), "an attribute is not a string", behind + 19},
      {event_json(R"(,"datacontenttype":"a\r\nb")"), "datacontenttype is not a media type",
       behind + 1},
      {event_json(R"(,"datacontenttype":"a/b","datacontenttype":"a/b")"),
       "an attribute comes twice", behind + 25},
      {event_json(R"(,"id":"2")"), "an attribute comes twice", behind + 1},
      {event_json(R"(,"Name":"2")"), "attribute name not of a-z and 0-9", behind + 1},
      {event_json(R"(,"a":"\u0000")"), kBadCharacter, behind + 1},
      {event_json(R"(,"a":"\r\nX: y")"), kBadCharacter, behind + 1},
      {event_json(R"(,"data":1,"data":1)"), "data comes twice", behind + 10},
      {event_json(R"(,"data":1,"data_base64":"")"), "both data and data_base64", behind + 24},
      {event_json(R"(,"data_base64":"x")"), "data_base64 is not Base64", behind + 15},
      {event_json(R"(,"data_base64":7)"), "data_base64 is not Base64", behind + 15},
      {R"({"specversion":"0.3","id":"1","source":"/s","type":"t"})", "specversion is not 1.0", 0},
      {R"({"specversion":1.0,"id":"1","source":"/s","type":"t"})",
       "an attribute is not a string, boolean or integer", 15},
      {R"({"specversion":"1.0","id":1,"source":"/s","type":"t"})", "an attribute is not a string",
       26},
      {R"({"specversion":"1.0","id":"","source":"/s","type":"t"})", "no id", 0},
      {R"({"specversion":"1.0","id":"1","source":null,"type":"t"})", "no source", 0},
  };
  for (const auto& row : rows) {
    const auto event = read_structured_event(row.body);
    ASSERT_FALSE(event) << row.body;
    EXPECT_EQ(event.error().reason(), row.reason) << row.body;
    EXPECT_EQ(event.error().offset(), row.offset) << row.body;
  }
}

// What Tencent's EventBridge sends.
TEST(StructuredEvent, TakesATimeInMilliseconds) {
  for (const char* time : {R"("1615430559146")", "1615430559146"}) {
    const auto event = read_structured_event(event_json(std::string(R"(,"time":)") + time));
    ASSERT_TRUE(event) << event.error().reason();
    EXPECT_EQ(event->attribute("time"), "2021-03-11T02:42:39.146Z");
    EXPECT_FALSE(event->attributes.back().json_literal);
  }
  EXPECT_EQ(read_binary_event(headers({{"ce-time", "0"}}), "", "")->attribute("time"),
            "1970-01-01T00:00:00.000Z");
}

TEST(StructuredEvent, ATabInAContentTypeIsABlank) {
  const auto event = read_binary_event(headers(), "text/plain;\tcharset=utf-8", "x");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->content_type, "text/plain; charset=utf-8");
}

// What was taken in once is delivered, whatever a later release asks of a sender.
TEST(StoredEvent, IsMendedWhereASenderWouldBeRefused) {
  const struct {
    std::string_view members;
    std::string_view name;
    std::string_view value;
  } rows[] = {
      {R"(,"subject":"a\tb")", "subject",
       "a\xEF\xBF\xBD"
       "b"},
      {R"(,"a":"\u009b\ufffe\ud800")", "a", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
      {R"(,"subject":"")", "subject", ""},
      {R"(,"time":"yesterday")", "time", "yesterday"},
      {R"(,"a":99999999999)", "a", "99999999999"},
      {R"(,"datacontenttype":"no type")", "id", "1"},
  };
  for (const auto& row : rows) {
    const std::string json = event_json(row.members);
    EXPECT_FALSE(read_structured_event(json)) << json;
    const auto event = read_structured_event(json, EventFrom::store);
    ASSERT_TRUE(event) << json << event.error().reason();
    EXPECT_EQ(event->attribute(row.name), row.value) << json;
  }
}

TEST(StructuredEvent, LimitsTheNumberOfAttributes) {
  std::string more;
  for (int i = 0; i < 252; ++i) more += ",\"a" + std::to_string(i) + "\":1";
  EXPECT_TRUE(read_structured_event(event_json(more)));
  const auto event = read_structured_event(event_json(more + R"(,"b":1)"));
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().reason(), "more than 256 attributes");
}

}  // namespace
}  // namespace gateway::events

#include <gtest/gtest.h>

#include "events/redactor.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"

namespace gateway::events {
namespace {

using test::JsonReference;
using test::Padded;

std::string with_headers(std::string_view headers) {
  return R"({"event":{"requestParameters":{"requestHeaders":)" + std::string(headers) +
         R"(,"Authorization":"kept"},"Authorization":"kept"},"cos":{}})";
}

// Blanks Authorization and x-secret; gives what the headers became.
std::string redacted(std::string_view headers, std::size_t expected_count) {
  Redactor redactor({"authorization", "X-Secret"});
  const std::string before = with_headers(headers);
  Padded record(before);
  EXPECT_EQ(redactor.redact(record.data(), record.size()), expected_count) << headers;
  const std::string after(record.view());
  EXPECT_TRUE(JsonReference(after).valid()) << after;
  const std::string frame = with_headers("|");
  const auto bar = frame.find('|');
  EXPECT_EQ(after.substr(0, bar), frame.substr(0, bar));
  EXPECT_EQ(after.substr(bar + headers.size()), frame.substr(bar + 1));
  return after.substr(bar, headers.size());
}

TEST(Redactor, BlanksValuesOfEveryType) {
  const struct {
    std::string_view before;
    std::string_view after;
    std::size_t count;
  } rows[] = {
      {R"({"Authorization":"secret","Host":"h"})", R"({"Authorization":""      ,"Host":"h"})", 1},
      {R"({"AUTHORIZATION" : "s" })", R"({"AUTHORIZATION" : ""  })", 1},
      {R"({"Auth\u006frization":"a\"b"})", R"({"Auth\u006frization":""    })", 1},
      {R"({"x-secret":7,"X-SECRET":12})", R"({"x-secret":0,"X-SECRET":""})", 2},
      {R"({"x-secret":-1.5e3})", R"({"x-secret":""    })", 1},
      {R"({"x-secret":null,"a":true})", R"({"x-secret":""  ,"a":true})", 1},
      {R"({"x-secret":{"a":[1, "]}"]} ,"b":1})", R"({"x-secret":""              ,"b":1})", 1},
      {R"({"x-secret":[],"b":{"x-secret":"inner"}})", R"({"x-secret":"","b":{"x-secret":""     }})",
       2},
      {R"({"x-secret":""})", R"({"x-secret":""})", 1},
      {R"({"x-secret":"\\"})", R"({"x-secret":""  })", 1},
      {R"({"x-secre":"a","x-secrett":"b"})", R"({"x-secre":"a","x-secrett":"b"})", 0},
      // What cannot be told apart is withheld as a whole.
      {R"(["x-secret", "s"])", R"(""               )", 1},
      {R"([{"name":"x-secret","value":"s"}])", R"(""                               )", 1},
      {R"("Authorization: s")", R"(""                )", 1},
      {R"({"a":"{\"x-Secret\":\"s\"}"})", R"({"a":""                    })", 1},
      {R"({"a":"{'x-secret':\"s\"}"})", R"({"a":""                  })", 1},
      {R"({"a":"{\"\\u0078-secret\":1}"})", R"({"a":""                      })", 1},
      {R"({"a":"say \"x\""})", R"({"a":"say \"x\""})", 0},
      {R"({"a":"x-secret"})", R"({"a":"x-secret"})", 0},
      {R"(null)", R"(null)", 0},
      {R"({})", R"({})", 0},
  };
  for (const auto& row : rows) EXPECT_EQ(redacted(row.before, row.count), row.after);
}

TEST(Redactor, LooksIntoEachRecordOfAPayload) {
  Redactor redactor({"authorization"});
  const std::string record =
      R"({"event":{"requestParameters":{"requestHeaders":{"Authorization":"secret"}}}})";
  const std::string blanked =
      R"({"event":{"requestParameters":{"requestHeaders":{"Authorization":""      }}}})";
  const struct {
    std::string before;
    std::string after;
    std::size_t count;
  } rows[] = {
      {R"({"Records":[)" + record + "," + record + "]}",
       R"({"Records":[)" + blanked + "," + blanked + "]}", 2},
      {R"({"Records":[[],7,)" + record + "]}", R"({"Records":[[],7,)" + blanked + "]}", 1},
      {R"({"Records":[],"Records":[)" + record + "]}",
       R"({"Records":[],"Records":[)" + blanked + "]}", 1},
      {R"({"Records":)" + record + "}", R"({"Records":)" + blanked + "}", 1},
      {"[" + record + "]", "[" + blanked + "]", 1},
      {R"({"a":[{"b":)" + record + "}]}", R"({"a":[{"b":)" + blanked + "}]}", 1},
  };
  for (const auto& row : rows) {
    Padded text(row.before);
    EXPECT_EQ(redactor.redact(text.data(), text.size()), row.count) << row.before;
    EXPECT_EQ(text.view(), row.after);
  }
}

TEST(Redactor, BlanksDuplicatesOnEveryLevel) {
  Redactor redactor({"a"});
  Padded record(
      R"({"event":{"requestParameters":{"requestHeaders":{"a":"#1","a":"#2"},)"
      R"("requestHeaders":{"A":"#3"}},"requestParameters":{"requestHeaders":{"a":"#4"}}},)"
      R"("ev\u0065nt":{"requestParameters":{"requestHeaders":{"a":"#5"}}}})");
  EXPECT_EQ(redactor.redact(record.data(), record.size()), 5U);
  EXPECT_EQ(record.view().find('#'), std::string_view::npos) << record.view();
}

TEST(Redactor, TakesTheSignatureOutOfEverySamplePayload) {
  Redactor redactor({"Authorization"});
  for (const auto& [name, payload] : test::sample_payloads()) {
    RecordSplitter splitter;
    Padded body(payload);
    const auto spans = splitter.split(body.data(), body.size());
    ASSERT_TRUE(spans) << name;
    const RecordSpan span = (*spans)[0];
    EXPECT_TRUE(redactor.redact(body.data() + span.offset, span.length)) << name;
    EXPECT_TRUE(JsonReference(body.view()).valid()) << name;
    EXPECT_EQ(body.view().find("q-sign-algorithm"), std::string_view::npos) << name;
  }
}

// Whatever the shape, the secret is not there any more.
TEST(Redactor, HoldsBackWhatItCannotSearch) {
  for (
      std::string text : {
          R"({"Event":{"RequestParameters":{"requestheaders":{"AUTHORIZATION":"#s"}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"a":{"b":{"Authorization":"#s"}}}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":[["Authorization","#s"]]}}})",
          R"({"event":{"requestParameters":{"requestHeaders":"Authorization: #s"}}})",
          R"({"event":{"requestParameters":"{\"requestHeaders\":{\"Authorization\":\"#s\"}}"}})",
          R"({"event":{"requestParameters":"H4sIAAAA#s"}})",
          R"({"event":"H4sIAAAA#s"})",
          R"({"event":[{"requestParameters":[{"requestHeaders":{"Authorization":"#s"}}]}]})",
          R"({"requestHeaders":{"Authorization":"#s"}})",
          R"({"detail":{"x":{"requestHeaders":{"Authorization":"#s"}}}})",
          R"({"data":"{\"event\":{\"requestHeaders\":{\"Authorization\":\"#s\"}}}"})",
          R"({"data":"{\"data\":\"{\\\"Authorization\\\":\\\"#s\\\"}\"}"})",
          R"({"data":"{\"\\u0041uthorization\":\"#s\"}"})",
          R"("{\"Authorization\":\"#s\"}")",
      }) {
    Redactor redactor({"Authorization"});
    const std::string before = text;
    ASSERT_TRUE(redactor.redact(text.data(), text.size())) << before;
    EXPECT_EQ(text.find("#s"), std::string::npos) << text;
    EXPECT_TRUE(JsonReference(text).valid()) << text;
    EXPECT_EQ(text.size(), before.size());
  }
}

TEST(Redactor, RefusesDataThatIsNoJson) {
  Redactor redactor({"Authorization"});
  const auto passes = [&](CloudEvent::DataKind kind, std::string data) {
    CloudEvent event;
    event.data_kind = kind;
    event.data = std::move(data);
    return redactor.redact(event);
  };
  using Kind = CloudEvent::DataKind;
  EXPECT_TRUE(passes(Kind::none, ""));
  EXPECT_TRUE(passes(Kind::json, R"({"a":1})"));
  EXPECT_TRUE(passes(Kind::text, "some words"));
  EXPECT_FALSE(passes(Kind::text, "authorization: x"));
  EXPECT_FALSE(passes(Kind::text, R"({\u0041uthorization:1})"));
  EXPECT_FALSE(passes(Kind::bytes, "\x1F\x8B"));
  EXPECT_TRUE(passes(Kind::bytes, R"({"requestHeaders":{"Authorization":"s"}})"));
  EXPECT_TRUE(passes(Kind::text, R"({"requestHeaders":{"Authorization":"s"}})"));
  EXPECT_FALSE(passes(Kind::json, "{"));
  EXPECT_FALSE(passes(Kind::json, std::string(2000, '[') + std::string(2000, ']')));
  EXPECT_TRUE(Redactor({}).active() == false);
}

TEST(Redactor, DoesNothingWithoutMembers) {
  Redactor redactor({});
  EXPECT_FALSE(redactor.active());
  Padded record(with_headers(R"({"Authorization":"secret"})"));
  const std::string before(record.view());
  EXPECT_EQ(redactor.redact(record.data(), record.size()), 0U);
  EXPECT_EQ(record.view(), before);
}

}  // namespace
}  // namespace gateway::events

#include "events/record_splitter.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "events/cos_record.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"

namespace gateway::events {
namespace {

using test::JsonReference;
using test::Padded;

std::vector<std::string> texts_of(std::span<const RecordSpan> spans, std::string_view body) {
  std::vector<std::string> texts;
  for (const auto& span : spans) texts.emplace_back(body.substr(span.offset, span.length));
  return texts;
}

TEST(RecordSplitter, GivesTheRecordOfEverySamplePayloadByteForByte) {
  RecordSplitter splitter;
  const auto payloads = test::sample_payloads();
  ASSERT_GE(payloads.size(), 10U);
  for (const auto& [name, payload] : payloads) {
    SCOPED_TRACE(name);
    Padded body(payload);
    const auto spans = splitter.split(body.data(), body.size());
    ASSERT_TRUE(spans) << spans.error().reason() << " at " << spans.error().offset();
    // These files hold one record each, so it lies between the outer brackets.
    const auto begin = payload.find('{', payload.find('['));
    const auto end = payload.rfind('}', payload.rfind(']')) + 1;
    EXPECT_EQ(texts_of(*spans, payload),
              std::vector<std::string>{payload.substr(begin, end - begin)});
  }
}

TEST(RecordSplitter, GivesRecordsWithoutTheWhiteSpaceAroundThem) {
  const std::string text = " { \"Records\" : [ {\"a\" : 1 } \n,\t{}\r, {\"b\":[{}]}  ] } ";
  Padded body(text);
  RecordSplitter splitter;
  const auto spans = splitter.split(body.data(), body.size());
  ASSERT_TRUE(spans);
  EXPECT_EQ(texts_of(*spans, text),
            (std::vector<std::string>{R"({"a" : 1 })", "{}", R"({"b":[{}]})"}));
}

TEST(RecordSplitter, GivesNothingForAnEmptyArray) {
  Padded body(R"({"Records":[]})");
  RecordSplitter splitter;
  const auto spans = splitter.split(body.data(), body.size());
  ASSERT_TRUE(spans);
  EXPECT_TRUE(spans->empty());
}

TEST(RecordSplitter, FindsRecordsWhateverTheirNamesSpellingAndNeighbours) {
  for (const std::string text : {
           R"({"a":1,"Records":[{"k":2}],"z":{"Records":[5]}})",
           R"({"R\u0065cord\u0073":[{"k":2}]})",
           R"({"records":7,"Records":[{"k":2}]})",
           R"({"Record\\s":7,"Records":[{"k":2}]})",
       }) {
    SCOPED_TRACE(text);
    Padded body(text);
    RecordSplitter splitter;
    const auto spans = splitter.split(body.data(), body.size());
    ASSERT_TRUE(spans) << spans.error().reason();
    EXPECT_EQ(texts_of(*spans, text), std::vector<std::string>{R"({"k":2})"});
  }
}

TEST(RecordSplitter, ReusesItsRoomForBodiesOfAnySize) {
  RecordSplitter splitter;
  for (const std::size_t count : {1U, 3000U, 0U, 2U, 10000U}) {
    std::string text = R"({"Records":[)";
    for (std::size_t i = 0; i < count; ++i) text += i == 0 ? R"({"n":"x"})" : R"(,{"n":"x"})";
    Padded body(text + "]}");
    const auto spans = splitter.split(body.data(), body.size());
    ASSERT_TRUE(spans);
    EXPECT_EQ(spans->size(), count);
  }
}

TEST(RecordSplitter, AcceptsWhatTheGrammarHasEvenIfReadersDiffer) {
  for (const std::string_view value :
       {"\"\\ud800\"", "\"\\udc00\\ud800x\"", "123456789012345678901234567890", "1e999", "-0",
        "0.0E-0", "\"\\u0000\"", "\"\x7f\"", "\"\xF4\x8F\xBF\xBF\""}) {
    const std::string text = "{\"Records\":[{\"a\":" + std::string(value) + "}]}";
    Padded body(text);
    RecordSplitter splitter;
    EXPECT_TRUE(splitter.split(body.data(), body.size())) << text;
    EXPECT_TRUE(JsonReference(text).valid()) << text;
  }
}

struct Refusal {
  std::string_view body;
  std::string_view reason;
  std::size_t offset;
};

class RecordSplitterRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(RecordSplitterRefusal, NamesReasonAndOffset) {
  const auto& [text, reason, offset] = GetParam();
  for (const char filler : {'}', ']', '0', '"', '\0', ','}) {
    Padded body(text, filler);
    RecordSplitter splitter;
    const auto spans = splitter.split(body.data(), body.size());
    ASSERT_FALSE(spans) << text;
    EXPECT_EQ(spans.error().reason(), reason) << text;
    EXPECT_EQ(spans.error().offset(), offset) << text;
  }
}

using namespace std::string_view_literals;
constexpr std::string_view kEarly = "the JSON text ends too early";
INSTANTIATE_TEST_SUITE_P(
    , RecordSplitterRefusal,
    testing::Values(
        Refusal{"", "no JSON text", 0}, Refusal{" \n\t ", "no JSON text", 4},
        Refusal{"\xEF\xBB\xBF{\"Records\":[]}", "byte order mark", 0},
        Refusal{"[]", "the top level is not an object", 0},
        Refusal{" 12", "the top level is not an object", 1},
        Refusal{"\"Records\"", "the top level is not an object", 0},
        Refusal{" {}", "no Records member", 1},
        Refusal{R"({"records":[]})", "no Records member", 0},
        Refusal{R"({"Records":{}})", "Records is not an array", 11},
        Refusal{R"({"Records":null})", "Records is not an array", 11},
        Refusal{R"({"Records":[{},1]})", "a record is not an object", 15},
        Refusal{R"({"Records":[[]]})", "a record is not an object", 12},
        Refusal{R"({"Records":[],"a":1,"Records":[]})", "a second Records member", 20},
        Refusal{R"({"Records":[],"Record\u0073":[]})", "a second Records member", 14},
        Refusal{R"({"Records":[]}x)", "text after the JSON value", 14},
        Refusal{R"({"Records":[]} {})", "text after the JSON value", 15},
        Refusal{"{\"Records\":[]}\0"sv, "text after the JSON value", 14}, Refusal{"{", kEarly, 1},
        Refusal{R"({"Records")", kEarly, 10}, Refusal{R"({"Records":)", kEarly, 11},
        Refusal{R"({"Records":[)", kEarly, 12}, Refusal{R"({"Records":[{})", kEarly, 14},
        Refusal{R"({"Records":[{}])", kEarly, 15}, Refusal{R"({"Records":[{"a":[[1])", kEarly, 21},
        Refusal{R"({"Records":[{"a":12)", kEarly, 19},
        Refusal{R"({"Records":[{"a":tru)", "invalid literal", 17},
        Refusal{R"({"Records":[{"a":"b)", "string without a closing quote", 17},
        Refusal{R"({"Records":[{"a":"b\"}]})", "string without a closing quote", 17},
        Refusal{"{\"Records\":[{\"a\":\"b\x01\"}]}", "control character in a string", 19},
        Refusal{"{\"Records\":[{\"a\":\"b\0\"}]}"sv, "control character in a string", 19},
        Refusal{"{\"Records\":[{\"a\":\"\\\"\n\"}]}", "control character in a string", 20},
        Refusal{"{\"Records\":[{\"a\":\"b\xFF\"}]}", "invalid UTF-8", 19},
        Refusal{"{\"Records\":[{\"a\":\"\xC3\xA4\xED\xA0\x80\"}]}", "invalid UTF-8", 20},
        Refusal{"{\"Records\":[{\"a\":\"\xC0\xAF\"}]}", "invalid UTF-8", 18},
        Refusal{R"({"Records":[{"a":"\x"}]})", "invalid escape in a string", 18},
        Refusal{R"({"Records":[{"a":"b\u12g4"}]})", "invalid escape in a string", 19},
        Refusal{R"({"Records":[{"a":"b\u12"}]})", "invalid escape in a string", 19},
        Refusal{R"({"Records":[{"\q":1}]})", "invalid escape in a string", 14},
        Refusal{R"({"Records":[{"a":01}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":1.}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":.5}]})", "expected a value", 17},
        Refusal{R"({"Records":[{"a":+5}]})", "expected a value", 17},
        Refusal{R"({"Records":[{"a":-}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":1e}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":1e+}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":1x}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":12"b"}]})", "invalid number", 17},
        Refusal{R"({"Records":[{"a":12\}]})", "invalid number", 17},
        Refusal{"{\"Records\":[{\"a\":12\x01}]}", "invalid number", 17},
        Refusal{"{\"Records\":[{\"a\":\x0C 12}]}", "expected a value", 17},
        Refusal{R"({"Records":[{"a":12 34}]})", "expected ',' or '}'", 20},
        Refusal{R"({"Records":[{"a":"b"x}]})", "expected ',' or '}'", 20},
        Refusal{R"({"Records":[{"a":"b""c"}]})", "expected ',' or '}'", 20},
        Refusal{R"({"Records":[{"a":"b" x}]})", "expected ',' or '}'", 21},
        Refusal{R"({"Records":[{"a":truex}]})", "invalid literal", 17},
        Refusal{R"({"Records":[{"a":True}]})", "expected a value", 17},
        Refusal{R"({"Records":[{"a":nul}]})", "invalid literal", 17},
        Refusal{R"({"Records":[{"a":nan}]})", "invalid literal", 17},
        Refusal{R"({"Records":[{"a":}]})", "expected a value", 17},
        Refusal{R"({"Records":[{"a"}]})", "expected ':' after a member name", 16},
        Refusal{R"({"Records":[{"a":1,}]})", "expected a member name in double quotes", 19},
        Refusal{R"({"Records":[{,"a":1}]})", "expected a member name in double quotes", 13},
        Refusal{R"({"Records":[{a:1}]})", "expected a member name in double quotes", 13},
        Refusal{R"({"Records":[{1:1}]})", "expected a member name in double quotes", 13},
        Refusal{R"({"Records":[{"a":1 "b":2}]})", "expected ',' or '}'", 19},
        Refusal{R"({"Records":[{"a":[1,2}]})", "expected ',' or ']'", 21},
        Refusal{R"({"Records":[{"a":[1,]}]})", "expected a value", 20},
        Refusal{R"({"Records":[{"a":[1 2]}]})", "expected ',' or ']'", 20},
        Refusal{R"({"Records":[{"a":{"b":1]}]})", "expected ',' or '}'", 23},
        Refusal{R"({"Records":[{},]})", "a record is not an object", 15},
        Refusal{R"({"Records":[{}{}]})", "expected ',' or ']'", 14},
        Refusal{R"({"Records":[{}}})", "expected ',' or ']'", 14},
        Refusal{R"({"Records":[{}],})", "expected a member name in double quotes", 16},
        Refusal{R"({"Records":[{}]]})", "expected ',' or '}'", 15},
        Refusal{R"({"x":nope,"Records":[]})", "invalid literal", 5},
        Refusal{R"({'Records':[]})", "expected a member name in double quotes", 1}));

// Digits are looked at eight at a time.
TEST(RecordSplitter, KnowsNumbersOfAnyLength) {
  const std::regex number(R"(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)");
  RecordSplitter splitter;
  const auto check = [&](const std::string& text) {
    for (const std::string behind : {"}]}", ",\"b\":1}]}", " \n ,\"b\":12345678901234567890}]}"}) {
      Padded body(R"({"Records":[{"a":)" + text + behind, '7');
      EXPECT_EQ(splitter.split(body.data(), body.size()).has_value(),
                std::regex_match(text, number))
          << text << behind;
    }
  };
  for (std::size_t length = 1; length <= 26; ++length) {
    const std::string digits = std::string("98765432109876543210987654").substr(0, length);
    check(digits);
    for (std::size_t at = 0; at < length; ++at) {
      for (const char other : std::string_view("0.eE+-/:x\x80\xFF")) {
        std::string text = digits;
        text[at] = other;
        check(text);
      }
    }
  }
}

TEST(RecordSplitter, RefusesFourGibibytesWithoutReadingThem) {
  RecordSplitter splitter;
  const auto spans = splitter.split("{}", std::size_t{1} << 32);
  ASSERT_FALSE(spans);
  EXPECT_EQ(spans.error().reason(), "4 GiB or more");
}

TEST(RecordSplitter, LimitsTheDepthOfTheWholeBody) {
  const auto nested = [](std::size_t levels) {
    // The body's object, the array of records and the record are the first three.
    std::string text = R"({"Records":[{"a":)";
    text += std::string(levels - 3, '[') + std::string(levels - 3, ']');
    return text + "}]}";
  };
  RecordSplitter splitter;
  Padded deepest(nested(RecordSplitter::kMaxDepth));
  EXPECT_TRUE(splitter.split(deepest.data(), deepest.size()));
  Padded deeper(nested(RecordSplitter::kMaxDepth + 1));
  const auto refused = splitter.split(deeper.data(), deeper.size());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "more than 1024 levels of nesting");
  EXPECT_EQ(refused.error().offset(), 17 + RecordSplitter::kMaxDepth - 3);
}

// Keeps what it is shown.
class Shown final : public RecordVisitor {
 public:
  void on_record(std::string_view record, const RecordMembers& members) override {
    records.emplace_back(record);
    all.push_back(members);
  }
  std::vector<std::string> records;
  std::vector<RecordMembers> all;
};

TEST(RecordSplitter, ShowsOnItsWalkWhatAReaderFinds) {
  RecordSplitter splitter;
  Redactor none({});
  CosRecordReader reader;
  CosRecordReader of_members;
  for (const auto& [name, payload] : test::sample_payloads()) {
    Padded body(payload);
    Shown shown;
    const auto spans = splitter.split(body.data(), body.size(), shown, none);
    ASSERT_TRUE(spans) << name;
    EXPECT_EQ(shown.records, texts_of(*spans, payload));
    for (std::size_t i = 0; i < shown.all.size(); ++i) {
      const CosRecord read = reader.read(shown.records[i]);
      const CosRecord noted = of_members.read(shown.records[i], shown.all[i]);
      EXPECT_EQ(noted.key, read.key);
      EXPECT_EQ(noted.bucket, read.bucket);
      EXPECT_EQ(noted.size, read.size);
      EXPECT_EQ(noted.event_time, read.event_time);
      EXPECT_FALSE(noted.event_name.empty()) << name;
    }
  }
}

TEST(RecordSplitter, RedactsOnItsWalkWhatTheRedactorWould) {
  RecordSplitter splitter;
  for (
      const std::string text : {
          R"({"cos":{},"event":{"requestParameters":{"requestHeaders":{"Authorization":"#s","b":1}}}})",
          R"({"cos":{"requestHeaders":{"Authorization":"#s"}},"event":{}})",
          R"({"cos":{"cosObject":{"meta":{"requestheaders":{"authorization":"#s"}}}}})",
          R"({"cos":{},"event":{"requestParameters":{"requestHeaders":{"Auth\u006frization":"#s"}}}})",
          R"({"cos":{},"event":{"requestParameters":"#s"}})",
          R"({"cos":{},"Event":"#s"})",
          R"({"cos":{},"event":{"x":"{\"Authorization\":\"#s\"}"}})",
          R"({"x":{"event":{"requestParameters":{"requestHeaders":["Authorization","#s"]}}}})",
          R"({"cos":{"cosObject":{"meta":{"ETag":"\"{'Authorization':'#s'}\""}}}})",
          R"({"cos":{"cosObject":{"key":"\"\u0041uthorization\":\"#s\""}}})",
          R"({"cos":{"cosObject":{"key":"\"\\u0041uthorization\":\"#s\""}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"x":"\"AUTHORIZATION\": #s"}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"Authorization":"\"#s\"","x":"\""}}}})",
          R"({"cos":{"a":"\"authorization\":#s"}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"Event":"#s"}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"RequestHeaders":"#s"}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"Authorization":{"a":["#s"]}}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"\u0041uthorization":{"a":"#s"}}}}})",
          R"({"event":{"requestParameters":{"requestHeader\u0073":{"Authorization":"#s"}}}})",
          R"({"event":{"requestParameter\u0073":{"requestHeaders":{"Authorization":"#s"}}}})",
          R"({"event":{"requestParameters":{"requestHeaders":{"Authorization" : "#s" , "b":1}}}})",
      }) {
    SCOPED_TRACE(text);
    Redactor redactor({"Authorization"});
    std::string alone = text;
    ASSERT_TRUE(redactor.redact(alone.data(), alone.size()));
    const std::string payload = R"({"Records":[)" + text + "," + text + "]}";
    Padded body(payload);
    Shown shown;
    const auto spans = splitter.split(body.data(), body.size(), shown, redactor);
    ASSERT_TRUE(spans);
    EXPECT_EQ(shown.records, (std::vector<std::string>{text, text}))
        << "before anything is redacted";
    EXPECT_EQ(texts_of(*spans, body.view()), (std::vector<std::string>{alone, alone}));
    EXPECT_EQ(body.view().find("#s"), std::string_view::npos);
  }
}

// Nearly every record has quotes of its own in its ETag, and is not to be searched for that.
TEST(RecordSplitter, FindsRecordsUsualWhoseStringsHaveHarmlessEscapes) {
  const HeaderNames secrets({"Authorization"});
  const auto is_usual = [&](const std::string& text) {
    const Padded record(text);
    JsonIndex index;
    auto json = index.read(record.view().data(), record.size());
    RecordWalk::Places places;
    RecordMembers members;
    RecordWalk walk(*json, secrets, places);
    EXPECT_TRUE(walk.pass(members));
    return walk.usual();
  };
  EXPECT_TRUE(is_usual(R"({"cos":{"cosObject":{"meta":{"ETag":"\"0123\""},"key":"a\/b\n"}}})"));
  EXPECT_TRUE(is_usual(
      R"({"event":{"requestParameters":{"requestHeaders":{"If-Match":"\"0\"","Authorization":"\u0061"}}}})"));
  EXPECT_FALSE(is_usual(R"({"cos":{"cosObject":{"key":"\u0061"}}})"));
  EXPECT_FALSE(is_usual(R"({"cos":{"cosObject":{"key":"\"authorization"}}})"));
  EXPECT_FALSE(is_usual(R"({"event":{"requestParameters":{"requestHeaders":{"\u0061":"b"}}}})"));
}

TEST(RecordSplitter, TellsWhoseRecordsTheyAre) {
  const struct {
    std::string_view record;
    RecordKind kind;
  } rows[] = {
      {R"({"cos":{},"event":{}})", RecordKind::cos},
      {R"({ "event" : {},"cos":{}})", RecordKind::cos},
      {R"({"x":1,"cos":{}})", RecordKind::cos},
      {R"({"Ckafka":{"topic":"t"}})", RecordKind::ckafka},
      {R"({"CMQ":{"type":"topic"}})", RecordKind::cmq},
      {R"({"eventVersion":"2.1","eventSource":"aws:s3","s3":{"object":{}}})", RecordKind::s3},
      {R"({"Ckafka":{},"cos":{}})", RecordKind::cos},
      {R"({"co\u0073":{},"CMQ":{}})", RecordKind::cos},
      {R"({"cosmos":1})", RecordKind::cos},
      {"{}", RecordKind::cos},
  };
  RecordSplitter splitter;
  std::string payload = R"({"Records":[)";
  for (const auto& row : rows) payload += std::string(row.record) + ",";
  payload.back() = ']';
  Padded body(payload + "}");
  const auto spans = splitter.split(static_cast<const char*>(body.data()), body.size());
  ASSERT_TRUE(spans);
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    EXPECT_EQ((*spans)[i].kind, rows[i].kind) << rows[i].record;
  }
}

}  // namespace
}  // namespace gateway::events

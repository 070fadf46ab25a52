// No content of a record or of an event that is passed on can end a header line, begin another
// request or change a length: what is sent is read by Boost.Beast, strictly, and must be the
// requests that were meant.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/encoder.hpp"
#include "events/event_attributes.hpp"
#include "support/encoded_request.hpp"
#include "support/event_binding.hpp"

namespace gateway::events {
namespace {

namespace http = boost::beast::http;
namespace json = boost::json;
using namespace std::string_view_literals;

constexpr std::string_view kTarget = "/gateway/bus";

// What one request is to be: all its headers but Content-Length, values decoded.
struct Expected {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Pieces hostile texts are made of.
constexpr std::string_view kPieces[] = {
    "\r\n"sv,
    "\r"sv,
    "\n"sv,
    "\0"sv,
    "\r\n\r\n"sv,
    "\r\nContent-Length: 0\r\n\r\n"sv,
    "\r\nX-Injected: 1"sv,
    "\r\n\r\nPOST /smuggled HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"sv,
    "\x7f"sv,
    "\x1b[2J"sv,
    "\t"sv,
    " "sv,
    ":"sv,
    "%"sv,
    "%0d%0a"sv,
    "%0"sv,
    "\""sv,
    "\\"sv,
    "\\\""sv,
    ","sv,
    "\xc3\xa4"sv,
    "\xe2\x80\xa8"sv,
    "\xf0\x9f\x93\xb7"sv,
    "\xc2\x85"sv,
    "a"sv,
    "photo.jpg"sv,
    "}]}"sv,
};

class Hostile {
 public:
  explicit Hostile(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string text() {
    std::string text;
    for (std::size_t i = below(8); i > 0; --i) text += kPieces[below(std::size(kPieces))];
    if (below(40) == 0) text += std::string(64'000, 'x') + "\r\n";
    return text;
  }
  // Any bytes at all, UTF-8 or not.
  std::string bytes() {
    std::string text = this->text();
    for (std::size_t i = below(20); i > 0; --i) text += static_cast<char>(below(256));
    return text;
  }

 private:
  std::mt19937 random_;
};

EncoderSettings hostile_settings(ContentMode mode) {
  using enum RecordAttribute;
  EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = kTarget;
  settings.host = "bus.example:80";
  settings.source = "s\r\nX-Injected: 1";
  settings.attributes = {subject, cosbucket, cosregion, coseventname};
  return settings;
}

// Takes every request from the front of `bytes` and compares.
void check(std::string_view bytes, const std::vector<Expected>& expected) {
  for (const Expected& request : expected) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(16 << 20);
    parser.body_limit(16 << 20);
    parser.eager(true);
    boost::system::error_code error;
    const std::size_t size = parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    ASSERT_FALSE(error) << error.message();
    ASSERT_TRUE(parser.is_done());
    bytes.remove_prefix(size);
    const auto& message = parser.get();
    EXPECT_EQ(message.method(), http::verb::post);
    EXPECT_EQ(message.target(), kTarget);
    EXPECT_EQ(message.version(), 11U);
    EXPECT_FALSE(parser.chunked());
    ASSERT_EQ(message.body(), request.body);
    std::vector<std::pair<std::string, std::string>> headers;
    for (const auto& field : message) {
      std::string name(field.name_string());
      std::string value(field.value());
      if (name.starts_with("ce-")) value = test::percent_decoded(value);
      if (name != "Content-Length") headers.emplace_back(std::move(name), std::move(value));
    }
    ASSERT_EQ(headers, request.headers);
  }
  EXPECT_TRUE(bytes.empty()) << "nothing but these requests";
}

std::vector<std::pair<std::string, std::string>> head(std::string content_type) {
  std::vector<std::pair<std::string, std::string>> headers{{"Host", "bus.example:80"}};
  if (!content_type.empty()) headers.emplace_back("Content-Type", std::move(content_type));
  return headers;
}

TEST(Injection, NoRecordBreaksItsRequest) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Hostile hostile(seed);
    Encoder encoder(hostile_settings(ContentMode::binary));
    std::vector<std::string> records;
    std::vector<Expected> expected;
    const std::size_t count = 1 + hostile.below(5);
    records.reserve(count);
    Gather gather;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "b" + hostile.text();
      const std::string appid = "1" + hostile.text();
      const std::string region = hostile.text();
      const std::string key = hostile.text();
      const std::string event_name = hostile.text();
      const json::value record = {
          {"cos",
           {{"cosBucket", {{"name", name}, {"appid", appid}, {"cosRegion", region}}},
            {"cosObject", {{"key", "/" + appid + "/" + name + "/" + key}, {"x", hostile.text()}}}}},
          {"event", {{"eventName", event_name}}}};
      records.push_back(json::serialize(record));
      OutgoingEvent event;
      event.record = records.back();
      encoder.append(event, gather);
      Expected request;
      request.body = records.back();
      request.headers = head("application/json");
      request.headers.emplace_back("ce-specversion", "1.0");
      request.headers.emplace_back("ce-id", "00000000-0000-0000-0000-000000000000");
      request.headers.emplace_back("ce-source", "s\r\nX-Injected: 1");
      request.headers.emplace_back("ce-type", "tencent-cloud-cos-event");
      request.headers.emplace_back("ce-time", "1970-01-01T00:00:00.000Z");
      for (const auto& [attribute, value] :
           {std::pair("ce-subject", key), std::pair("ce-cosbucket", name + "-" + appid),
            std::pair("ce-cosregion", region), std::pair("ce-coseventname", event_name)}) {
        if (!value.empty() && is_attribute_text(value)) {
          request.headers.emplace_back(attribute, value);
        }
      }
      expected.push_back(std::move(request));
    }
    check(test::joined(gather), expected);
  }
}

TEST(Injection, NoRecordBreaksTheJsonAroundIt) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Hostile hostile(seed);
    Encoder encoder(hostile_settings(ContentMode::structured));
    const std::string key = hostile.text();
    const json::value record = {{"cos", {{"cosObject", {{"key", "/" + key}}}}}};
    const std::string text = json::serialize(record);
    OutgoingEvent event;
    event.record = text;
    Gather gather;
    encoder.append(event, gather);
    const std::string bytes = test::joined(gather);
    std::string_view rest = bytes;
    const auto request = test::EncodedRequest::take(rest);
    ASSERT_TRUE(request && rest.empty());
    const auto body = json::parse(request->body).as_object();
    EXPECT_EQ(body.at("data"), record);
    if (key.empty() || !is_attribute_text(key)) {
      EXPECT_FALSE(body.contains("subject"));
    } else {
      EXPECT_EQ(body.at("subject").as_string(), key);
    }
    EXPECT_FALSE(body.contains("X-Injected"));
  }
}

// Whatever stands in an event, even what its readers would have refused.
TEST(Injection, NoAttributeOfAnEventThatIsPassedOnBreaksItsRequest) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    Hostile hostile(seed);
    Encoder encoder(hostile_settings(ContentMode::binary));
    std::vector<CloudEvent> events(1 + hostile.below(5));
    std::vector<Expected> expected;
    Gather gather;
    for (CloudEvent& event : events) {
      Expected request;
      event.content_type = hostile.below(3) == 0 ? "" : "text/" + hostile.bytes() + "x";
      std::string type = event.content_type;
      for (char& c : type) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
      }
      request.headers = head(std::move(type));
      for (std::size_t i = 0; i < 1 + hostile.below(10); ++i) {
        CloudEvent::Attribute attribute;
        attribute.name = "a" + std::to_string(i);
        attribute.value = hostile.bytes();
        request.headers.emplace_back("ce-" + attribute.name, attribute.value);
        event.attributes.push_back(std::move(attribute));
      }
      event.data = hostile.bytes();
      event.data_kind = CloudEvent::DataKind::bytes;
      request.body = event.data;
      OutgoingEvent outgoing;
      outgoing.passed_on = &event;
      encoder.append(outgoing, gather);
      expected.push_back(std::move(request));
    }
    check(test::joined(gather), expected);
  }
}

TEST(Injection, NoOddNameBecomesAnAttribute) {
  const auto read = [](std::string_view name) {
    std::vector<HeaderField> fields;
    for (const auto& [field, value] :
         {std::pair("ce-specversion"sv, "1.0"sv), std::pair("ce-id"sv, "1"sv),
          std::pair("ce-source"sv, "s"sv), std::pair("ce-type"sv, "t"sv), std::pair(name, "v"sv)}) {
      HeaderField header;
      header.name = field;
      header.value = value;
      fields.push_back(header);
    }
    return read_binary_event(fields, "", "");
  };
  EXPECT_TRUE(read("ce-fine1"));
  for (const auto name :
       {"ce-"sv, "ce-a b"sv, "ce-a\r\nx"sv, "ce-a:b"sv, "ce-a\0"sv, "ce-A"sv, "ce-a_b"sv,
        "ce-a-b"sv, "ce-\xc3\xa4"sv, "ce-a%0d"sv, "ce-data"sv, "ce-datacontenttype"sv}) {
    EXPECT_FALSE(read(name)) << name;
  }
  EXPECT_FALSE(read("ce-" + std::string(256, 'a')));
  for (const auto name : {R"("a b")"sv, R"("a\r\nb")"sv, R"("a\u0000")"sv, R"("A")"sv, R"("")"sv,
                          R"("a:b")"sv, R"("\ud800")"sv, R"("ä")"sv}) {
    const std::string event = R"({"specversion":"1.0","id":"1","source":"s","type":"t",)" +
                              std::string(name) + R"(:"v"})";
    const std::string padded = event + std::string(64, ' ');
    EXPECT_FALSE(read_structured_event(std::string_view(padded).substr(0, event.size()))) << name;
  }
}

TEST(Injection, NoControlCharacterBecomesAValue) {
  for (const auto value : {"a%0d%0ab"sv, "%00"sv, "%7f"sv, "%c2%85"sv, "\"a\\\r\""sv, "%ff"sv}) {
    std::vector<HeaderField> fields;
    for (const auto& [name, text] :
         {std::pair("ce-specversion"sv, "1.0"sv), std::pair("ce-id"sv, value),
          std::pair("ce-source"sv, "s"sv), std::pair("ce-type"sv, "t"sv)}) {
      HeaderField header;
      header.name = name;
      header.value = text;
      fields.push_back(header);
    }
    EXPECT_FALSE(read_binary_event(fields, "", "")) << value;
  }
}

}  // namespace
}  // namespace gateway::events

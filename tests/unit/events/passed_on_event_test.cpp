// How events are encoded that were CloudEvents before.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"
#include "unit/events/encoder_support.hpp"

namespace gateway::events {
namespace {

using namespace std::string_literals;
using test::encoded;
using test::event_of;
using test::JsonReference;
using test::Padded;
using test::request_of;
using test::settings;
using test::someone_elses_event;
using test::with_all_attributes;

// A receiver goes by the Content-Type: in binary mode it would take the data for the event.
TEST(BinaryEncoder, SendsInStructuredModeWhatWouldBecomeAnotherEvent) {
  const struct {
    CloudEvent::DataKind kind;
    const char* type;
    const char* data;
    bool structured;
  } rows[] = {
      {CloudEvent::DataKind::json, "application/cloudevents+json", R"({"id":"x"})", true},
      {CloudEvent::DataKind::json, "Application/CloudEvents-Batch+JSON; charset=utf-8", "[]", true},
      {CloudEvent::DataKind::bytes, "application/cloudevents+avro", "x", true},
      {CloudEvent::DataKind::none, " application/cloudevents", "", true},
      {CloudEvent::DataKind::json, "application/cloudevent+json", "1", false},
      {CloudEvent::DataKind::text, "text/plain; charset=utf-16le", "\xC3\xA4", true},
      {CloudEvent::DataKind::text, "text/plain; charset=us-ascii", "\xC3\xA4", true},
      {CloudEvent::DataKind::text, "text/plain; charset=us-ascii", "a", false},
      {CloudEvent::DataKind::text, "text/plain; charset=utf-8", "\xC3\xA4", false},
      {CloudEvent::DataKind::bytes, "text/plain; charset=utf-16le", "a", false},
  };
  for (const auto& row : rows) {
    CloudEvent passed =
        *read_structured_event(R"({"specversion":"1.0","id":"1","source":"/s","type":"t"})");
    passed.content_type = row.type;
    passed.data_kind = row.kind;
    passed.data = row.data;
    OutgoingEvent event;
    event.passed_on = &passed;
    const auto request = request_of(settings(ContentMode::binary), event);
    if (!row.structured) {
      EXPECT_EQ(request.header("Content-Type"), row.type);
      EXPECT_EQ(request.body, row.data) << row.type;
      continue;
    }
    EXPECT_EQ(request.header("Content-Type"), "application/cloudevents+json") << row.type;
    EXPECT_EQ(request.header("ce-id"), "");
    const auto read = read_structured_event(request.body);
    ASSERT_TRUE(read) << read.error().reason();
    EXPECT_EQ(read->attribute("id"), "1");
    EXPECT_EQ(read->data, row.data);
  }
}

TEST(BinaryEncoder, PassesAnEventOn) {
  CloudEvent event = someone_elses_event();
  event.content_type = "text/plain; charset=\"utf-8\"";
  event.data = "hello";
  event.data_kind = CloudEvent::DataKind::text;
  EXPECT_EQ(encoded(settings(), event_of(event)),
            "POST /gateway/bus HTTP/1.1\r\n"
            "Host: eventbus.example:8080\r\n"
            "Content-Type: text/plain; charset=\"utf-8\"\r\n"
            "ce-specversion: 1.0\r\n"
            "ce-id: a%20%221%22\r\n"
            "ce-source: //else/%25C3%25A4\r\n"
            "ce-type: t\r\n"
            "ce-count: 5\r\n"
            "Content-Length: 5\r\n"
            "\r\n"
            "hello");
}

TEST(BinaryEncoder, PassesAnEventWithoutDataOn) {
  const CloudEvent event = someone_elses_event();
  const auto request = request_of(settings(), event_of(event));
  EXPECT_EQ(request.header("Content-Type"), "");
  EXPECT_EQ(request.header("Content-Length"), "0");
  EXPECT_EQ(request.body, "");
}

TEST(BinaryEncoder, NamesTheTypeThatStructuredModeLeftOut) {
  CloudEvent event = someone_elses_event();
  event.data = "[1]";
  event.data_kind = CloudEvent::DataKind::json;
  EXPECT_EQ(request_of(settings(), event_of(event)).header("Content-Type"), "application/json");
}

TEST(StructuredEncoder, PassesEveryKindOfDataOn) {
  const struct {
    CloudEvent::DataKind kind;
    std::string_view type;
    std::string data;
    std::string_view expected;
  } rows[] = {
      {CloudEvent::DataKind::none, "", "", "}"},
      {CloudEvent::DataKind::json, "", "[ 1]", R"(,"data":[ 1]})"},
      {CloudEvent::DataKind::json, "a/json", "\"x\"", R"(,"datacontenttype":"a/json","data":"x"})"},
      {CloudEvent::DataKind::text, "text/x;a=\"b\"", "x\n",
       R"(,"datacontenttype":"text/x;a=\"b\"","data":"x\n"})"},
      {CloudEvent::DataKind::bytes, "", "\0\xFF"s, R"(,"data_base64":"AP8="})"},
      {CloudEvent::DataKind::bytes, "", "", R"(,"data_base64":""})"},
  };
  for (const auto& row : rows) {
    CloudEvent event = someone_elses_event();
    event.data_kind = row.kind;
    event.content_type = row.type;
    event.data = row.data;
    const auto request = request_of(settings(ContentMode::structured), event_of(event));
    EXPECT_EQ(request.body, R"({"specversion":"1.0","id":"a \"1\"","source":"//else/%C3%A4",)"
                            R"("type":"t","count":5)" +
                                std::string(row.expected));
    EXPECT_TRUE(JsonReference(request.body).valid()) << request.body;
  }
}

TEST(BinaryEncoder, EncodesAUriThatCameWithoutTheEncodingOfHeaders) {
  HeaderField fields[4];
  fields[0].name = "ce-id";
  fields[0].value = "1";
  fields[1].name = "ce-source";
  fields[1].value = "/a%20b/%3C";
  fields[2].name = "ce-specversion";
  fields[2].value = "1.0";
  fields[3].name = "ce-type";
  fields[3].value = "50%25";
  const auto event = read_binary_event({fields, fields + 4}, "", "");
  ASSERT_TRUE(event);
  const auto binary = request_of(settings(), event_of(*event));
  EXPECT_EQ(binary.header("ce-source"), "/a%2520b/%253C");
  EXPECT_EQ(binary.header("ce-type"), "50%25");
  const auto structured = request_of(settings(ContentMode::structured), event_of(*event));
  EXPECT_NE(structured.body.find(R"("source":"/a%20b/%3C")"), std::string::npos);
  EXPECT_TRUE(read_structured_event(structured.body));
}

TEST(EncoderJson, ReadsBackAsTheSameEvent) {
  const struct {
    CloudEvent::DataKind kind;
    std::string_view type;
    std::string data;
  } rows[] = {{CloudEvent::DataKind::none, "", ""},
              {CloudEvent::DataKind::json, "", " [ 1.0, {\"a\" : \"\\u00e4\"}]"},
              {CloudEvent::DataKind::json, "a/x+json", "\"x\""},
              {CloudEvent::DataKind::text, "text/x;a=\"b\"", "x\n\t\"\\ \xC3\xA4"},
              {CloudEvent::DataKind::bytes, "image/png", "\0\xFF\r\n"s},
              {CloudEvent::DataKind::bytes, "", ""}};
  for (const auto& row : rows) {
    CloudEvent event = someone_elses_event();
    event.data_kind = row.kind;
    event.content_type = row.type;
    event.data = row.data;
    std::string json;
    Encoder(settings()).json(event_of(event), json);
    const auto read = read_structured_event(json);
    ASSERT_TRUE(read) << json;
    // White space around a JSON value is not part of it.
    EXPECT_EQ(read->data,
              row.data.substr(std::min(row.data.find_first_not_of(' '), row.data.size())));
    EXPECT_EQ(read->data_kind, row.kind);
    EXPECT_EQ(read->content_type, row.type);
    ASSERT_EQ(read->attributes.size(), event.attributes.size());
    for (std::size_t i = 0; i < event.attributes.size(); ++i) {
      EXPECT_EQ(read->attributes[i].name, event.attributes[i].name);
      EXPECT_EQ(read->attributes[i].value, event.attributes[i].value);
      EXPECT_EQ(read->attributes[i].json_literal, event.attributes[i].json_literal);
    }
  }
}

TEST(EncoderJson, OfARecordPassedOnIsTheRequestTheRecordWouldHaveBeen) {
  for (const auto& [name, text] : test::sample_records()) {
    SCOPED_TRACE(name);
    const Padded padded(text);
    const std::string_view record = padded.view();
    const EncoderSettings binary = with_all_attributes(ContentMode::binary);
    std::string json;
    Encoder(binary).json(event_of(record), json);
    const auto stored = read_structured_event(json);
    ASSERT_TRUE(stored) << stored.error().reason();
    const auto first = request_of(binary, event_of(record));
    const auto again = request_of(binary, event_of(*stored));
    EXPECT_EQ(again.body, first.body);
    ASSERT_EQ(again.headers.size(), first.headers.size());
    for (const auto& [header, value] : first.headers)
      EXPECT_EQ(again.header(header), value) << header;
  }
}

}  // namespace
}  // namespace gateway::events

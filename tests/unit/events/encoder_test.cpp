#include "events/encoder.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <initializer_list>
#include <string>

#include "support/encoded_request.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"

namespace gateway::events {
namespace {

using namespace std::string_literals;
using test::EncodedRequest;
using test::joined;
using test::JsonReference;
using test::Padded;

constexpr std::string_view kId = "01234567-89ab-4def-8edc-ba9876543210";
constexpr std::string_view kTime = "2026-01-02T03:04:05.678Z";

EncoderSettings settings(ContentMode mode = ContentMode::binary) {
  EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/gateway/bus";
  settings.host = "eventbus.example:8080";
  settings.source = "function";
  return settings;
}

EncoderSettings with_all_attributes(ContentMode mode) {
  EncoderSettings all = settings(mode);
  all.attributes = {RecordAttribute::subject, RecordAttribute::cosbucket,
                    RecordAttribute::cosregion, RecordAttribute::coseventname,
                    RecordAttribute::coseventtime};
  return all;
}

OutgoingEvent event_of(std::string_view record) {
  OutgoingEvent event;
  event.id = Uuid(0x0123456789ab4def, 0x8edcba9876543210);
  event.time = WallTime{std::chrono::milliseconds{1767323045678}};
  event.record = record;
  return event;
}

OutgoingEvent event_of(const CloudEvent& passed_on) {
  OutgoingEvent event;
  event.passed_on = &passed_on;
  return event;
}

std::string encoded(const EncoderSettings& settings, const OutgoingEvent& event) {
  Encoder encoder(settings);
  Gather gather;
  encoder.append(event, gather);
  EXPECT_EQ(joined(gather).size(), gather.bytes());
  return joined(gather);
}

// The one request that was written, which must be well-formed and nothing else.
EncodedRequest request_of(const EncoderSettings& settings, const OutgoingEvent& event) {
  const std::string bytes = encoded(settings, event);
  std::string_view rest = bytes;
  auto request = EncodedRequest::take(rest);
  EXPECT_TRUE(request) << bytes;
  EXPECT_EQ(rest, "") << bytes;
  return request ? *request : EncodedRequest();
}

CloudEvent someone_elses_event() {
  CloudEvent event;
  const auto add = [&](std::string_view name, std::string_view value, bool literal = false) {
    CloudEvent::Attribute attribute;
    attribute.name = name;
    attribute.value = value;
    attribute.json_literal = literal;
    event.attributes.push_back(attribute);
  };
  add("specversion", "1.0");
  add("id", "a \"1\"");
  add("source", "//else/%C3%A4");
  add("type", "t");
  add("count", "5", true);
  return event;
}

TEST(BinaryEncoder, WritesTheContractByteForByte) {
  const Padded record(R"({"a":1})");
  EXPECT_EQ(encoded(settings(), event_of(record.view())),
            "POST /gateway/bus HTTP/1.1\r\n"
            "Host: eventbus.example:8080\r\n"
            "Content-Type: application/json\r\n"
            "ce-specversion: 1.0\r\n"
            "ce-id: 01234567-89ab-4def-8edc-ba9876543210\r\n"
            "ce-source: function\r\n"
            "ce-type: tencent-cloud-cos-event\r\n"
            "ce-time: 2026-01-02T03:04:05.678Z\r\n"
            "Content-Length: 7\r\n"
            "\r\n"
            R"({"a":1})");
}

TEST(BinaryEncoder, RefersToTheRecordInsteadOfCopyingIt) {
  const Padded record(R"({"a":1})");
  Encoder encoder(settings());
  Gather gather;
  encoder.append(event_of(record.view()), gather);
  ASSERT_EQ(gather.pieces().size(), 2U);
  EXPECT_EQ(gather.pieces()[1].iov_base, record.view().data());
}

TEST(BinaryEncoder, FillsInEachEventAnew) {
  const Padded first(R"({"a":1})");
  const Padded second(R"({"a":12345})");
  Encoder encoder(settings());
  Gather gather;
  encoder.append(event_of(first.view()), gather);
  OutgoingEvent later = event_of(second.view());
  later.id = Uuid(1, 2);
  later.time += std::chrono::milliseconds{322};
  encoder.append(later, gather);
  const std::string bytes = joined(gather);
  std::string_view rest = bytes;
  EXPECT_EQ(EncodedRequest::take(rest)->header("ce-time"), kTime);
  const auto request = EncodedRequest::take(rest);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->header("ce-id"), "00000000-0000-0001-0000-000000000002");
  EXPECT_EQ(request->header("ce-time"), "2026-01-02T03:04:06.000Z");
  EXPECT_EQ(request->body, second.view());
  EXPECT_EQ(rest, "");
}

TEST(BinaryEncoder, EncodesSourceAndAddsExtraHeaders) {
  EncoderSettings custom = settings();
  custom.source = "my function\r\nX: y";
  custom.headers = {{"Authorization", "Bearer t"}, {"X-Tenant", "7"}};
  const Padded record("{}");
  const auto request = request_of(custom, event_of(record.view()));
  EXPECT_EQ(request.header("ce-source"), "my%20function%0D%0AX:%20y");
  EXPECT_EQ(request.header("Authorization"), "Bearer t");
  EXPECT_EQ(request.header("X-Tenant"), "7");
}

TEST(BinaryEncoder, WrapsTheRecordIfAskedTo) {
  EncoderSettings wrapped = settings();
  wrapped.data = DataShape::records;
  const Padded record(R"({"a":1})");
  EXPECT_EQ(request_of(wrapped, event_of(record.view())).body, R"({"Records":[{"a":1}]})");
}

TEST(BinaryEncoder, WritesAttributesOfTheRecord) {
  const Padded record(
      R"({"cos":{"cosObject":{"key":"/125/pics/a b\"%\u00e4.jpg"},"cosBucket":{"name":"pics",)"
      R"("appid":"125","cosRegion":"ap-beijing"}},"event":{"eventName":"cos: ObjectCreated:*",)"
      R"("eventTime":1545205770}})");
  const auto request =
      request_of(with_all_attributes(ContentMode::binary), event_of(record.view()));
  EXPECT_EQ(request.header("ce-subject"), "a%20b%22%25%C3%A4.jpg");
  EXPECT_EQ(request.header("ce-cosbucket"), "pics-125");
  EXPECT_EQ(request.header("ce-cosregion"), "ap-beijing");
  EXPECT_EQ(request.header("ce-coseventname"), "cos:%20ObjectCreated:*");
  EXPECT_EQ(request.header("ce-coseventtime"), "2018-12-19T07:49:30.000Z");
}

TEST(BinaryEncoder, LeavesOutAttributesThatTheRecordDoesNotHave) {
  const Padded record(R"({"cos":{"cosBucket":{"name":"pics"}},"event":{"eventTime":"soon"}})");
  const auto request =
      request_of(with_all_attributes(ContentMode::binary), event_of(record.view()));
  EXPECT_EQ(request.header("ce-cosbucket"), "pics");
  for (const auto& [name, value] : request.headers) {
    EXPECT_NE(name, "ce-subject");
    EXPECT_NE(name, "ce-cosregion");
    EXPECT_NE(name, "ce-coseventname");
    EXPECT_NE(name, "ce-coseventtime");
  }
}

TEST(BinaryEncoder, NoKeyCanEndItsHeaderLine) {
  for (const std::string& key : std::initializer_list<std::string>{
           R"(a\r\nX-Injected: 1)", R"(\u000d\u000a\u000d\u000aGET / HTTP/1.1)", R"(\u0000\u007f)",
           R"(\ud800\udc00\udc00)", std::string(850, 'k'), R"(\n)"}) {
    const Padded record(R"({"cos":{"cosObject":{"key":")" + key + R"("}},"event":{"eventName":")" +
                        key + R"("}})");
    const auto request =
        request_of(with_all_attributes(ContentMode::binary), event_of(record.view()));
    EXPECT_EQ(request.header("X-Injected"), "");
    // What no attribute may hold is left out; the data has it.
    EXPECT_EQ(request.headers.size(), key.size() == 850 ? 10U : 8U) << key;
    EXPECT_EQ(request.body, record.view());
  }
}

// In every mode, and whatever is written is read by this project's own readers.
TEST(Encoder, LeavesOutAttributesThatNoEventMayHave) {
  for (const std::string_view key :
       {R"(a\tb)", R"(a\u0000)", R"(\u001f)", R"(a\u007f)", R"(\u0080b)", R"(\u009b)", "\xC2\x9F",
        R"(\ufdd0)", R"(\uffff)", "\xEF\xBF\xBE", R"(\ud83f\udffe)", "\xF4\x8F\xBF\xBF",
        R"(\ud800)", R"(a\udfffb)", R"(\udc00\ud800)"}) {
    for (const auto* const good : {"", R"(\u00e4)", R"(\ud83d\ude00)", "\xEF\xBF\xBD"}) {
      const std::string text = std::string(good) + std::string(key);
      const Padded record(R"({"cos":{"cosObject":{"key":"/1/b/)" + text +
                          R"("},"cosBucket":{"name":"b","appid":"1","cosRegion":")" + text +
                          R"("}},"event":{"eventName":")" + text + R"("}})");
      SCOPED_TRACE(std::string(record.view()));
      const OutgoingEvent event = event_of(record.view());
      const auto binary = request_of(with_all_attributes(ContentMode::binary), event);
      EXPECT_EQ(binary.header("ce-cosbucket"), "b-1");
      for (const char* name : {"ce-subject", "ce-cosregion", "ce-coseventname"}) {
        EXPECT_EQ(binary.header(name), "") << name;
      }
      EXPECT_EQ(binary.body, record.view());
      EXPECT_TRUE(read_binary_event(binary.cloud_event_headers(), "application/json", binary.body));
      const auto structured = request_of(with_all_attributes(ContentMode::structured), event);
      const auto read = read_structured_event(structured.body);
      ASSERT_TRUE(read) << read.error().reason();
      EXPECT_EQ(read->attribute("subject"), "");
      EXPECT_EQ(read->attribute("cosbucket"), "b-1");
      EXPECT_EQ(read->data, record.view());
      const auto batch = request_of(with_all_attributes(ContentMode::batch), event);
      EXPECT_TRUE(read_event_batch(batch.body));
    }
  }
}

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

TEST(Encoder, NamesTheKindOfARecord) {
  const Padded record(R"({"Ckafka":{"topic":"t"}})");
  OutgoingEvent event = event_of(record.view());
  event.kind = RecordKind::ckafka;
  EXPECT_EQ(request_of(settings(ContentMode::binary), event).header("ce-type"),
            "tencent-cloud-ckafka-event");
  Encoder encoder(settings(ContentMode::binary));
  std::string json;
  encoder.json(event, json);
  EXPECT_EQ(read_structured_event(json)->attribute("type"), "tencent-cloud-ckafka-event");
  const auto again = encoder.recognise(json);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind, RecordKind::ckafka);
}

TEST(BinaryEncoder, TakesKeysLargerThanAChunk) {
  const std::string key(2 * Gather::kChunk, ' ');
  const Padded record(R"({"cos":{"cosObject":{"key":")" + key + R"("}}})");
  const auto request =
      request_of(with_all_attributes(ContentMode::binary), event_of(record.view()));
  EXPECT_EQ(request.header("ce-subject").size(), 3 * key.size());
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

TEST(StructuredEncoder, WritesOneObjectAroundTheRecord) {
  const Padded record(R"({"a":1})");
  const auto request = request_of(settings(ContentMode::structured), event_of(record.view()));
  EXPECT_EQ(request.line, "POST /gateway/bus HTTP/1.1");
  EXPECT_EQ(request.header("Content-Type"), "application/cloudevents+json");
  EXPECT_EQ(request.body,
            R"({"specversion":"1.0","id":"01234567-89ab-4def-8edc-ba9876543210",)"
            R"("source":"function","type":"tencent-cloud-cos-event",)"
            R"("time":"2026-01-02T03:04:05.678Z","datacontenttype":"application/json",)"
            R"("data":{"a":1}})");
}

TEST(StructuredEncoder, WrapsTheRecordAndWritesAttributes) {
  EncoderSettings custom = with_all_attributes(ContentMode::structured);
  custom.data = DataShape::records;
  const Padded record(R"({"cos":{"cosObject":{"key":"/125/b/\"\\/\u00e4"}}})");
  const auto request = request_of(custom, event_of(record.view()));
  simdjson::dom::parser parser;
  simdjson::dom::element event;
  ASSERT_EQ(parser.parse(request.body).get(event), simdjson::SUCCESS) << request.body;
  std::string_view subject;
  ASSERT_EQ(event["subject"].get_string().get(subject), simdjson::SUCCESS);
  EXPECT_EQ(subject, "125/b/\"\\/\xC3\xA4");
  simdjson::dom::array records;
  ASSERT_EQ(event["data"]["Records"].get_array().get(records), simdjson::SUCCESS);
  EXPECT_EQ(records.size(), 1U);
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

TEST(BatchEncoder, WritesManyEventsInOneRequest) {
  const Padded first(R"({"a":1})");
  const Padded second(R"({"b":2})");
  CloudEvent other = someone_elses_event();
  other.data = "raw";
  other.data_kind = CloudEvent::DataKind::bytes;
  Encoder encoder(settings(ContentMode::batch));
  Gather gather;
  const OutgoingEvent events[] = {event_of(first.view()), event_of(other), event_of(second.view())};
  encoder.append_batch(events, gather);
  const std::string bytes = joined(gather);
  std::string_view rest = bytes;
  const auto request = EncodedRequest::take(rest);
  ASSERT_TRUE(request) << bytes;
  EXPECT_EQ(rest, "");
  EXPECT_EQ(request->header("Content-Type"), "application/cloudevents-batch+json");
  const auto read = read_event_batch(request->body);
  ASSERT_TRUE(read) << request->body;
  ASSERT_EQ(read->size(), 3U);
  EXPECT_EQ((*read)[0].data, first.view());
  EXPECT_EQ((*read)[1].data, "raw");
  EXPECT_EQ((*read)[2].data, second.view());
  EXPECT_EQ((*read)[2].attribute("id"), kId);
}

TEST(BatchEncoder, AppendsABatchOfOne) {
  const Padded record(R"({"a":1})");
  const auto request = request_of(settings(ContentMode::batch), event_of(record.view()));
  EXPECT_TRUE(request.body.starts_with(R"([{"specversion":"1.0",)")) << request.body;
  EXPECT_TRUE(request.body.ends_with(R"("data":{"a":1}}])")) << request.body;
  EXPECT_TRUE(JsonReference(request.body).valid());
}

TEST(Encoder, CarriesEverySamplePayloadInEveryMode) {
  for (const auto& [name, text] : test::sample_records()) {
    SCOPED_TRACE(name);
    const Padded padded(text);
    const std::string_view record = padded.view();
    const auto binary = request_of(with_all_attributes(ContentMode::binary), event_of(record));
    EXPECT_EQ(binary.body, record);
    const auto one =
        read_binary_event(binary.cloud_event_headers(), binary.header("Content-Type"), binary.body);
    ASSERT_TRUE(one) << one.error().reason();
    const auto structured =
        request_of(with_all_attributes(ContentMode::structured), event_of(record));
    const auto two = read_structured_event(structured.body);
    ASSERT_TRUE(two) << two.error().reason();
    EXPECT_EQ(one->data, two->data);
    EXPECT_EQ(one->content_type, two->content_type);
    ASSERT_EQ(one->attributes.size(), two->attributes.size());
    for (const auto& attribute : one->attributes) {
      EXPECT_EQ(attribute.value, two->attribute(attribute.name));
    }
  }
}

TEST(EncoderJson, IsTheBodyOfStructuredModeInEveryMode) {
  const Padded record(R"({"cos":{"cosObject":{"key":"/125/b/k"}}})");
  CloudEvent other = someone_elses_event();
  other.data = "x\n";
  other.data_kind = CloudEvent::DataKind::text;
  other.content_type = "text/plain";
  for (const OutgoingEvent& event : {event_of(record.view()), event_of(other)}) {
    const auto expected = request_of(with_all_attributes(ContentMode::structured), event).body;
    for (const auto mode : {ContentMode::binary, ContentMode::structured, ContentMode::batch}) {
      std::string json = "before";
      Encoder(with_all_attributes(mode)).json(event, json);
      EXPECT_EQ(json, "before" + expected);
    }
  }
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

TEST(Encoder, WritesRecordsOfARouteInItsStyle) {
  constexpr std::string_view kRecord =
      R"({"cos":{"cosBucket":{"name":"b","appid":"1"}},"event":{}})";
  for (const ContentMode mode : {ContentMode::binary, ContentMode::structured}) {
    EncoderSettings with_styles = settings(mode);
    EncoderSettings other = settings(mode);
    other.source = "other-function";
    other.data = DataShape::records;
    other.attributes = {RecordAttribute::cosbucket};
    with_styles.styles = {other};
    with_styles.style_of_route = {0, 1};
    OutgoingEvent event = event_of(kRecord);
    const std::string plain = encoded(settings(mode), event);
    EXPECT_EQ(encoded(with_styles, event), plain);
    event.route = 1;
    EXPECT_EQ(encoded(with_styles, event), plain);
    event.route = 2;
    EXPECT_EQ(encoded(with_styles, event), encoded(other, event_of(kRecord)));
  }
}

}  // namespace
}  // namespace gateway::events

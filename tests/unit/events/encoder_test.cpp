#include "events/encoder.hpp"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"
#include "unit/events/encoder_support.hpp"

namespace gateway::events {
namespace {

using test::encoded;
using test::EncodedRequest;
using test::event_of;
using test::joined;
using test::JsonReference;
using test::Padded;
using test::request_of;
using test::settings;
using test::someone_elses_event;
using test::with_all_attributes;

constexpr std::string_view kId = "01234567-89ab-4def-8edc-ba9876543210";
constexpr std::string_view kTime = "2026-01-02T03:04:05.678Z";

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

TEST(BatchEncoder, WritesManyEventsInOneRequest) {
  const Padded first(R"({"a":1})");
  const Padded second(R"({"b":2})");
  CloudEvent other = someone_elses_event();
  other.data = "raw";
  other.data_kind = CloudEvent::DataKind::bytes;
  Encoder encoder(settings(ContentMode::batch));
  Gather gather;
  const OutgoingEvent events[] = {event_of(first.view()), event_of(other), event_of(second.view())};
  encoder.begin_batch();
  for (const auto& event : events) EXPECT_TRUE(encoder.add_to_batch(event, SIZE_MAX));
  encoder.end_batch(gather);
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

TEST(Encoder, WritesRecordsOfARouteInItsStyle) {
  constexpr std::string_view kRecord =
      R"({"cos":{"cosBucket":{"name":"b","appid":"1"}},"event":{}})";
  for (const ContentMode mode : {ContentMode::binary, ContentMode::structured}) {
    EncoderSettings with_styles = settings(mode);
    EncoderSettings other = settings(mode);
    other.source = "other-function";
    other.data = DataShape::records;
    other.attributes = {RecordAttribute::cosbucket};
    const RecordStyle& style = other;
    with_styles.styles = {style};
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

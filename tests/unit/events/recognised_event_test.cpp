// What Encoder::recognise() takes for an event of a record, and that it is sent as what it was.
#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "support/padded.hpp"
#include "support/sample_payloads.hpp"
#include "unit/events/encoder_support.hpp"

namespace gateway::events {
namespace {

using test::EncodedRequest;
using test::event_of;
using test::Padded;

const std::vector<RecordAttribute> kAll = {
    RecordAttribute::subject, RecordAttribute::cosbucket, RecordAttribute::cosregion,
    RecordAttribute::coseventname, RecordAttribute::coseventtime};

EncoderSettings settings_of(DataShape data = DataShape::record,
                            std::vector<RecordAttribute> attributes = {}) {
  EncoderSettings settings = test::settings();
  settings.data = data;
  settings.source = "function/%221%22";
  settings.attributes = std::move(attributes);
  return settings;
}

std::string json_of(const EncoderSettings& settings, const OutgoingEvent& event) {
  std::string json;
  Encoder(settings).json(event, json);
  return json;
}

EncodedRequest request_of(EncoderSettings settings, ContentMode mode, const OutgoingEvent& event) {
  settings.mode = mode;
  return test::request_of(settings, event);
}

TEST(RecognisedEvent, IsTheOneOfTheRecordHoweverItWasWritten) {
  for (const auto& [name, record] : test::sample_records()) {
    SCOPED_TRACE(name);
    for (const DataShape shape : {DataShape::record, DataShape::records}) {
      for (const auto& attributes : {std::vector<RecordAttribute>(), kAll}) {
        const EncoderSettings how = settings_of(shape, attributes);
        Encoder encoder(how);
        for (int number = 0; number < 3; ++number) {
          const std::string json = json_of(how, event_of(record, number));
          const auto event = encoder.recognise(json);
          ASSERT_TRUE(event) << json;
          EXPECT_EQ(event->id, event_of(record, number).id);
          EXPECT_EQ(event->time, event_of(record, number).time);
          EXPECT_EQ(event->record, record);
          // As if it had been read and passed on.
          const auto read = read_structured_event(json);
          ASSERT_TRUE(read);
          OutgoingEvent passed_on;
          passed_on.passed_on = &*read;
          for (const ContentMode mode : {ContentMode::binary, ContentMode::structured}) {
            const auto one = request_of(how, mode, *event);
            const auto other = request_of(how, mode, passed_on);
            ASSERT_EQ(one.headers.size(), other.headers.size());
            for (const auto& [header, value] : other.headers) {
              EXPECT_EQ(one.header(header), value) << header;
            }
            if (mode == ContentMode::binary) EXPECT_EQ(one.body, other.body);
          }
        }
      }
    }
  }
}

// Entries of `buckets` may have their events made in other ways.
TEST(RecognisedEvent, MayBeOfAnyStyleThatARouteHas) {
  EncoderSettings how = settings_of();
  how.styles.resize(3);
  how.styles[0].source = "other";
  how.styles[1].source = "other";
  how.styles[1].attributes = {RecordAttribute::cosregion, RecordAttribute::subject};
  how.styles[2].source = "function/%221%22";
  how.styles[2].data = DataShape::records;
  how.style_of_route = {1, 2, 0, 3, 2, 3};
  Encoder encoder(how);
  for (const auto& [name, record] : test::sample_records()) {
    SCOPED_TRACE(name);
    for (std::uint16_t route = 0; route <= how.style_of_route.size(); ++route) {
      OutgoingEvent event = event_of(record);
      event.route = route;
      const std::string json = json_of(how, event);
      const auto found = encoder.recognise(json);
      ASSERT_TRUE(found) << json;
      EXPECT_EQ(found->id, event.id);
      // It leaves as it would have, though by another route of that style.
      EXPECT_EQ(json_of(how, *found), json);
      for (const ContentMode mode : {ContentMode::binary, ContentMode::structured}) {
        const auto one = request_of(how, mode, *found);
        const auto other = request_of(how, mode, event);
        EXPECT_EQ(one.headers, other.headers);
        EXPECT_EQ(one.body, other.body);
      }
    }
  }
  how.style_of_route = {1, 3};
  OutgoingEvent event = event_of(R"({"cos":{"cosBucket":{"region":"gz"}}})");
  event.route = 1;
  EncoderSettings second = how;
  second.style_of_route = {2};
  EXPECT_FALSE(Encoder(how).recognise(json_of(second, event)))
      << "no route has that style any more";
}

TEST(RecognisedEvent, IsNoOther) {
  const std::string json = json_of(settings_of(), event_of(R"({"a":1})"));
  const struct {
    std::string_view what;
    std::string_view from;
    std::string_view to;
  } rows[] = {{"source", "function/%221%22", "function/%222%22"},
              {"type", "tencent-cloud-cos-event", "tencent-cloud-cos-evenT"},
              {"an id in upper case", "01234567-89ab", "01234567-89AB"},
              {"an id that is no UUID", "01234567-89ab", "01234567+89ab"},
              {"a shorter id", "01234567-89ab", "0123456-89ab"},
              {"a time in lower case", "05.678Z", "05.678z"},
              {"a time that is none", "2026-01-02T", "2026-13-02T"},
              {"a finer time", "05.678Z", "05.6780Z"},
              {"a content type", "application/json", "application/xml"},
              {"an attribute more", R"(,"data")", R"(,"count":1,"data")"},
              {"data in Base64", R"("data":{"a":1})", R"("data_base64":"YQ==")"},
              {"no data", R"(,"data":{"a":1})", ""}};
  Encoder encoder(settings_of());
  ASSERT_TRUE(encoder.recognise(json));
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    std::string altered = json;
    const std::size_t at = altered.find(row.from);
    ASSERT_NE(at, std::string::npos);
    altered.replace(at, row.from.size(), row.to);
    EXPECT_FALSE(encoder.recognise(altered));
  }
  EXPECT_TRUE(encoder.recognise(json)) << "as before";
  EXPECT_FALSE(Encoder(settings_of(DataShape::records)).recognise(json));
  EXPECT_FALSE(encoder.recognise(""));
}

TEST(RecognisedEvent, HasTheAttributesThatItsRecordHasToday) {
  const Padded record(R"({"cos":{"cosObject":{"key":"/125/b/a\"b"}},"event":{"eventName":"e"}})");
  const auto with_subject = settings_of(DataShape::record, {RecordAttribute::subject});
  const auto with_name = settings_of(DataShape::record, {RecordAttribute::coseventname});
  const std::string none = json_of(settings_of(), event_of(record.view()));
  const std::string subject = json_of(with_subject, event_of(record.view()));
  EXPECT_NE(subject.find(R"("subject":"125/b/a\"b")"), std::string::npos) << subject;
  EXPECT_TRUE(Encoder(with_subject).recognise(subject));
  EXPECT_FALSE(Encoder(with_subject).recognise(none));
  EXPECT_FALSE(Encoder(settings_of()).recognise(subject));
  EXPECT_FALSE(Encoder(with_name).recognise(subject));
  std::string altered = subject;
  altered.replace(altered.find(R"(a\"b)"), 4, R"(a\"c)");
  EXPECT_FALSE(Encoder(with_subject).recognise(altered)) << "not the record's own key";
}

// Of whatever is taken for such an event, json() makes the very same text.
TEST(RecognisedEvent, IsWrittenAsItStood) {
  std::mt19937 random(20260105);
  const Padded record(R"({"cos":{"cosObject":{"key":"/125/b/\\k\"}}"}},"x":[{}]})");
  std::size_t taken = 0;
  for (const auto& attributes : {std::vector<RecordAttribute>(), kAll}) {
    for (const DataShape shape : {DataShape::record, DataShape::records}) {
      const EncoderSettings how = settings_of(shape, attributes);
      Encoder encoder(how);
      const std::string json = json_of(how, event_of(record.view()));
      for (int round = 0; round < 20'000; ++round) {
        std::string text = json;
        if (random() % 4 == 0) text.resize(random() % text.size());
        if (!text.empty()) text[random() % text.size()] = "{}[]\",:\\Zz0a"[random() % 12];
        const auto event = encoder.recognise(text);
        if (!event) continue;
        ++taken;
        std::string again;
        encoder.json(*event, again);
        ASSERT_EQ(again, text);
      }
    }
  }
  EXPECT_GT(taken, 1000U);
}

}  // namespace
}  // namespace gateway::events

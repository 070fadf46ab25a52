#include "events/record_attribute.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

#include "support/padded.hpp"
#include "unit/events/encoder_support.hpp"

namespace gateway::events {
namespace {

using test::event_of;
using test::Padded;
using test::request_of;
using test::with_all_attributes;

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

TEST(BinaryEncoder, TakesKeysLargerThanAChunk) {
  const std::string key(2 * Gather::kChunk, ' ');
  const Padded record(R"({"cos":{"cosObject":{"key":")" + key + R"("}}})");
  const auto request =
      request_of(with_all_attributes(ContentMode::binary), event_of(record.view()));
  EXPECT_EQ(request.header("ce-subject").size(), 3 * key.size());
}

}  // namespace
}  // namespace gateway::events

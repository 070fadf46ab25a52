#include "events/cos_record.hpp"

#include <gtest/gtest.h>

#include <string>

#include "events/record_splitter.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"

namespace gateway::events {
namespace {

using test::Padded;

class CosRecordTest : public testing::Test {
 protected:
  // The views last until the next call.
  CosRecord read(std::string_view record) {
    record_.emplace(record);
    return reader_.read(record_->view());
  }
  CosRecord read_sample(std::string_view name) {
    for (const auto& [file, payload] : test::sample_payloads()) {
      if (!std::string_view(file).starts_with(name)) continue;
      Padded body(payload);
      RecordSplitter splitter;
      const auto spans = splitter.split(body.data(), body.size());
      return read(body.view().substr((*spans)[0].offset, (*spans)[0].length));
    }
    ADD_FAILURE() << "no sample " << name;
    return {};
  }

  std::optional<Padded> record_;
  CosRecordReader reader_;
};

TEST_F(CosRecordTest, ReadsTheDocumentedPayload) {
  const CosRecord fields = read_sample("01-");
  EXPECT_EQ(fields.appid, "1253970026");
  EXPECT_EQ(fields.bucket, "testpic");
  EXPECT_EQ(fields.region(), "ap-chengdu") << "from the host of the URL, not `cd`";
  EXPECT_EQ(fields.key, "/1253970026/testpic/testfile");
  EXPECT_EQ(fields.object_key(), "testfile");
  EXPECT_EQ(fields.url, "http://testpic-1253970026.cos.ap-chengdu.myqcloud.com/testfile");
  EXPECT_EQ(fields.size, "1029");
  EXPECT_EQ(fields.event_name, "cos:ObjectCreated:*");
  EXPECT_EQ(fields.event_time, "1545205770");
  EXPECT_EQ(fields.request_id, "NWMxOWY4MGFfMjViMjU4NjRfMTUyMVxxxxxxxxx=");
}

TEST_F(CosRecordTest, ReadsOtherGenerations) {
  EXPECT_EQ(read_sample("03-").event_name, "cos: ObjectRemove:Delete") << "blanks are kept";
  EXPECT_EQ(read_sample("15-").key, "");
  EXPECT_EQ(read_sample("15-").object_key(), "");
  EXPECT_FALSE(read_sample("08-").event_time.empty());
}

TEST_F(CosRecordTest, PrefersTheLongRegion) {
  EXPECT_EQ(read(R"({"cos":{"cosBucket":{"region":"gz","cosRegion":"ap-guangzhou"},)"
                 R"("cosObject":{"url":"http://b-1.cos.ap-beijing.myqcloud.com/k"}}})")
                .region(),
            "ap-guangzhou");
  EXPECT_EQ(read(R"({"cos":{"cosObject":{"url":"https://b-1.cos.na-siliconvalley.myqcloud.com"},)"
                 R"("cosBucket":{"region":"gz","cosRegion":""}}})")
                .region(),
            "na-siliconvalley");
  for (const std::string_view url :
       {"http://b-1.cosgz.myqcloud.com/a.cos.ap-x.y", "http://b-1.cos.accelerate.myqcloud.com/k",
        "...", "", "http://", "http://x/.cos.ap-x.y"}) {
    const std::string record = R"({"cos":{"cosBucket":{"region":"gz"},"cosObject":{"url":")" +
                               std::string(url) + R"("}}})";
    EXPECT_EQ(read(record).region(), "gz") << url;
  }
}

TEST_F(CosRecordTest, TakesNumbersWhereTextIsUsualAndTheReverse) {
  const CosRecord fields =
      read(R"({"cos":{"cosBucket":{"appid":1253970026,"name":"b"},"cosObject":{"size":"18",)"
           R"("key":"/1253970026/b/k"}},"event":{"eventTime":"1545205770"}})");
  EXPECT_EQ(fields.appid, "1253970026");
  EXPECT_EQ(fields.size, "18");
  EXPECT_EQ(fields.event_time, "1545205770");
  EXPECT_EQ(fields.object_key(), "k");
}

TEST_F(CosRecordTest, LeavesEmptyWhatIsAbsentOrOfAnotherType) {
  for (const std::string_view record :
       {"{}", R"({"cos":null,"event":[]})", R"({"cos":{"cosObject":[{"key":"k"}],"cosBucket":7}})",
        (R"({"cos":{"cosObject":{"key":{"a":"b"},"meta":["x-cos-request-id"],"size":[1]},)"
         R"("cosBucket":{"appid":true,"name":null}},"event":{"eventTime":false,"eventName":[]}})"),
        R"({"key":"k","cos":{"key":"k","event":{"eventName":"n"}}})", "[]", "12", "nonsense", ""}) {
    const CosRecord fields = read(record);
    EXPECT_EQ(fields.appid, "") << record;
    EXPECT_EQ(fields.bucket, "") << record;
    EXPECT_EQ(fields.region(), "") << record;
    EXPECT_EQ(fields.key, "") << record;
    EXPECT_EQ(fields.size, "") << record;
    EXPECT_EQ(fields.event_name, "") << record;
    EXPECT_EQ(fields.event_time, "") << record;
    EXPECT_EQ(fields.request_id, "") << record;
    EXPECT_EQ(fields.object_key(), "") << record;
    EXPECT_FALSE(fields.time()) << record;
  }
}

TEST_F(CosRecordTest, UndoesEscapesInNamesAndValues) {
  const CosRecord fields =
      read(R"({"c\u006fs":{"cosObject":{"key":"\/1\/b\/\u00e4 \"q\" \ud83d\ude00 \ud800",)"
           R"("url":"u\\","meta":{"x-cos-request-\u0069d":"a\/b"}},"cosBucket":{"appid":"1",)"
           R"("name":"\u0062"}},"event":{"eventName":"cos:\u004fbject"}})");
  EXPECT_EQ(fields.object_key(), "\xC3\xA4 \"q\" \xF0\x9F\x98\x80 \xED\xA0\x80")
      << "half a pair stays apart";
  EXPECT_EQ(fields.url, "u\\");
  EXPECT_EQ(fields.request_id, "a/b");
  EXPECT_EQ(fields.bucket, "b");
  EXPECT_EQ(fields.event_name, "cos:Object");
}

// The data of an event that is passed on may have any.
TEST_F(CosRecordTest, ReadsPastWhiteSpaceInFront) {
  for (const std::string_view front : {"", " ", "\n\t \r "}) {
    const Padded record(
        std::string(front) +
        R"({"cos":{"cosObject":{"key":"/a\\","vid":"v"}},"event":{"eventName":"\u0041"}} )");
    const CosRecord fields = reader_.read(record.view());
    EXPECT_EQ(fields.key, "/a\\");
    EXPECT_EQ(fields.version, "v");
    EXPECT_EQ(fields.event_name, "A");
  }
}

TEST(CosRecordKey, IsStrippedOnceAtTheFront) {
  const struct {
    std::string_view key;
    std::string_view expected;
  } rows[] = {
      {"/1/b/k", "k"},
      {"/1/b//1/b/k", "/1/b/k"},
      {"/1/b/dir/", "dir/"},
      {"/1/b/", ""},
      {"/1/b", "1/b"},
      {"/test.jpg", "test.jpg"},
      {"test.jpg", "test.jpg"},
      {"//x", "/x"},
      {"x/1/b/k", "x/1/b/k"},
      {"/1/bb/k", "1/bb/k"},
      {"", ""},
      {"/", ""},
      {"/1/b/a b+c%20d", "a b+c%20d"},
  };
  for (const auto& row : rows) {
    CosRecord fields;
    fields.appid = "1";
    fields.bucket = "b";
    fields.key = row.key;
    EXPECT_EQ(fields.object_key(), row.expected) << row.key;
  }
  CosRecord nameless;
  nameless.key = "///k";
  EXPECT_EQ(nameless.object_key(), "//k");
}

TEST(CosRecordTime, IsReadFromEverySpelling) {
  const struct {
    std::string_view text;
    std::int64_t milliseconds;
  } rows[] = {
      {"1545205770", 1545205770000},
      {"1545205770123", 1545205770123},
      {"0", 0},
      {"1545205770.5", 1545205770500},
      {"1.545205770e9", 1545205770000},
      {"1545205770123.0", 1545205770123},
      {"2018-12-19T07:49:30Z", 1545205770000},
      {"2018-12-19T15:49:30.25+08:00", 1545205770250},
  };
  for (const auto& row : rows) {
    CosRecord fields;
    fields.event_time = row.text;
    const auto time = fields.time();
    ASSERT_TRUE(time) << row.text;
    EXPECT_EQ(time->time_since_epoch().count(), row.milliseconds) << row.text;
  }
}

TEST(CosRecordTime, IsAbsentIfItCannotBeRead) {
  for (const std::string_view text :
       {"", "-1", "yesterday", "1545205770x", " 1545205770", "nan", "inf", "1e300", "-1e300",
        "99999999999999999999", "9223372036854775807", "253402300800000", "-0.5", "0x10"}) {
    CosRecord fields;
    fields.event_time = text;
    EXPECT_FALSE(fields.time()) << text;
  }
}

}  // namespace
}  // namespace gateway::events

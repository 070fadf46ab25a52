#include "gateway/egress/rows/row_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "events/cloud_event.hpp"
#include "gateway/egress/rows/store_summary.hpp"
#include "unit/gateway/egress/store/support.hpp"

namespace gateway::egress::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

StoredRow spooled(int n) {
  return row(n);
}

StoredRow dead(int n) {
  StoredRow row = spooled(n);
  DeadLetterDetails& details = row.event.details.emplace();
  details.attempts = 3;
  details.status = 422;
  details.body = "no such\nthing \x1b[31m \xff \xc2\x9b \x7f \"quoted\" \xc3\xa9";
  details.reason = "refused";
  details.endpoint = "http://bus:8080";
  details.first = kAdded - 5s;
  details.last = kAdded - 1s;
  return row;
}

// The event of an exported line, which must be one.
events::CloudEvent exported(const std::string& line) {
  EXPECT_EQ(line.find('\n'), std::string::npos);
  auto event = events::read_structured_event(line);
  EXPECT_TRUE(event) << event.error().reason() << ": " << line;
  return event ? std::move(*event) : events::CloudEvent();
}

TEST(ListLine, HasItsColumnsApartByTabs) {
  EXPECT_EQ(list_line(spooled(7)),
            "7\t2026-01-02T03:04:05.678Z\tid-7\todd-1250000000\tphotos/7.jpg\t-\t-\t-");
  StoredRow row = dead(8);
  row.replayed = kAdded + 1h;
  EXPECT_EQ(list_line(row),
            "8\t2026-01-02T03:04:05.678Z\tid-8\teven-1250000000\tphotos/8.jpg\trefused/422\t3\t"
            "2026-01-02T04:04:05.678Z");
}

TEST(ListLine, StaysOneLineOfEightColumnsWhateverTheKeyIs) {
  StoredRow row = spooled(1);
  row.bucket.clear();
  row.key = "a\tb\nc\x1b[2J\xff\xc2\x9b\xe4\xbd\xa0";
  EXPECT_EQ(list_line(row),
            "1\t2026-01-02T03:04:05.678Z\tid-1\t-\ta?b?c?[2J??\xe4\xbd\xa0\t-\t-\t-");
}

TEST(ListLine, CopesWithATimeNobodyCanWrite) {
  StoredRow row = spooled(1);
  row.replayed = WallInstant::max();
  EXPECT_THAT(list_line(row), testing::EndsWith("\t-"));
}

TEST(WholeRow, ShowsDetailsAndEvent) {
  const std::string text = whole_row(dead(8));
  for (const char* part :
       {"seq       8\n", "added     2026-01-02T03:04:05.678Z\n", "id        id-8\n",
        "bucket    even-1250000000\n", "key       photos/8.jpg\n", "reason    refused\n",
        "status    422\n", "attempts  3\n", "endpoint  http://bus:8080\n",
        "first     2026-01-02T03:04:00.678Z\n", "last      2026-01-02T03:04:04.678Z\n",
        "replayed  -\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, testing::EndsWith('\n' + event(8).json + '\n'));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
}

TEST(ExportLine, IsTheEventWithTheRestOfItsRow) {
  const StoredRow row = dead(8);
  const events::CloudEvent event = exported(export_line(row, StoreKind::dead_letters));
  const auto original = events::read_structured_event(row.event.json);
  EXPECT_EQ(event.data, original->data);
  EXPECT_EQ(event.attribute("id"), "id-8");
  EXPECT_EQ(event.attributes.size(), original->attributes.size() + 1);

  const json::value details = json::parse(event.attribute("storedrow"));
  EXPECT_EQ(details.at("store"), "dead-letters");
  EXPECT_EQ(details.at("seq"), 8);
  EXPECT_EQ(details.at("added"), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(details.at("bucket"), "even-1250000000");
  EXPECT_EQ(details.at("key"), "photos/8.jpg");
  EXPECT_EQ(details.at("reason"), "refused");
  EXPECT_EQ(details.at("status"), 422);
  EXPECT_EQ(details.at("attempts"), 3);
  EXPECT_EQ(details.at("first"), "2026-01-02T03:04:00.678Z");
  EXPECT_EQ(details.at("last"), "2026-01-02T03:04:04.678Z");
  EXPECT_EQ(details.at("endpoint"), "http://bus:8080");
  EXPECT_EQ(details.at("body"),
            "no such\nthing \x1b[31m \xef\xbf\xbd \xc2\x9b \x7f \"quoted\" \xc3\xa9");
  EXPECT_FALSE(details.as_object().contains("replayed"));
}

TEST(ExportLine, OfASpoolSaysLess) {
  StoredRow row = spooled(7);
  row.bucket.clear();
  row.key.clear();
  const events::CloudEvent event = exported(export_line(row, StoreKind::spool));
  EXPECT_EQ(event.attribute("storedrow"),
            R"({"store":"spool","seq":7,"added":"2026-01-02T03:04:05.678Z"})");
}

TEST(ExportLine, PutsAnEventOfManyLinesOnOne) {
  StoredRow row = spooled(7);
  row.event.json =
      "{\n \"specversion\":\"1.0\",\r\n\t\"id\":\"1\",\"source\":\"s\",\"type\":\"t\",\n"
      "\"data\":{\n\"a\":\"\xc2\x85 \\n\"}\n}\n";
  const events::CloudEvent event = exported(export_line(row, StoreKind::spool));
  EXPECT_EQ(json::parse(event.data), json::parse("{\"a\":\"\xc2\x85 \\n\"}"));
}

TEST(ExportLine, OfWhatWasExportedBeforeKeepsBothAttributes) {
  StoredRow row = spooled(7);
  row.event.json = export_line(row, StoreKind::spool);
  row.seq = 70;
  row.event.json = export_line(row, StoreKind::spool);
  row.seq = 700;
  const events::CloudEvent event = exported(export_line(row, StoreKind::spool));
  EXPECT_THAT(event.attribute("storedrow"), HasSubstr("\"seq\":7,"));
  EXPECT_THAT(event.attribute("storedrow2"), HasSubstr("\"seq\":70,"));
  EXPECT_THAT(event.attribute("storedrow3"), HasSubstr("\"seq\":700,"));
}

TEST(StoreSummary, CountsByReason) {
  StoreSummary summary;
  for (int n = 0; n < 3; ++n) summary.add(dead(n));
  StoredRow other = dead(3);
  other.event.details->reason = "too large";
  other.added = kAdded - 24h;
  other.replayed = kAdded;
  summary.add(other);
  summary.set_damaged(2);
  EXPECT_EQ(summary.rows(), 4u);
  const std::string text = summary.text(StoreKind::dead_letters);
  for (const char* part : {"rows              4\n", "oldest            2026-01-01T03:04:05.678Z\n",
                           "newest            2026-01-02T03:04:05.678Z\n", "damaged rows      2\n",
                           "replayed          1\n", "3  refused\n", "1  too large\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
}

TEST(StoreSummary, OfAnEmptySpoolHasNoReasons) {
  EXPECT_EQ(StoreSummary().text(StoreKind::spool),
            "  rows              0\n  bytes             0\n  oldest            -\n"
            "  newest            -\n  damaged rows      0\n");
}

}  // namespace
}  // namespace gateway::egress::test

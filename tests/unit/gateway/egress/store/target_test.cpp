// Rows of several targets in one store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "gateway/egress/rows/row_filter.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/egress/rows/store_summary.hpp"
#include "gateway/egress/segments/record.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/egress/store/target_names.hpp"
#include "support.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace test;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kTop = "http://top/gateway/a";
const std::string kOther = "http://other/gateway/b";
const std::string kGone = "http://gone/gateway/c";

StoredEvent event_for(int n, const std::string& target) {
  StoredEvent made = event(n);
  made.target = target;
  return made;
}

std::string payload_of(const StoredEvent& made) {
  std::string bytes;
  append_record(bytes, made, 1, 1, kAdded);
  return bytes.substr(kRecordHeadSize);
}

TargetNames two_targets() {
  return TargetNames({kTop, kOther});
}

StoreOutcome<SpooledEvents> fetch_for(StoreWriter& writer, std::size_t target, std::size_t rows) {
  Told<StoreOutcome<SpooledEvents>> told;
  EXPECT_TRUE(writer.fetch({target, rows, 10 * kMiB}, told.done()));
  return told.get();
}
std::vector<std::string> ids_for(StoreWriter& writer, std::size_t target, std::size_t rows = 1000) {
  const auto fetched = fetch_for(writer, target, rows);
  EXPECT_TRUE(fetched);
  return fetched ? ids(rows_of(*fetched)) : std::vector<std::string>();
}

TEST(TargetNames, LeaveRowsWithoutANameToTheTopLevelTarget) {
  const TargetNames names = two_targets();
  EXPECT_EQ(names.name(0), "");
  EXPECT_EQ(names.name(1), kOther);
  EXPECT_TRUE(names.is_of("", 0));
  EXPECT_FALSE(names.is_of("", 1));
  EXPECT_TRUE(names.is_of(kOther, 1));
  EXPECT_FALSE(names.is_of(kOther, 0));
  EXPECT_TRUE(names.is_of(kTop, 0)) << "it became the top-level one since";
  EXPECT_TRUE(names.knows(kOther));
  EXPECT_FALSE(names.knows(kGone));
}

TEST(TargetNames, LeaveRowsToATargetHoweverItsHostIsSpelled) {
  const TargetNames names({kTop, kOther, "http://[2001:db8::1]:8080/", "http://bus/A"});
  EXPECT_TRUE(names.is_of("http://TOP/gateway/a", 0));
  EXPECT_TRUE(names.is_of("http://Other/gateway/b", 1));
  EXPECT_TRUE(names.knows("http://[2001:DB8:0:0:0:0:0:1]:8080/"));
  EXPECT_FALSE(names.knows("http://OTHER/gateway/B"));
  EXPECT_FALSE(names.knows("http://OTHER:8080/gateway/b"));
  EXPECT_FALSE(names.knows("https://OTHER/gateway/b"));
  EXPECT_FALSE(names.knows("http://bus/a"));
  EXPECT_FALSE(names.knows("Other"));
}

TEST(TargetOfARow, IsReadAsItWasWritten) {
  EXPECT_EQ(target_of(payload_of(event(1))), "");
  const std::string payload = payload_of(event_for(1, kOther));
  EXPECT_EQ(target_of(payload), kOther);
  EXPECT_EQ(json_of(payload), event(1).json);
  const StoredEvent read = event_of(payload);
  EXPECT_EQ(read.target, kOther);
  EXPECT_EQ(read.json, event(1).json);
  EXPECT_FALSE(read.details) << "it is no dead letter";
}

TEST(TargetOfARow, StandsBesideTheDetailsOfADeadLetter) {
  StoredEvent dead = event_for(1, kOther);
  auto& details = dead.details.emplace();
  details.attempts = 3;
  details.status = 422;
  details.reason = "refused";
  details.endpoint = kOther;
  details.body = "no";
  const StoredEvent read = event_of(payload_of(dead));
  EXPECT_EQ(read.target, kOther);
  ASSERT_TRUE(read.details);
  EXPECT_EQ(read.details->attempts, 3U);
  EXPECT_EQ(read.details->reason, "refused");
  EXPECT_EQ(read.details->body, "no");
}

// As versions before this one read a row: the size of the details, then six fields, whatever
// follows.
TEST(TargetOfARow, IsPassedOverByEarlierVersions) {
  const std::string payload = payload_of(event_for(1, kOther));
  std::string_view rest = payload;
  const auto size = take<std::uint32_t>(rest);
  std::string_view details = rest.substr(0, size);
  EXPECT_EQ(rest.substr(size), event(1).json);
  EXPECT_EQ(take<std::uint32_t>(details), 0U);
  EXPECT_EQ(take<std::uint32_t>(details), 0U);
  EXPECT_EQ(take<std::int64_t>(details), 0);
  EXPECT_EQ(take<std::int64_t>(details), 0);
  for (int text = 0; text < 3; ++text) EXPECT_EQ(take<std::uint32_t>(details), 0U);
}

TEST(StoreWriterWithTargets, GivesEachTargetItsOwnRows) {
  const Directory directory;
  StoreWriter writer(open(directory.file()), {}, two_targets());
  ASSERT_TRUE(append(writer, {event(0), event_for(1, kOther), event(2), event_for(3, kOther)}));
  EXPECT_EQ(ids_for(writer, 1), (std::vector<std::string>{"id-1", "id-3"}));
  EXPECT_EQ(ids_for(writer, 0), (std::vector<std::string>{"id-0", "id-2"}));
  EXPECT_THAT(ids_for(writer, 0), IsEmpty());
  EXPECT_THAT(ids_for(writer, 1), IsEmpty());
}

TEST(StoreWriterWithTargets, ReturnsRowsToTheirTarget) {
  const Directory directory;
  StoreWriter writer(open(directory.file()), {}, two_targets());
  ASSERT_TRUE(append(writer, {event(0), event_for(1, kOther)}));
  const auto rows = fetch_for(writer, 1, 1);
  ASSERT_TRUE(rows);
  ASSERT_TRUE(writer.give_back(1, {rows->entries().front().seq}));
  EXPECT_EQ(ids_for(writer, 0), (std::vector<std::string>{"id-0"}));
  EXPECT_EQ(ids_for(writer, 1), (std::vector<std::string>{"id-1"}));
}

TEST(StoreWriterWithTargets, FindsTheFewBehindTheManyOfAnother) {
  const Directory directory;
  StoreWriter writer(open(directory.file()), {}, two_targets());
  constexpr int kMany = 12'000;  // more than are passed over in one go
  std::vector<StoredEvent> many;
  for (int n = 0; n < kMany; ++n) many.push_back(event_for(n, kOther));
  many.push_back(event(kMany));
  ASSERT_TRUE(append(writer, std::move(many)));
  EXPECT_EQ(ids_for(writer, 0), (std::vector<std::string>{fmt::format("id-{}", kMany)}));
  EXPECT_EQ(ids_for(writer, 1, 1), (std::vector<std::string>{"id-0"}));
}

TEST(StoreWriterWithTargets, KeepsAndCountsRowsOfTargetsThatAreNotConfigured) {
  const Directory directory;
  {
    StoreWriter writer(open(directory.file()), {}, TargetNames({kTop, kOther, kGone}));
    ASSERT_TRUE(append(writer, {event(0), event_for(1, kGone), event_for(2, kGone)}));
  }
  StoreWriter writer(open(directory.file()), {}, two_targets());
  EXPECT_EQ(ids_for(writer, 0), (std::vector<std::string>{"id-0"}));
  EXPECT_THAT(ids_for(writer, 1), IsEmpty());
  EXPECT_TRUE(soon([&] { return writer.status().unclaimed == 2; }));
  EXPECT_EQ(writer.status().backlog_rows, 3U);
}

TEST(StoreWriterWithTargets, GivesATargetTheRowsOfAnotherSpelling) {
  const Directory directory;
  StoreWriter writer(open(directory.file()), {}, two_targets());
  ASSERT_TRUE(append(writer, {event(0), event_for(1, "http://OTHER/gateway/b")}));
  EXPECT_EQ(ids_for(writer, 1), (std::vector<std::string>{"id-1"}));
  EXPECT_EQ(ids_for(writer, 0), (std::vector<std::string>{"id-0"}));
  EXPECT_EQ(writer.status().unclaimed, 0U);
}

TEST(StoreFilterByTarget, FindsRowsOfAnotherSpelling) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(
      std::vector<StoredEvent>{event(0), event_for(1, "http://OTHER/gateway/b")}, kAdded));
  StoreFilter filter;
  filter.targets = two_targets().names(1);
  const auto chunk = store->select(filter, 0, 100, kMiB);
  ASSERT_TRUE(chunk);
  ASSERT_EQ(ids(chunk->rows), (std::vector<std::string>{"id-1"}));
  EXPECT_EQ(chunk->rows.front().event.target, kOther) << "as it is shown";
}

TEST(StoreFilterByTarget, TakesWhatIsAskedFor) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(
      std::vector<StoredEvent>{event(0), event_for(1, kOther), event_for(2, kGone)}, kAdded));
  const auto selected = [&](const std::string& target) {
    FilterText text;
    text.target = target;
    const auto filter = parse_filter(text, kAdded);
    EXPECT_TRUE(filter);
    const auto chunk = store->select(*filter, 0, 100, kMiB);
    EXPECT_TRUE(chunk);
    return ids(chunk->rows);
  };
  EXPECT_EQ(selected(""), (std::vector<std::string>{"id-0", "id-1", "id-2"}));
  EXPECT_EQ(selected("-"), (std::vector<std::string>{"id-0"}));
  EXPECT_EQ(selected(kOther), (std::vector<std::string>{"id-1"}));
  EXPECT_THAT(selected("http://nobody"), IsEmpty());
  EXPECT_EQ(selected("HTTP://Other:80/gateway/b"), (std::vector<std::string>{"id-1"}));
}

TEST(RowText, NamesATargetThatIsNotTheTopLevelOne) {
  StoredRow with = row(7);
  with.event.target = kOther;
  EXPECT_THAT(list_line(with), EndsWith("\t-\t" + kOther));
  EXPECT_THAT(whole_row(with), HasSubstr("target    " + kOther + "\n"));
  EXPECT_THAT(export_line(with, StoreKind::spool), HasSubstr("\\\"target\\\":\\\"" + kOther));
  EXPECT_THAT(whole_row(row(7)), Not(HasSubstr("target ")));
  StoreSummary summary;
  summary.add(row(1));
  EXPECT_THAT(summary.text(StoreKind::spool), Not(HasSubstr("target")));
  summary.add(with);
  EXPECT_THAT(summary.text(StoreKind::spool), HasSubstr("1  " + kOther + "\n"));
}

}  // namespace
}  // namespace gateway::egress

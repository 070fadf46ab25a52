#include "gateway/egress/store/event_store.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;

StoredEvent dead_letter(int n, std::string reason) {
  StoredEvent dead = event(n);
  DeadLetterDetails& details = dead.details.emplace();
  details.attempts = 3;
  details.status = 422;
  details.body = std::string("no\0thing", 8);
  details.reason = std::move(reason);
  details.endpoint = "http://bus:8080";
  details.first = kAdded - 5s;
  details.last = kAdded - 1s;
  return dead;
}

TEST(EventStore, GivesBackWhatWasAppendedInOrder) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 5), kAdded));
  ASSERT_TRUE(store->append(events(5, 3), kAdded + 1s));
  const auto rows = all_rows(*store);
  ASSERT_EQ(ids(rows), ids(0, 8));
  for (int n = 0; n < 8; ++n) {
    const StoredRow& row = rows[static_cast<std::size_t>(n)];
    const StoredRow expected = test::row(n);
    EXPECT_EQ(row.added, n < 5 ? kAdded : kAdded + 1s);
    EXPECT_EQ(row.type, expected.type);
    EXPECT_EQ(row.bucket, expected.bucket);
    EXPECT_EQ(row.key, expected.key);
    EXPECT_EQ(row.event.json, expected.event.json);
    EXPECT_FALSE(row.event.details);
    EXPECT_FALSE(row.replayed);
  }
}

TEST(EventStore, KeepsEverythingAboutADeadLetter) {
  const Directory directory;
  const auto store = open(directory.file(), 64 * kMiB, StoreKind::dead_letters);
  ASSERT_TRUE(store->append(std::vector{dead_letter(1, "refused")}, kAdded));
  const auto rows = all_rows(*store);
  ASSERT_EQ(rows.size(), 1U);
  ASSERT_TRUE(rows[0].event.details);
  const DeadLetterDetails& details = *rows[0].event.details;
  EXPECT_EQ(details.attempts, 3U);
  EXPECT_EQ(details.status, 422U);
  EXPECT_EQ(details.body, std::string("no\0thing", 8));
  EXPECT_EQ(details.reason, "refused");
  EXPECT_EQ(details.endpoint, "http://bus:8080");
  EXPECT_EQ(details.first, kAdded - 5s);
  EXPECT_EQ(details.last, kAdded - 1s);
}

TEST(EventStore, KeepsRowsAndNumbersAcrossReopening) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 3), kAdded));
  const auto before = seqs(all_rows(*store));
  ASSERT_TRUE(store->remove(std::vector{before[0], before[2]}));
  store.reset();
  store = open(directory.file());
  ASSERT_TRUE(store->append(events(3, 1), kAdded));
  const auto rows = all_rows(*store);
  ASSERT_EQ(ids(rows), (std::vector<std::string>{"id-1", "id-3"}));
  EXPECT_EQ(rows[0].seq, before[1]);
  EXPECT_GT(rows[1].seq, before[2]);
}

TEST(EventStore, HasConfirmedRowsAfterTheProcessWasKilled) {
  const Directory directory;
  for (int round = 0; round < 5; ++round) {
    Child child([&] {
      const auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
      return store && (*store)->append(events(round * 10, 10), kAdded);
    });
    ASSERT_TRUE(child.said_so());
    child.kill();
    const auto store = open(directory.file());
    EXPECT_EQ(ids(all_rows(*store)), ids(0, (round + 1) * 10));
  }
}

TEST(EventStore, HasAllOfAnAppendOrNothing) {
  const Directory directory;
  const auto store = open(directory.file(), kMiB);
  ASSERT_TRUE(store->append(events(0, 10), kAdded));
  const auto result = store->append(events(10, 3000, 1000), kAdded);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), StoreError::Kind::full);
  EXPECT_EQ(ids(all_rows(*store)), ids(0, 10));
  EXPECT_EQ(store->totals().rows, 10U);
  ASSERT_TRUE(store->append(events(10, 10), kAdded));
  EXPECT_EQ(ids(all_rows(*store)), ids(0, 20));
}

TEST(EventStore, ReadsInBoundedChunks) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 10, 1000), kAdded));
  const auto by_rows = store->read(0, 4, 10 * kMiB);
  EXPECT_EQ(ids(by_rows->rows), ids(0, 4));
  EXPECT_FALSE(by_rows->end);
  const auto by_bytes = store->read(by_rows->last, 100, 1500);
  EXPECT_EQ(ids(by_bytes->rows), ids(4, 2));
  const auto large = store->read(by_bytes->last, 100, 1);
  EXPECT_EQ(ids(large->rows), ids(6, 1)) << "one at least, however large";
  const auto rest = store->read(large->last, 100, 10 * kMiB);
  EXPECT_EQ(ids(rest->rows), ids(7, 3));
  EXPECT_TRUE(rest->end);
}

TEST(EventStore, RemovesOnlyTheRowsNamed) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 6), kAdded));
  const auto rows = seqs(all_rows(*store));
  const auto removed = store->remove(std::vector{rows[1], rows[4], Sequence{999}});
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 2U);
  EXPECT_EQ(*store->remove(std::vector{rows[1], rows[4]}), 0U) << "they were gone";
  EXPECT_EQ(store->totals().rows, 4U);
  EXPECT_EQ(ids(all_rows(*store)), (std::vector<std::string>{"id-0", "id-2", "id-3", "id-5"}));
}

TEST(EventStore, KnowsTheOldestRow) {
  const Directory directory;
  const auto store = open(directory.file());
  EXPECT_FALSE(*store->oldest());
  ASSERT_TRUE(store->append(events(0, 1), kAdded));
  ASSERT_TRUE(store->append(events(1, 1), kAdded + 1s));
  EXPECT_EQ(**store->oldest(), kAdded);
  ASSERT_TRUE(store->remove(std::vector{all_rows(*store)[0].seq}));
  EXPECT_EQ(**store->oldest(), kAdded + 1s);
}

TEST(EventStore, SelectsByEachFilter) {
  const Directory directory;
  const auto store = open(directory.file(), 64 * kMiB, StoreKind::dead_letters);
  for (int n = 0; n < 6; ++n) {
    const std::vector dead{dead_letter(n, n < 3 ? "refused" : "too large")};
    ASSERT_TRUE(store->append(dead, kAdded + n * 1s));
  }
  const auto rows = seqs(all_rows(*store));
  ASSERT_TRUE(store->mark_replayed(std::vector{rows[0], rows[5]}, kAdded + 1h));
  struct {
    std::string_view what;
    StoreFilter filter;
    std::vector<std::string> expected;
  } cases[] = {{"all", {}, ids(0, 6)},          {"since", {}, ids(2, 4)},
               {"until", {}, ids(0, 2)},        {"bucket", {}, {"id-0", "id-2", "id-4"}},
               {"prefix", {}, {"id-4"}},        {"reason", {}, ids(3, 3)},
               {"not replayed", {}, ids(1, 4)}, {"two at once", {}, {"id-3", "id-4"}}};
  cases[1].filter.since = kAdded + 2s;
  cases[2].filter.until = kAdded + 2s;
  cases[3].filter.bucket = "even-1250000000";
  cases[4].filter.key_prefix = "photos/4";
  cases[5].filter.reason = "too large";
  cases[6].filter.not_replayed = true;
  cases[7].filter.reason = "too large";
  cases[7].filter.not_replayed = true;
  for (const auto& row : cases) {
    const auto chunk = store->select(row.filter, 0, 100, kMiB);
    ASSERT_TRUE(chunk) << row.what;
    EXPECT_EQ(ids(chunk->rows), row.expected) << row.what;
    EXPECT_TRUE(chunk->end) << row.what;
  }
  EXPECT_EQ(all_rows(*store)[5].replayed, std::chrono::floor<std::chrono::seconds>(kAdded + 1h));
  EXPECT_EQ(all_rows(*store)[5].event.json, event(5).json) << "marking alters nothing else";
}

TEST(EventStore, StopsLookingAfterMuchThatDoesNotMatch) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 5'100, 1), kAdded));
  StoreFilter filter;
  filter.bucket = "none";
  const auto first = store->select(filter, 0, 10, kMiB);
  EXPECT_TRUE(first->rows.empty());
  EXPECT_FALSE(first->end);
  const auto second = store->select(filter, first->last, 10, kMiB);
  EXPECT_TRUE(second->rows.empty());
  EXPECT_TRUE(second->end);
}

TEST(EventStore, IsRefusedWhileAnotherProcessOwnsItAndFreeAfterItsDeath) {
  const Directory directory;
  Child owner([&] {
    // Kept beyond the end of this function, as a gateway keeps it.
    static auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
    return store && (*store)->append(events(0, 1), kAdded);
  });
  ASSERT_TRUE(owner.said_so());
  const auto second = EventStore::open(directory.file(), kMiB, StoreKind::spool);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind(), StoreError::Kind::in_use);
  EXPECT_NE(second.error().text().find(fmt::format("pid {}", owner.pid())), std::string::npos)
      << second.error().text();

  auto tool =
      EventStore::open_for_tools(directory.file(), StoreKind::spool, EventStore::Access::mark);
  ASSERT_TRUE(tool) << tool.error().text();
  const auto rows = all_rows(**tool);
  EXPECT_EQ(ids(rows), ids(0, 1));
  EXPECT_TRUE((*tool)->mark_replayed(seqs(rows), kAdded));
  EXPECT_EQ((*tool)->try_own().error().kind(), StoreError::Kind::in_use);

  owner.kill();
  ASSERT_TRUE((*tool)->try_own());
  EXPECT_TRUE((*tool)->remove(seqs(rows)));
  tool->reset();
  EXPECT_TRUE(EventStore::open(directory.file(), kMiB, StoreKind::spool));
}

TEST(EventStore, ToolsMakeNoFile) {
  const Directory directory;
  EXPECT_FALSE(EventStore::exists(directory.file()));
  const auto tool =
      EventStore::open_for_tools(directory.file(), StoreKind::spool, EventStore::Access::mark);
  ASSERT_TRUE(tool);
  EXPECT_TRUE(all_rows(**tool).empty());
  EXPECT_EQ(directory.count("spool"), 0U);
  ASSERT_TRUE(open(directory.file())->append(events(0, 1), kAdded));
  EXPECT_TRUE(EventStore::exists(directory.file()));
}

TEST(EventStore, SaysWhyItCannotBeOpened) {
  const Directory directory;
  std::filesystem::create_directory(directory.file("a-directory"));
  for (const std::string& path : {directory.file("a-directory"), directory.file("missing/spool.db"),
                                  std::string("/proc/x")}) {
    const auto store = EventStore::open(path, kMiB, StoreKind::spool);
    ASSERT_FALSE(store) << path;
    EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable) << path;
    EXPECT_NE(store.error().text().find(path), std::string::npos) << store.error().text();
  }
}

TEST(EventStore, DoesNotTakeDeadLettersForASpool) {
  const Directory directory;
  ASSERT_TRUE(open(directory.file(), kMiB, StoreKind::dead_letters)->append(events(0, 1), kAdded));
  const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable);
  EXPECT_NE(store.error().text().find("it holds dead letters"), std::string::npos);
}

TEST(EventStore, LeavesAnEmptyFileAtItsPathAlone) {
  const Directory directory;
  write_file(directory.file(), "");
  const auto store = open(directory.file());
  EXPECT_TRUE(store->append(events(0, 1), kAdded));
}

}  // namespace
}  // namespace gateway::egress

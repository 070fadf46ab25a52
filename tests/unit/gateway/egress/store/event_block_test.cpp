// Events that share a row are events by themselves all the same.
#include "gateway/egress/store/event_block.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <random>

#include "gateway/egress/store/sqlite.hpp"
#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;

TEST(GoneEvents, AreWhatWasStored) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 1000; ++i) {
    GoneEvents gone;
    std::size_t count = 0;
    for (std::size_t at = 0; at < GoneEvents::kMost; ++at) {
      if (random() % 3 != 0) continue;
      gone.add(at);
      ++count;
    }
    const GoneEvents again(gone.value());
    EXPECT_EQ(again.value(), gone.value());
    EXPECT_EQ(again.count(), count);
  }
}

TEST(GoneEvents, AreNoneIfABitOfThemWasAltered) {
  GoneEvents gone;
  for (const std::size_t at : {0U, 5U, 16U, 47U}) gone.add(at);
  for (const GoneEvents& good : {GoneEvents(), gone}) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      const auto altered = static_cast<std::uint64_t>(good.value()) ^ std::uint64_t{1} << bit;
      EXPECT_EQ(GoneEvents(static_cast<std::int64_t>(altered)).count(), 0U) << bit;
    }
  }
  EXPECT_EQ(GoneEvents(0).count(), 0U);
}

TEST(EventBlock, TellsWhichOfItsEventsIsNotWhatWasWritten) {
  const auto written = events(0, 4, 20);
  std::string bytes;
  const std::uint64_t sum = EventBlock::write(written, 17, kAdded, bytes);
  const auto whole = EventBlock::read(4, 17, kAdded, bytes, sum);
  ASSERT_TRUE(whole);
  std::size_t texts = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const EventBlock::Entry& entry = whole->entries()[i];
    EXPECT_EQ(entry.id, written[i].id);
    EXPECT_EQ(entry.type, written[i].type);
    EXPECT_EQ(entry.bucket, written[i].bucket);
    EXPECT_EQ(entry.key, written[i].key);
    EXPECT_EQ(entry.json, written[i].json);
    EXPECT_EQ(entry.bytes(), written[i].bytes());
    EXPECT_TRUE(entry.as_written());
    texts += entry.bytes();
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 0x10);
    const auto block = EventBlock::read(4, 17, kAdded, altered, sum);
    ASSERT_EQ(block.has_value(), at >= bytes.size() - texts) << at;
    if (!block) continue;
    EXPECT_EQ(std::ranges::count_if(block->entries(), &EventBlock::Entry::as_written), 3) << at;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto block = EventBlock::read(4, 17, kAdded, cut, sum);
    EXPECT_FALSE(block && std::ranges::all_of(block->entries(), &EventBlock::Entry::as_written));
  }
  for (const std::int64_t count : {-1, 0, 3, 5, 49}) {
    EXPECT_FALSE(EventBlock::read(count, 17, kAdded, bytes, sum)) << count;
  }
  EXPECT_FALSE(EventBlock::read(4, 18, kAdded, bytes, sum));
  EXPECT_FALSE(EventBlock::read(4, 17, kAdded + 1ms, bytes, sum));
}

TEST(EventBlock, IsNoLargerThanHalfAPage) {
  for (const std::size_t data : {1U, 1000U, 5000U, 16'000U, 100'000U}) {
    const auto all = events(0, 100, data);
    const std::size_t count = EventBlock::fitting(all);
    EXPECT_LE(count, EventBlock::kMostEvents);
    std::string bytes;
    static_cast<void>(EventBlock::write(std::span(all).first(count), 1, kAdded, bytes));
    EXPECT_TRUE(count == 1 || bytes.size() < 16'384 / 2 - 150) << data;
  }
  EXPECT_GT(EventBlock::fitting(events(0, 100, 1)), 40U);
  EXPECT_EQ(EventBlock::fitting(events(0, 100, 100'000)), 1U);
}

std::int64_t rows_in(const std::string& path, const std::string& what = "count(*)") {
  sqlite::Database database(path, SQLITE_OPEN_READWRITE);
  return database.integer("SELECT " + what + " FROM events");
}

TEST(EventBlocks, AreMadeOfWhatArrivesTogether) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 100), kAdded));
  ASSERT_TRUE(store->append(events(100, 1), kAdded + 1s));
  const auto rows = all_rows(*store);
  EXPECT_EQ(ids(rows), ids(0, 101));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].seq, rows[0].seq + static_cast<Sequence>(i));
    EXPECT_EQ(rows[i].event.key, event(static_cast<int>(i)).key);
  }
  EXPECT_EQ(rows[99].added, kAdded);
  EXPECT_EQ(rows[100].added, kAdded + 1s);
  EXPECT_EQ(*store->last_seq(), rows.back().seq);
  store.reset();
  EXPECT_LT(rows_in(directory.file()), 10);
}

TEST(EventBlocks, CanBeReadAndChosenFromOneByOne) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 30), kAdded));
  std::vector<std::string> one_by_one;
  Sequence after = 0;
  for (bool end = false; !end;) {
    const auto chunk = store->read(after, 1, kMiB);
    ASSERT_TRUE(chunk);
    for (const StoredRow& row : chunk->rows) one_by_one.push_back(row.event.id);
    EXPECT_LE(chunk->rows.size(), 1U);
    after = chunk->last;
    end = chunk->end;
  }
  EXPECT_EQ(one_by_one, ids(0, 30));
  StoreFilter filter;
  filter.bucket = "odd-1250000000";
  filter.key_prefix = "photos/1";
  EXPECT_EQ(ids(store->select(filter, 0, 100, kMiB)->rows),
            (std::vector<std::string>{"id-1", "id-11", "id-13", "id-15", "id-17", "id-19"}));
  filter.since = kAdded + 1ms;
  EXPECT_TRUE(store->select(filter, 0, 100, kMiB)->rows.empty());
  const auto chunk = store->read_rows(std::vector<Sequence>{2, 3, 29, 30, 31, 99}, kMiB);
  EXPECT_EQ(ids(chunk->rows), (std::vector<std::string>{"id-1", "id-2", "id-28", "id-29"}));
  EXPECT_EQ(chunk->last, 99);
}

TEST(EventBlocks, ComeWholeToAReplayThatHasRoom) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 200), kAdded));
  SpooledChunk chunk;
  ASSERT_TRUE(store->read_spooled(0, 10, kMiB, chunk));
  EXPECT_EQ(chunk.rows.size(), 10U) << "a probe is as small as it is meant to be";
  ASSERT_TRUE(store->read_spooled(0, EventBlock::kMostEvents, kMiB, chunk));
  EXPECT_GE(chunk.rows.size(), EventBlock::kMostEvents);
  EXPECT_LT(chunk.rows.size(), 2 * EventBlock::kMostEvents);
  std::vector<Sequence> taken;
  for (const auto& row : chunk.rows.entries()) taken.push_back(row.seq);
  ASSERT_TRUE(store->remove(taken));
  EXPECT_EQ(store->totals()->rows, 200 - taken.size());
  store.reset();
  EXPECT_EQ(rows_in(directory.file(), "count(DISTINCT replayed_ms)"), 1) << "none was cut";
}

// Against a model, with rows of one and of many, reopened now and then.
TEST(EventBlocks, LoseTheirEventsOneByOne) {
  std::mt19937 random(20260104);
  for (int round = 0; round < 12; ++round) {
    SCOPED_TRACE(round);
    const Directory directory;
    auto store = open(directory.file());
    std::map<Sequence, StoredEvent> model;
    Sequence next = 1;
    for (int n = 0; n < 60;) {
      const int count = random() % 3 == 0 ? 1 : 1 + static_cast<int>(random() % 20);
      const auto some = events(n, count, 1 + random() % 2000);
      ASSERT_TRUE(store->append(some, kAdded));
      for (const StoredEvent& event : some) model.emplace(next++, event);
      n += count;
    }
    while (!model.empty()) {
      std::vector<Sequence> gone;
      const unsigned share = 2 + random() % 6;
      for (const auto& [seq, event] : model) {
        if (random() % share == 0) gone.push_back(seq);
      }
      // A range, and some that are not there.
      const Sequence from = static_cast<Sequence>(random() % 60);
      for (Sequence seq = from; seq < from + static_cast<Sequence>(random() % 30); ++seq) {
        gone.push_back(seq);
      }
      std::ranges::sort(gone);
      gone.erase(std::ranges::unique(gone).begin(), gone.end());
      StoreTotals expected;
      for (const Sequence seq : gone) {
        const auto found = model.find(seq);
        if (found == model.end()) continue;
        ++expected.rows;
        expected.bytes += found->second.bytes();
        model.erase(found);
      }
      const auto removed = store->remove(gone);
      ASSERT_TRUE(removed) << removed.error().text();
      EXPECT_EQ(removed->rows, expected.rows);
      EXPECT_EQ(removed->bytes, expected.bytes);
      if (random() % 2 == 0) {
        store.reset();
        store = open(directory.file());
      }
      StoreTotals left;
      for (const auto& [seq, event] : model) {
        ++left.rows;
        left.bytes += event.bytes();
      }
      EXPECT_EQ(store->totals()->rows, left.rows);
      EXPECT_EQ(store->totals()->bytes, left.bytes);
      const auto rows = all_rows(*store);
      ASSERT_EQ(rows.size(), model.size());
      auto at = model.begin();
      for (const StoredRow& row : rows) {
        EXPECT_EQ(row.seq, at->first);
        EXPECT_EQ(row.event.json, at->second.json);
        ++at;
      }
    }
    EXPECT_TRUE(store->moved_aside().empty());
    store.reset();
    EXPECT_EQ(rows_in(directory.file()), 0);
    store = open(directory.file());
    ASSERT_TRUE(store->append(events(1000, 2), kAdded));
    EXPECT_EQ(all_rows(*store)[0].seq, next) << "no number comes twice";
  }
}

TEST(EventBlocks, AreCountedRightAfterTheirTotalsWereAltered) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 50), kAdded));
  ASSERT_TRUE(store->remove(std::vector<Sequence>{3, 4, 40}));
  const auto before = *store->totals();
  store.reset();
  {
    sqlite::Database database(directory.file(), SQLITE_OPEN_READWRITE);
    database.run("UPDATE totals SET rows=rows+5,bytes=bytes-1");
  }
  store = open(directory.file());
  EXPECT_EQ(store->totals()->rows, before.rows);
  EXPECT_EQ(store->totals()->bytes, before.bytes);
}

TEST(EventBlocks, ThatAreDamagedAreReportedAndLeftAlone) {
  for (const std::string_view column : {"sum=sum+1", "status=9", "status=-5", "status=1000000",
                                        "added_ms=added_ms+1", "event=x'00'", "seq=seq+1000"}) {
    SCOPED_TRACE(column);
    const Directory directory;
    auto store = open(directory.file());
    ASSERT_TRUE(store->append(events(0, 8), kAdded));
    ASSERT_TRUE(store->append(events(8, 8), kAdded));
    ASSERT_TRUE(store->append(events(16, 8), kAdded));
    store.reset();
    {
      sqlite::Database database(directory.file(), SQLITE_OPEN_READWRITE);
      database.run(fmt::format("UPDATE events SET {} WHERE seq=9", column));
    }
    store = open(directory.file());
    const auto chunk = store->read(0, 100, kMiB);
    ASSERT_TRUE(chunk);
    EXPECT_EQ(chunk->damaged.size(), 1U);
    auto expected = ids(0, 8);
    std::ranges::move(ids(16, 8), std::back_inserter(expected));
    EXPECT_EQ(ids(chunk->rows), expected);
    for (const Sequence after : {8, 9, 10, 16}) {
      const auto behind = store->read(after, 100, kMiB);
      EXPECT_EQ(ids(behind->rows), ids(16, 8)) << after;
    }
    ASSERT_TRUE(store->remove(seqs(chunk->rows)));
    EXPECT_TRUE(all_rows(*store).empty());
    EXPECT_TRUE(store->append(events(100, 8), kAdded));
    EXPECT_EQ(ids(all_rows(*store)), ids(100, 8));
    store.reset();
    EXPECT_EQ(rows_in(directory.file()), 2) << "the damaged one is still there";
  }
}

TEST(EventBlocks, GiveOutNoNumberTwiceIfTheLastOneIsForgotten) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 8), kAdded));
  store.reset();
  {
    sqlite::Database database(directory.file(), SQLITE_OPEN_READWRITE);
    database.run("UPDATE sqlite_sequence SET seq=1");
  }
  store = open(directory.file());
  ASSERT_TRUE(store->probe());
  ASSERT_TRUE(store->append(events(8, 8), kAdded));
  EXPECT_EQ(ids(all_rows(*store)), ids(0, 16));
}

}  // namespace
}  // namespace gateway::egress

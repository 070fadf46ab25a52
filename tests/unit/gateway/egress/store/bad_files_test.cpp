// One file of a store is bad: a page of it cannot be read, its marks cannot be flushed, or its head
// says what cannot be. That costs what is in it, and nothing else.
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <set>

#include "gateway/egress/segments/record_reader.hpp"
#include "gateway/egress/segments/segment_head.hpp"
#include "gateway/egress/store/row_leases.hpp"
#include "support.hpp"
#include "support/simulated_disk.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;
using gateway::test::SimulatedDisk;
using DiskCall = SimulatedDisk::Call;

class BadFiles : public testing::Test {
 protected:
  BadFiles() { disk_.make_folder("/d"); }

  [[nodiscard]] std::unique_ptr<EventStore> open_store(std::uint64_t max_bytes = 64 * kMiB) {
    return open("/d/spool.db", max_bytes, StoreKind::spool, disk_);
  }
  [[nodiscard]] std::vector<std::string> segments() const {
    std::vector<std::string> found;
    for (const std::string& file : disk_.files()) {
      if (file.ends_with(kSegmentSuffix)) found.push_back(file);
    }
    return found;
  }
  [[nodiscard]] std::uint64_t last_page(const std::string& file) const {
    return (disk_.contents(file).size() - 1) / 4096;
  }
  // Makes two segments, of events 1 and 2, and of 3 and 4. Returns the first.
  [[nodiscard]] std::string two_segments() {
    EXPECT_TRUE(open_store()->append(events(1, 2), kAdded));
    EXPECT_TRUE(open_store()->append(events(3, 2), kAdded));
    EXPECT_EQ(segments().size(), 2U);
    return segments().front();
  }
  // Makes segments whose events are removed but for every 1,000th.
  [[nodiscard]] std::size_t sparse_segments(std::size_t count) {
    const auto store = open_store(std::uint64_t{4} << 30);
    int n = 0;
    for (; segments().size() < count; n += 1000) {
      EXPECT_TRUE(store->append(events(n, 1000, 100), kAdded));
    }
    std::vector<Sequence> removed;
    for (Sequence seq = 1; seq <= n; ++seq) {
      if (seq % 1000 != 0) removed.push_back(seq);
    }
    EXPECT_TRUE(store->remove(removed));
    return static_cast<std::size_t>(n);
  }
  [[nodiscard]] static StoreWriter::Limits quick() {
    StoreWriter::Limits limits;
    limits.retry_initial = 10ms;
    limits.retry_max = 50ms;
    return limits;
  }

  SimulatedDisk disk_;
};

// A killed process leaves a segment that has to be scanned.
TEST_F(BadFiles, APageThatCannotBeReadAtTheStartDestroysNothing) {
  for (const std::uint64_t before_last : {0U, 1U}) {
    SCOPED_TRACE(before_last);
    const auto killed = open_store();
    ASSERT_TRUE(killed->append(events(1, 20, 1000), kAdded));
    killed->abandon();
    const std::string segment = segments().front();
    disk_.spoil_page(segment, last_page(segment) - before_last);
    {
      const auto store = open_store();
      EXPECT_LT(all_rows(*store).size(), 20U);
      ASSERT_TRUE(store->append(events(21, 1), kAdded)) << "others are kept, under other numbers";
    }
    disk_.mend_pages();
    const auto store = open_store();
    EXPECT_EQ(ids(all_rows(*store)), ids(1, 21));
    ASSERT_TRUE(store->remove(seqs(all_rows(*store))));
    ASSERT_TRUE(store->look(true));
    ASSERT_TRUE(segments().empty());
  }
}

TEST_F(BadFiles, APageOfMarksHoldsUpNothingElse) {
  const std::string first = two_segments();
  StoreWriter writer(open_store(), quick());
  const auto rows = fetch(writer, 100);
  ASSERT_EQ(ids(rows), ids(1, 4));
  disk_.spoil_page(first, kTableAt / 4096);
  EXPECT_TRUE(remove(writer, {rows[0].seq}));
  EXPECT_TRUE(append(writer, events(5, 1)));
  EXPECT_TRUE(remove(writer, {rows[2].seq, rows[3].seq}));
  EXPECT_EQ(writer.status().removed, 2U);
  EXPECT_EQ(writer.state(), StoreState::ok) << writer.status().error;
  disk_.mend_pages();
  EXPECT_TRUE(soon([&] { return writer.status().removed == 3; })) << "at the next look";
}

TEST_F(BadFiles, AFileThatCannotBeFlushedHoldsUpNothingElse) {
  const std::string first = two_segments();
  StoreWriter writer(open_store(), quick());
  const auto rows = fetch(writer, 100);
  ASSERT_EQ(ids(rows), ids(1, 4));
  std::atomic<int> failed{0};
  disk_.plan([&](DiskCall call, const std::string& path) {
    if (call != DiskCall::sync || path != first) return 0;
    ++failed;
    return EIO;
  });
  EXPECT_TRUE(remove(writer, {rows[0].seq, rows[1].seq}));
  ASSERT_TRUE(soon([&] { return failed >= 3; })) << "it is tried again and again";
  EXPECT_EQ(writer.state(), StoreState::ok) << writer.status().error;
  EXPECT_TRUE(append(writer, events(5, 1)));
  disk_.plan({});
  EXPECT_TRUE(soon([&] { return segments().size() == 2; })) << "of which one is the new event's";
}

TEST_F(BadFiles, WhatWasRemovedCountsThoughItsFileCannotBeDeleted) {
  ASSERT_TRUE(open_store()->append(events(1, 3), kAdded));
  StoreWriter writer(open_store(), quick());
  const auto rows = fetch(writer, 100);
  disk_.plan([](DiskCall call, const std::string&) { return call == DiskCall::remove ? EIO : 0; });
  EXPECT_TRUE(remove(writer, seqs(rows)));
  EXPECT_EQ(writer.status().removed, 3U);
  disk_.plan({});
  EXPECT_TRUE(soon([&] { return segments().empty(); }));
}

// What cannot be is believed of no file, though its sums are right.
TEST_F(BadFiles, ASealThatCannotBeCountsForNothing) {
  for (const Sequence count : {Sequence{1} << 45, Sequence{-1}}) {
    SCOPED_TRACE(count);
    ASSERT_TRUE(open_store()->append(events(1, 2), kAdded));
    const std::string segment = segments().front();
    std::string bytes = disk_.contents(segment);
    const auto identity = read_identity(std::string_view(bytes).substr(0, kTableAt));
    ASSERT_TRUE(identity);
    auto seal = read_seal(std::string_view(bytes).substr(0, kTableAt), identity->capacity);
    ASSERT_TRUE(seal);
    seal->totals.count = count;
    const std::string text = seal_text(*seal);
    disk_.set_contents(segment, bytes.replace(kSealAt, text.size(), text));
    const auto store = open_store();
    EXPECT_EQ(ids(all_rows(*store)), ids(1, 2)) << "the records are counted";
    ASSERT_TRUE(store->remove(seqs(all_rows(*store))));
    ASSERT_TRUE(store->look(true));
  }
}

TEST_F(BadFiles, ANumberThatCannotBeIsLeftAlone) {
  ASSERT_TRUE(open_store()->append(events(1, 2), kAdded));
  const std::string segment = segments().front();
  std::string bytes = disk_.contents(segment);
  SegmentIdentity identity;
  identity.first = Sequence{9'200'000'000'000'000'000};
  identity.capacity = 1;
  const std::string head = head_text(identity).substr(0, kTableAt);
  disk_.set_contents(segment, bytes.replace(0, kTableAt, head));
  const auto store = open_store();
  EXPECT_EQ(store->unreadable_files().size(), 1U);
  EXPECT_TRUE(store->append(events(10, 1), kAdded));
}

TEST_F(BadFiles, NumbersOfAFileThatIsBeingCopiedAreNotGivenOut) {
  ASSERT_TRUE(open_store()->append(events(1, 20, 1000), kAdded));
  const std::string segment = segments().front();
  const std::string whole = disk_.contents(segment);
  disk_.set_contents(segment, whole.substr(0, whole.size() - 3000));
  ASSERT_TRUE(open_store()->append(events(100, 3), kAdded));
  disk_.set_contents(segment, whole);
  const auto store = open_store();
  ASSERT_TRUE(store);
  EXPECT_EQ(store->totals().rows, 23U);
}

// By a copy that stands still for long enough to be taken up.
TEST_F(BadFiles, ACopyThatPausesIsTakenUpWholeAtTheNextStart) {
  auto store = open_store();
  for (int n = 1; n <= 20; ++n) ASSERT_TRUE(store->append(events(n, 1, 1000), kAdded));
  store->abandon();
  store.reset();
  const std::string segment = segments().front();
  const std::string whole = disk_.contents(segment);
  ASSERT_TRUE(disk_.remove(segment));
  store = open_store();
  disk_.set_contents(segment, whole.substr(0, whole.size() - 10'000));
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(store->look(false));
  EXPECT_GT(store->totals().rows, 5U) << "what is there is sent";
  disk_.set_contents(segment, whole);
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(store->look(false));
  store.reset();
  EXPECT_EQ(ids(all_rows(*open_store())), ids(1, 20));
}

TEST_F(BadFiles, RemovedEventsArePassedOverAFewAtATime) {
  const std::size_t rows = sparse_segments(40);
  const auto store = open_store(std::uint64_t{4} << 30);
  const std::uint64_t before = disk_.bytes_read();
  RowLeases leases;
  leases.begin_count(*store);
  ASSERT_TRUE(leases.count_on(*store));
  EXPECT_LT(disk_.bytes_read() - before, 20 * kMiB) << "of " << rows << " events";
  ASSERT_TRUE(leases.counting());
  while (leases.counting()) ASSERT_TRUE(leases.count_on(*store));
  EXPECT_EQ(all_rows(*store).size(), rows / 1000);
}

TEST_F(BadFiles, FewOfManyFilesAreKeptOpen) {
  static_cast<void>(sparse_segments(30));
  EXPECT_LT(disk_.most_open(), 12U);
}

TEST_F(BadFiles, DamagedRowsAreReadAFewAtATime) {
  ASSERT_TRUE(open_store()->append(events(0, 500), kAdded));
  const std::string segment = segments().front();
  std::string bytes = disk_.contents(segment);
  const auto begin = bytes.find(kRecordMark);
  disk_.set_contents(segment, bytes.substr(0, begin) + std::string(bytes.size() - begin, '\0'));
  const auto store = open_store();
  SpooledChunk chunk;
  ASSERT_TRUE(store->read_spooled(0, [](const auto&) { return true; }, 16, kMiB, chunk));
  EXPECT_EQ(chunk.damaged.size(), 16U);
  EXPECT_FALSE(chunk.end);
}

}  // namespace
}  // namespace gateway::egress

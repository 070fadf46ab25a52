// A device that fails, lies or loses power: whatever it does, what was acknowledged is there
// afterwards, what was removed does not come back, and all goes on when it is well again.
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "events/cloud_event.hpp"
#include "support.hpp"
#include "support/simulated_disk.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;
using gateway::test::SimulatedDisk;
using Call = SimulatedDisk::Call;

const std::string kPath = "/d/spool.db";
constexpr std::uint64_t kStore = kMiB;  // segments of 128 KiB

std::unique_ptr<SimulatedDisk> new_disk() {
  auto disk = std::make_unique<SimulatedDisk>();
  disk->make_folder("/d");
  return disk;
}

// Hands events to a store, removes some, and knows what must be there and what must not.
class Story {
 public:
  explicit Story(SimulatedDisk& disk) : disk_(disk) {}

  // Some turns of a store's life; it is opened anew when it cannot be used.
  void run(int turns) {
    for (int turn = 0; turn < turns; ++turn) {
      if (!store_) {
        auto opened = EventStore::open(kPath, kStore, StoreKind::spool, disk_);
        if (!opened) continue;
        store_ = std::move(*opened);
      }
      const auto some = events(next_, 1 + turn % 7, turn % 5 == 0 ? 3000 : 300);
      if (store_->append(some, kAdded)) {
        for (std::size_t n = 0; n < some.size(); ++n) kept_.insert(next_ + static_cast<int>(n));
      } else {
        static_cast<void>(store_->probe());
      }
      next_ += static_cast<int>(some.size());
      if (turn % 3 == 2) remove_some();
      if (turn % 10 == 9) static_cast<void>(store_->look(turn % 20 == 19));
      if (turn % 17 == 16) store_.reset();
    }
  }
  void close() { store_.reset(); }

  // What a new process finds on `disk`.
  void check(SimulatedDisk& disk, const std::string& what) {
    auto store = EventStore::open(kPath, kStore, StoreKind::spool, disk);
    ASSERT_TRUE(store) << what << ": " << store.error().text();
    std::set<int> found;
    for (const StoredRow& row : all_rows(**store)) {
      const int n = std::stoi(row.id.substr(3));
      EXPECT_TRUE(found.insert(n).second) << what << ": id-" << n << " is there twice";
      EXPECT_TRUE(row.event.json == event(n, 300).json || row.event.json == event(n, 3000).json);
      EXPECT_FALSE(gone_.contains(n)) << what << ": id-" << n << " came back";
    }
    for (const int n : kept_) EXPECT_TRUE(found.contains(n)) << what << ": id-" << n << " is lost";
    const auto more = (*store)->append(events(100'000, 1), kAdded);
    EXPECT_TRUE(more || more.error().kind() == StoreError::Kind::full) << what;
  }
  [[nodiscard]] std::size_t kept() const noexcept { return kept_.size(); }

 private:
  void remove_some() {
    SpooledChunk chunk;
    const auto any = [](const auto&) { return true; };
    if (!store_->read_spooled(Sequence{0}, any, 6, kMiB, chunk)) return;
    std::vector<Sequence> rows;
    std::vector<int> numbers;
    for (const auto& entry : chunk.rows.entries()) {
      const auto event = gateway::events::read_structured_event(chunk.rows.json(entry));
      ASSERT_TRUE(event);
      rows.push_back(entry.seq);
      numbers.push_back(std::stoi(std::string(event->attribute("id")).substr(3)));
    }
    // From here on they may be gone, and may be there.
    for (const int n : numbers) kept_.erase(n);
    if (store_->remove(rows) && store_->sync_marks()) gone_.insert(numbers.begin(), numbers.end());
  }

  SimulatedDisk& disk_;
  std::unique_ptr<EventStore> store_;
  int next_ = 0;
  std::set<int> kept_;  // acknowledged
  std::set<int> gone_;  // removed, and said to be
};

TEST(EventStoreDevice, LosesAndRepeatsNothingWhereverThePowerIsCut) {
  std::mt19937_64 random(7);
  std::uint64_t cuts = 0;
  for (std::uint64_t at = 1;; ++at, ++cuts) {
    const auto disk = new_disk();
    disk->cut_power_at(at);
    Story story(*disk);
    story.run(60);
    const bool cut = disk->changes() >= at;
    story.close();
    const std::string what = "cut at change " + std::to_string(at);
    story.check(*disk->synced_only(), what);
    for (int chance = 0; chance < 3; ++chance) story.check(*disk->after_power_cut(random), what);
    if (!cut || HasFailure()) break;
  }
  EXPECT_GT(cuts, 150U);
}

// Each call of each kind fails once, or from then on for a while.
TEST(EventStoreDevice, GoesOnAfterEveryFailure) {
  std::mt19937_64 random(11);
  for (const Call call : {Call::open, Call::status, Call::list, Call::remove, Call::sync_folder,
                          Call::read, Call::write, Call::sync, Call::truncate, Call::reserve}) {
    for (const int error : {EIO, ENOSPC, EROFS}) {
      for (const int times : {1, 8}) {
        int failures = 0;
        for (int first = 1; first < 60; first += 4) {
          const auto disk = new_disk();
          Story story(*disk);
          int seen = 0;
          disk->plan([&](Call made, const std::string&) {
            if (made != call) return 0;
            ++seen;
            if (seen < first || seen >= first + times) return 0;
            ++failures;
            return error;
          });
          story.run(60);
          disk->plan({});
          story.run(5);
          story.close();
          const std::string what = fmt::format("call {}, error {}, {} times from {}",
                                               static_cast<int>(call), error, times, first);
          story.check(*disk->synced_only(), what);
          story.check(*disk->after_power_cut(random), what);
          ASSERT_FALSE(HasFailure());
        }
        EXPECT_GT(failures, 0);
      }
    }
  }
}

TEST(EventStoreDevice, SaysWhatIsWrong) {
  const auto disk = new_disk();
  const auto store = open(kPath, kStore, StoreKind::spool, *disk);
  ASSERT_TRUE(store->append(events(0, 1), kAdded));
  disk->plan([](Call call, const std::string&) { return call == Call::write ? ENOSPC : 0; });
  EXPECT_EQ(store->append(events(1, 1), kAdded).error().kind(), StoreError::Kind::full);
  disk->plan([](Call call, const std::string&) { return call == Call::sync ? EIO : 0; });
  const auto failed = store->append(events(2, 1), kAdded);
  EXPECT_EQ(failed.error().kind(), StoreError::Kind::failing);
  EXPECT_NE(failed.error().text().find(kPath), std::string::npos);
  EXPECT_EQ(store->probe().error().kind(), StoreError::Kind::failing);
  disk->plan({});
  EXPECT_TRUE(store->probe());
  EXPECT_TRUE(store->append(events(3, 1), kAdded));
}

// Removing needs no room: a full device is emptied, and what was sent is not sent again.
TEST(EventStoreDevice, IsEmptiedWhenItIsFull) {
  for (const std::uint64_t capacity : {300'000U, 500'000U, 1'100'000U}) {
    const auto disk = new_disk();
    disk->set_capacity(capacity);
    auto store = open(kPath, 64 * kMiB, StoreKind::spool, *disk);
    int next = 0;
    for (;;) {
      const auto appended = store->append(events(next, 10, 1000), kAdded);
      if (!appended) {
        EXPECT_EQ(appended.error().kind(), StoreError::Kind::full);
        break;
      }
      next += 10;
    }
    ASSERT_GT(next, 50);
    EXPECT_EQ(store->probe().error().kind(), StoreError::Kind::full);
    const auto half = seqs(store->read(0, static_cast<std::size_t>(next / 2), 64 * kMiB)->rows);
    ASSERT_TRUE(store->remove(half));
    ASSERT_TRUE(store->sync_marks());
    store.reset();
    const auto after = disk->synced_only();
    store = open(kPath, 64 * kMiB, StoreKind::spool, *after);
    EXPECT_EQ(all_rows(*store).size(), static_cast<std::size_t>(next) - half.size());
    store.reset();
    store = open(kPath, 64 * kMiB, StoreKind::spool, *disk);
    ASSERT_TRUE(store->remove(seqs(all_rows(*store))));
    ASSERT_TRUE(store->look(true));
    EXPECT_LT(disk->used(), 100'000U);
    EXPECT_TRUE(store->append(events(next, 10, 1000), kAdded));
  }
}

TEST(EventStoreDevice, LosesNoMoreThanTheEventABitIsWrongIn) {
  const auto disk = new_disk();
  {
    const auto store = open(kPath, kStore, StoreKind::spool, *disk);
    for (int n = 0; n < 10; ++n) ASSERT_TRUE(store->append(events(3 * n, 3), kAdded));
    ASSERT_TRUE(store->remove(std::vector<Sequence>{2, 3, 20}));
  }
  std::string segment;
  for (const std::string& file : disk->files()) {
    if (file.ends_with(".events")) segment = file;
  }
  const std::string before = disk->contents(segment);
  std::mt19937_64 random(3);
  for (int round = 0; round < 4000; ++round) {
    const std::uint64_t at = random() % before.size();
    const auto bit = static_cast<unsigned>(random() % 8);
    disk->flip(segment, at, bit);
    auto store =
        EventStore::open_for_tools(kPath, StoreKind::spool, EventStore::Access::read, *disk);
    ASSERT_TRUE(store);
    const auto chunk = (*store)->read(0, 1000, kMiB);
    ASSERT_TRUE(chunk);
    // A bit in the marks brings back some that were sent: better twice than never.
    EXPECT_GE(chunk->rows.size(), 26U) << "offset " << at;
    EXPECT_EQ(chunk->rows.size() + chunk->damaged.size() >= 27U, true) << "offset " << at;
    EXPECT_EQ((*store)->unreadable_files().size(), 0U);
    disk->set_contents(segment, before);
  }
}

// As with btrfs, or with files that share their blocks: nothing is written in place, so that on a
// full device nothing can be written at all.
class FullCopyOnWriteDevice : public testing::Test {
 protected:
  void SetUp() override {
    store_ = test::open(kPath, kStore, StoreKind::spool, *disk_);
    for (int n = 0; n < 20; ++n) store_->append(events(20 * n, 20, 1000), kAdded).value();
    ASSERT_GE(disk_->files().size(), 4U);
  }
  void become_full(bool full) {
    disk_->plan([full](Call call, const std::string&) {
      return full && (call == Call::write || call == Call::reserve) ? ENOSPC : 0;
    });
  }
  [[nodiscard]] std::vector<Sequence> all_seqs() { return seqs(all_rows(*store_)); }

  std::unique_ptr<SimulatedDisk> disk_ = new_disk();
  std::unique_ptr<EventStore> store_;
};

TEST_F(FullCopyOnWriteDevice, GivesTheFilesBackOfWhichEverythingIsDelivered) {
  become_full(true);
  const auto rows = all_seqs();
  std::vector<Sequence> unwritable;
  const auto removed = store_->remove(rows, unwritable);
  ASSERT_TRUE(removed);
  EXPECT_EQ(*removed, 400U);
  EXPECT_TRUE(unwritable.empty());
  EXPECT_EQ(store_->totals().rows, 0U);
  become_full(false);
  EXPECT_TRUE(store_->append(events(400, 1), kAdded));
  store_.reset();
  EXPECT_EQ(ids(all_rows(*test::open(kPath, kStore, StoreKind::spool, *disk_))), ids(400, 1));
}

TEST_F(FullCopyOnWriteDevice, RemovesLaterWhatIsInFilesWithOthers) {
  become_full(true);
  const auto rows = all_seqs();
  std::vector<Sequence> unwritable;
  constexpr std::ptrdiff_t kSome = 150;  // not all of a file
  ASSERT_TRUE(store_->remove(std::span(rows).first(kSome), unwritable));
  ASSERT_FALSE(unwritable.empty());
  EXPECT_EQ(store_->totals().rows, 250U + unwritable.size());
  unwritable.insert(unwritable.end(), rows.begin() + kSome, rows.end());
  std::vector<Sequence> left;
  ASSERT_TRUE(store_->remove(unwritable, left));
  EXPECT_TRUE(left.empty());
  EXPECT_EQ(store_->totals().rows, 0U);
}

TEST_F(FullCopyOnWriteDevice, IsOpenedThoughNothingOfAnInterruptedWriteCanBeMarked) {
  disk_->plan([](Call call, const std::string&) { return call == Call::sync ? EIO : 0; });
  EXPECT_FALSE(store_->append(events(400, 20, 1000), kAdded));
  store_->abandon();
  store_.reset();
  std::mt19937_64 random(5);
  for (int chance = 0; chance < 20; ++chance) {
    disk_->plan({});
    auto after = disk_->after_power_cut(random);
    // The first write is that of the marks.
    int writes = 0;
    after->plan([&writes](Call call, const std::string& path) {
      if (call != Call::write || !path.ends_with(kSegmentSuffix)) return 0;
      return std::exchange(writes, writes + 1) == 0 ? ENOSPC : 0;
    });
    const auto store = EventStore::open(kPath, kStore, StoreKind::spool, *after);
    ASSERT_TRUE(store) << store.error().text();
    const std::size_t rows = all_rows(**store).size();
    EXPECT_GE(rows, 400U);
    after->plan({});
    (*store)->abandon();
    const auto again =
        EventStore::open_for_tools(kPath, StoreKind::spool, EventStore::Access::read, *after);
    const auto chunk = (*again)->read(0, 1000, 10 * kMiB);
    EXPECT_TRUE(chunk->damaged.empty()) << "what was interrupted is not damaged";
    EXPECT_EQ(chunk->rows.size(), rows);
  }
}

TEST(EventStore, BeginsAnotherFileWhereTheOneThatIsAppendedToCannotBeLookedAt) {
  const auto disk = new_disk();
  auto store = test::open(kPath, kStore, StoreKind::spool, *disk);
  store->append(events(0, 3), kAdded).value();
  const auto bad = disk->files();
  disk->plan([&bad](Call call, const std::string& path) {
    const bool is_bad = std::ranges::count(bad, path) != 0 && path.ends_with(kSegmentSuffix);
    return is_bad && (call == Call::status || call == Call::read) ? EIO : 0;
  });
  EXPECT_FALSE(store->append(events(3, 1), kAdded)) << "nobody knows whether it would be found";
  EXPECT_TRUE(store->append(events(4, 2), kAdded));
  EXPECT_EQ(disk->files().size(), bad.size() + 1);
}

TEST(EventStore, PutsMarksOffThatOneFileDoesNotTake) {
  const auto disk = new_disk();
  auto store = test::open(kPath, kStore, StoreKind::spool, *disk);
  for (int n = 0; n < 20; ++n) store->append(events(20 * n, 20, 1000), kAdded).value();
  const auto rows = seqs(all_rows(*store));
  const std::string first = "/d/spool.db.0000000000000001.events";
  for (const int error : {EIO, EROFS, EUCLEAN}) {
    SCOPED_TRACE(error);
    disk->plan([&](Call call, const std::string& path) {
      return call == Call::write && path == first ? error : 0;
    });
    std::vector<Sequence> unwritable;
    ASSERT_TRUE(store->remove(std::span(rows).first(250), unwritable));
    EXPECT_FALSE(unwritable.empty());
    EXPECT_EQ(store->totals().rows, 150U + unwritable.size()) << "those of other files are removed";
  }
}

TEST(EventStore, WorksBesideAFileThatCannotBeDeleted) {
  const auto disk = new_disk();
  auto store = test::open(kPath, kStore, StoreKind::spool, *disk);
  for (int n = 0; n < 20; ++n) store->append(events(20 * n, 20, 1000), kAdded).value();
  const auto rows = seqs(all_rows(*store));
  disk->plan([](Call call, const std::string&) { return call == Call::remove ? EPERM : 0; });
  ASSERT_TRUE(store->remove(std::span(rows).first(200)));
  EXPECT_TRUE(store->look(true));
  EXPECT_NE(store->undeleted(), "");
  EXPECT_TRUE(store->append(events(400, 1), kAdded));
  store.reset();
  store = test::open(kPath, kStore, StoreKind::spool, *disk);
  ASSERT_TRUE(store);
  EXPECT_EQ(all_rows(*store).size(), 201U);
  disk->plan({});
  ASSERT_TRUE(store->look(true));
  EXPECT_EQ(store->undeleted(), "");
}

}  // namespace
}  // namespace gateway::egress

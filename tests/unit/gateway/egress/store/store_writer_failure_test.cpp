// A writer whose threads end by an exception.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <new>
#include <set>
#include <stdexcept>

#include "support.hpp"
#include "support/allocation_counter.hpp"
#include "support/simulated_disk.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;
using gateway::test::AllocationCounter;
using gateway::test::SimulatedDisk;

// A writer on a disk in memory, with a supervisor.
class StoreWriterFailure : public testing::Test {
 protected:
  StoreWriterFailure() { disk_.make_folder("/d"); }

  [[nodiscard]] std::unique_ptr<StoreWriter> begin(StoreWriter::Limits limits = {}) {
    return std::make_unique<StoreWriter>(open("/d/spool.db", 64 * kMiB, StoreKind::spool, disk_),
                                         limits, TargetNames(), &supervisor_);
  }
  // The next call of this kind throws, on the thread that makes it.
  void fail_next(SimulatedDisk::Call wanted) {
    auto failed = std::make_shared<std::atomic<bool>>(false);
    disk_.plan([wanted, failed](SimulatedDisk::Call call, const std::string&) {
      if (call == wanted && !failed->exchange(true)) throw std::bad_alloc();
      return 0;
    });
  }
  [[nodiscard]] bool recovers(const StoreWriter& writer, std::uint64_t failures = 1) {
    return soon([&] {
      return supervisor_.failures() >= failures && writer.state() == StoreState::ok &&
             supervisor_.down().empty();
    });
  }

  SimulatedDisk disk_;
  Supervisor supervisor_;
};

TEST_F(StoreWriterFailure, FailsWhatWasBeingWrittenAndGoesOn) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 2)));
  fail_next(SimulatedDisk::Call::sync);
  const auto result = append(*writer, events(2, 2));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text(), "internal error");
  EXPECT_EQ(writer->status().waiting_events, 0U);
  EXPECT_EQ(writer->status().waiting_bytes, 0U);
  EXPECT_EQ(writer->status().appended, 2U) << "it does not count as stored";
  ASSERT_TRUE(recovers(*writer));
  EXPECT_EQ(supervisor_.failures(), 1U);
  EXPECT_EQ(writer->status().error, "");
  EXPECT_TRUE(append(*writer, events(4, 1)));
  const auto rows = ids(fetch(*writer, 100));
  EXPECT_EQ(rows.front(), "id-0");
  EXPECT_EQ(rows.back(), "id-4");
}

// Also if the store cannot be opened again.
TEST_F(StoreWriterFailure, TellsThoseAtOnceThatWaitedForTheNextWrite) {
  std::atomic<bool> begun = false;
  std::atomic<bool> goes_on = false;
  const auto writer = begin();
  Told<StoreResult> written;
  Told<StoreResult> waiting;
  disk_.plan([&](SimulatedDisk::Call call, const std::string&) -> int {
    begun = begun || call == SimulatedDisk::Call::sync;
    if (begun && soon([&] { return goes_on.load(); })) throw std::bad_alloc();
    return 0;
  });
  ASSERT_TRUE(writer->submit(events(0, 1), written.done()));
  ASSERT_TRUE(soon([&] { return begun.load(); }));
  ASSERT_TRUE(writer->submit(events(1, 1), waiting.done()));
  goes_on = true;
  EXPECT_FALSE(written.get());
  EXPECT_FALSE(waiting.get());
  EXPECT_TRUE(soon([&] { return writer->status().waiting_events == 0; })) << "counted then";
  EXPECT_EQ(writer->status().refused, 2U);
  disk_.plan({});
}

TEST_F(StoreWriterFailure, IsSeenWhileTheThreadIsDown) {
  const auto writer = begin();
  fail_next(SimulatedDisk::Call::sync);
  EXPECT_FALSE(append(*writer, events(0, 1)));
  EXPECT_EQ(writer->state(), StoreState::failing);
  EXPECT_FALSE(writer->submit(events(1, 1), [](const StoreResult&) {})) << "refused at once";
  EXPECT_EQ(supervisor_.down(), "writer of a store");
  EXPECT_TRUE(recovers(*writer));
}

TEST_F(StoreWriterFailure, TellsAgainThoseWhoseCompletionFailed) {
  const auto writer = begin();
  Told<StoreResult> told;
  Told<StoreResult> after;
  std::atomic<int> calls{0};
  ASSERT_TRUE(writer->submit(events(0, 1), [&, done = told.done()](const StoreResult& result) {
    if (++calls == 1) throw std::bad_alloc();
    done(result);
  }));
  EXPECT_TRUE(told.get()) << "it is on the device, which is what it is told";
  EXPECT_EQ(calls, 2);
  ASSERT_TRUE(recovers(*writer));
  ASSERT_TRUE(writer->submit(events(1, 1), after.done()));
  EXPECT_TRUE(after.get());
  EXPECT_EQ(ids(fetch(*writer, 10)), ids(0, 2));
}

TEST_F(StoreWriterFailure, LeasesAgainTheRowsOfAFetchThatFailed) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 5)));
  Told<StoreOutcome<SpooledEvents>> told;
  std::atomic<int> calls{0};
  ASSERT_TRUE(
      writer->fetch({0, 3, kMiB}, [&, done = told.done()](StoreOutcome<SpooledEvents> fetched) {
        if (++calls == 1) throw std::bad_alloc();
        done(std::move(fetched));
      }));
  EXPECT_FALSE(told.get()) << "it did not get them";
  ASSERT_TRUE(recovers(*writer));
  EXPECT_EQ(ids(fetch(*writer, 100)), ids(0, 3)) << "given back ones first";
  EXPECT_EQ(ids(fetch(*writer, 100)), ids(3, 2));
}

// Rows of before may still be on their way, and the replay knows them by their numbers.
TEST_F(StoreWriterFailure, GivesNoNumberOutTwice) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 3)));
  ASSERT_TRUE(remove(*writer, seqs(fetch(*writer, 10))));
  fail_next(SimulatedDisk::Call::sync);
  EXPECT_FALSE(append(*writer, events(3, 1)));
  ASSERT_TRUE(recovers(*writer));
  ASSERT_TRUE(append(*writer, events(4, 2)));
  const auto rows = fetch(*writer, 10);
  ASSERT_FALSE(rows.empty());
  EXPECT_EQ(rows.back().id, "id-5");
  EXPECT_GT(rows.front().seq, 3);
  EXPECT_EQ(writer->status().waiting_events, 0U);
}

TEST_F(StoreWriterFailure, RemovesLaterWhatItCouldNot) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 3)));
  const auto rows = fetch(*writer, 10);
  fail_next(SimulatedDisk::Call::write);
  EXPECT_FALSE(remove(*writer, seqs(rows)));
  ASSERT_TRUE(recovers(*writer));
  EXPECT_TRUE(soon([&] { return writer->backlog() == 0; }));
  EXPECT_TRUE(fetch(*writer, 10).empty()) << "they are leased";
}

TEST_F(StoreWriterFailure, TriesToOpenTheStoreUntilThatSucceeds) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 1)));
  std::atomic<int> opened{0};
  disk_.plan([&](SimulatedDisk::Call call, const std::string& path) {
    if (call == SimulatedDisk::Call::sync) throw std::runtime_error("a bug");
    if (call != SimulatedDisk::Call::open || !path.ends_with(".lock")) return 0;
    switch (++opened) {
      case 1: throw std::bad_alloc();
      case 2: return EIO;
      default: return 0;
    }
  });
  EXPECT_FALSE(append(*writer, events(1, 1)));
  Told<StoreOutcome<SpooledEvents>> waits;
  ASSERT_TRUE(writer->fetch({0, 1, kMiB}, waits.done())) << "its rows are there, only not now";
  ASSERT_TRUE(soon([&] { return opened == 3; }));
  disk_.plan({});
  EXPECT_TRUE(waits.get());
  ASSERT_TRUE(recovers(*writer, 2));
  EXPECT_TRUE(append(*writer, events(2, 1)));
}

TEST_F(StoreWriterFailure, CanBeStoppedWhileItsThreadIsDown) {
  auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 1)));
  disk_.plan([](SimulatedDisk::Call call, const std::string&) -> int {
    if (call == SimulatedDisk::Call::sync) throw std::bad_alloc();
    return 0;
  });
  EXPECT_FALSE(append(*writer, events(1, 1)));
  EXPECT_TRUE(writer->stop(std::chrono::steady_clock::now() + kPatience));
  disk_.plan({});
  writer.reset();
  EXPECT_EQ(begin()->backlog() >= 1, true) << "what it kept is there";
}

TEST_F(StoreWriterFailure, EndsAtOnceWhenItKeepsFailing) {
  auto writer = begin();
  disk_.plan([](SimulatedDisk::Call, const std::string&) -> int { throw std::bad_alloc(); });
  EXPECT_FALSE(append(*writer, events(0, 1)));
  ASSERT_TRUE(soon([&] { return supervisor_.failures() >= 2; })) << "it cannot be opened again";
  const std::uint64_t before = supervisor_.failures();
  EXPECT_TRUE(writer->stop(std::chrono::steady_clock::now() + 10s));
  EXPECT_LE(supervisor_.failures(), before + 2) << "it tries once more";
  disk_.plan({});
}

// Every allocation of the thread fails once.
TEST_F(StoreWriterFailure, LosesNothingWhereverMemoryIsRefused) {
  if (!AllocationCounter::available()) GTEST_SKIP() << "a sanitizer owns malloc";
  for (std::uint64_t after = 0;; ++after) {
    SCOPED_TRACE(after);
    SimulatedDisk disk;
    disk.make_folder("/d");
    Supervisor supervisor;
    StoreWriter writer(open("/d/spool.db", 64 * kMiB, StoreKind::spool, disk),
                       StoreWriter::Limits(), TargetNames(), &supervisor);
    // From here on the writer's thread is one whose memory is counted.
    disk.plan([](SimulatedDisk::Call, const std::string&) {
      const AllocationCounter::IncludeThread counted;
      return 0;
    });
    ASSERT_TRUE(append(writer, events(0, 3)));
    disk.plan({});

    AllocationCounter::refuse(after, 1);
    const bool kept = static_cast<bool>(append(writer, events(3, 3)));
    const auto fetched = try_fetch(writer, 2);
    const auto taken = fetched ? *fetched : std::vector<StoredRow>();
    static_cast<void>(remove(writer, seqs(taken)));
    EXPECT_TRUE(writer.give_back(0, {}));
    AllocationCounter::refuse_no_more();

    const std::uint64_t failures = supervisor.failures();
    ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
    ASSERT_TRUE(append(writer, events(6, 1)));
    std::multiset<std::string> there;
    for (auto rows = fetch(writer, 100); !rows.empty(); rows = fetch(writer, 100)) {
      for (const std::string& id : ids(rows)) there.insert(id);
    }
    for (const std::string& id : ids(taken)) EXPECT_EQ(there.count(id), 0U) << id;
    for (const std::string& id : ids(0, kept ? 7 : 3)) {
      EXPECT_EQ(
          there.count(id) + static_cast<std::size_t>(std::ranges::count(taken, id, &StoredRow::id)),
          1U)
          << id;
    }
    ASSERT_TRUE(soon([&] { return writer.backlog() == there.size(); }));
    EXPECT_EQ(writer.status().waiting_events, 0U);
    EXPECT_EQ(writer.status().waiting_bytes, 0U);
    if (failures == 0) {
      EXPECT_GT(after, 5U) << "nothing was refused";
      break;
    }
  }
}

TEST_F(StoreWriterFailure, KeepsItsCountsWhenTheStoreIsOpenedAgain) {
  const auto writer = begin();
  ASSERT_TRUE(append(*writer, events(0, 3)));
  for (const std::string& file : disk_.files()) {
    if (file.ends_with(".events")) ASSERT_TRUE(disk_.remove(file));
  }
  ASSERT_TRUE(
      soon([&] { return writer->status().vanished == 3 && writer->state() == StoreState::ok; }));
  fail_next(SimulatedDisk::Call::sync);
  static_cast<void>(append(*writer, events(3, 1)));
  ASSERT_TRUE(recovers(*writer));
  ASSERT_TRUE(append(*writer, events(4, 1)));
  EXPECT_EQ(writer->status().vanished, 3U);
}

TEST_F(StoreWriterFailure, RemovesAtTheEndWhatItCouldNotBefore) {
  StoreWriter::Limits limits;
  limits.retry_initial = limits.retry_max = 60s;
  auto writer = begin(limits);
  ASSERT_TRUE(append(*writer, events(0, 3)));
  const auto rows = fetch(*writer, 10);
  disk_.plan([](SimulatedDisk::Call call, const std::string&) {
    return call == SimulatedDisk::Call::write ? EIO : 0;
  });
  EXPECT_FALSE(remove(*writer, seqs(rows)));
  disk_.plan({});
  ASSERT_TRUE(writer->stop());
  writer.reset();
  EXPECT_TRUE(all_rows(*open("/d/spool.db", 64 * kMiB, StoreKind::spool, disk_)).empty());
}

}  // namespace
}  // namespace gateway::egress

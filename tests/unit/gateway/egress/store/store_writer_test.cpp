#include "gateway/egress/store/store_writer.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <optional>

#include "support.hpp"
#include "support/simulated_disk.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;

// Keeps the writer's thread in a completion until it is let go: what is handed in meanwhile waits.
class Held {
 public:
  explicit Held(StoreWriter& writer) {
    std::promise<void> begun;
    auto under_way = begun.get_future();
    auto until = std::make_shared<std::future<void>>(release_.get_future());
    EXPECT_TRUE(writer.submit(events(0, 1), [&begun, until](const StoreResult& result) {
      EXPECT_TRUE(result);
      begun.set_value();
      until->wait_for(kPatience);
    }));
    EXPECT_EQ(under_way.wait_for(kPatience), std::future_status::ready);
  }
  ~Held() { let_go(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  void let_go() {
    if (!std::exchange(released_, true)) release_.set_value();
  }

 private:
  std::promise<void> release_;
  bool released_ = false;
};

TEST(StoreWriter, ConfirmsWhatIsOnDisk) {
  const Directory directory;
  StoreWriter writer(open(directory.file()));
  ASSERT_TRUE(append(writer, events(0, 3)));
  const auto tool =
      EventStore::open_for_tools(directory.file(), StoreKind::spool, EventStore::Access::read);
  ASSERT_TRUE(tool);
  EXPECT_EQ(ids(all_rows(**tool)), ids(0, 3));
  const StoreStatus status = writer.status();
  EXPECT_EQ(status.state, StoreState::ok);
  EXPECT_EQ(status.appended, 3U);
  EXPECT_EQ(status.backlog_rows, 3U);
  EXPECT_EQ(status.backlog_bytes, event(0).bytes() + event(1).bytes() + event(2).bytes());
  EXPECT_EQ(status.waiting_events, 0U);
  EXPECT_TRUE(status.oldest);
}

TEST(StoreWriter, CommitsTogetherWhatWaitedTogether) {
  const Directory directory;
  StoreWriter writer(open(directory.file()));
  std::vector<Told<StoreResult>> told(50);
  {
    Held held(writer);
    for (int n = 0; n < 50; ++n) {
      ASSERT_TRUE(writer.submit(events(1 + 2 * n, 2), told[static_cast<std::size_t>(n)].done()));
    }
    EXPECT_EQ(writer.status().waiting_events, 100U);
    EXPECT_FALSE(told[0].ready());
  }
  for (auto& each : told) EXPECT_TRUE(each.get());
  EXPECT_EQ(writer.status().commits, 2U);
  EXPECT_EQ(ids(fetch(writer, 1000)), ids(0, 101));
}

TEST(StoreWriter, BoundsACommit) {
  const Directory directory;
  StoreWriter::Limits limits;
  limits.group_bytes = 10'000;
  StoreWriter writer(open(directory.file()), limits);
  std::vector<Told<StoreResult>> told(5);
  {
    Held held(writer);
    for (int n = 0; n < 5; ++n) {
      ASSERT_TRUE(writer.submit(events(1 + n, 1, 4000), told[static_cast<std::size_t>(n)].done()));
    }
  }
  for (auto& each : told) EXPECT_TRUE(each.get());
  EXPECT_EQ(writer.status().commits, 4U) << "one, then two, two and one";
}

TEST(StoreWriter, RefusesWhatWouldExceedItsBounds) {
  const Directory directory;
  StoreWriter::Limits limits;
  limits.waiting_events = 10;
  limits.waiting_bytes = 100'000;
  StoreWriter writer(open(directory.file()), limits);
  const auto never = [](const StoreResult&) { FAIL() << "told of what was refused"; };
  Told<StoreResult> last;
  {
    Held held(writer);
    ASSERT_TRUE(writer.submit(events(1, 10), last.done()));
    EXPECT_FALSE(writer.submit(events(11, 1), never));
    EXPECT_FALSE(writer.submit(events(1, 1, 100'000), never));
  }
  EXPECT_TRUE(last.get());
  EXPECT_EQ(writer.status().refused, 2U);
  EXPECT_TRUE(append(writer, events(11, 10)));
  EXPECT_EQ(ids(fetch(writer, 100)), ids(0, 21));
}

TEST(StoreWriter, TakesAloneWhatIsLargerThanItsBounds) {
  const Directory directory;
  StoreWriter::Limits limits;
  limits.waiting_events = 2;
  limits.waiting_bytes = 1000;
  StoreWriter writer(open(directory.file()), limits);
  EXPECT_TRUE(append(writer, events(0, 5, 10'000)));
  EXPECT_EQ(ids(fetch(writer, 100)), ids(0, 5));
}

TEST(StoreWriter, RefusesWhatThereIsNoMemoryFor) {
  const Directory directory;
  StoreWriter writer(open(directory.file()), limits_within(300'000, 100'000));
  EXPECT_FALSE(writer.submit(events(0, 2, 60'000), [](const StoreResult&) {}));
  EXPECT_EQ(writer.status().refused, 2U);
  EXPECT_EQ(writer.state(), StoreState::ok);
  EXPECT_TRUE(append(writer, events(0, 1, 90'000))) << "more than may wait, but alone";
}

TEST(StoreWriter, KeepsItsLimitsWhereThereIsMemoryEnough) {
  const StoreWriter::Limits limits = limits_within(std::size_t{1} << 30, std::size_t{1} << 28);
  EXPECT_EQ(limits.most_bytes, std::size_t{1} << 28);
  EXPECT_EQ(limits.waiting_bytes, StoreWriter::Limits().waiting_bytes);
  EXPECT_EQ(limits.group_bytes, StoreWriter::Limits().group_bytes);
}

TEST(StoreWriter, RefusesNobodyElseForAPostThatHasNoRoom) {
  const Directory directory;
  StoreWriter writer(open(directory.file(), kMiB));
  std::vector<Told<StoreResult>> told(3);
  {
    Held held(writer);
    ASSERT_TRUE(writer.submit(events(1, 2), told[0].done()));
    ASSERT_TRUE(writer.submit(events(3, 1, 2 * kMiB), told[1].done()));
    ASSERT_TRUE(writer.submit(events(4, 2), told[2].done()));
  }
  EXPECT_TRUE(told[0].get());
  EXPECT_EQ(told[1].get().error().kind(), StoreError::Kind::full);
  EXPECT_TRUE(told[2].get());
  EXPECT_FALSE(append(writer, events(6, 1, 2 * kMiB)));
  EXPECT_EQ(writer.state(), StoreState::ok);
  EXPECT_TRUE(append(writer, events(6, 1)));
  const StoreStatus status = writer.status();
  EXPECT_EQ(status.appended, 6U);
  EXPECT_EQ(status.refused, 2U);
  EXPECT_EQ(status.waiting_events, 0U);
  EXPECT_EQ(status.waiting_bytes, 0U);
  EXPECT_EQ(fetch(writer, 100).size(), 6U);
}

TEST(StoreWriter, RemovesLaterWhatIsInFilesThatMayNotBeWritten) {
  std::atomic<bool> forbidden = false;
  gateway::test::SimulatedDisk disk;
  disk.make_folder("/data");
  const auto opened = [&] { return open("/data/spool.db", 64 * kMiB, StoreKind::spool, disk); };
  ASSERT_TRUE(opened()->append(events(0, 3), kAdded));
  StoreWriter writer(opened());
  ASSERT_TRUE(append(writer, events(3, 1)));
  disk.plan([&](gateway::test::SimulatedDisk::Call call, const std::string& path) {
    const bool first = call == gateway::test::SimulatedDisk::Call::write &&
                       path == "/data/spool.db.0000000000000001.events";
    return forbidden && first ? EACCES : 0;
  });
  forbidden = true;
  EXPECT_TRUE(remove(writer, {1, 2, 4}));
  EXPECT_EQ(writer.backlog(), 3U);
  EXPECT_EQ(writer.state(), StoreState::ok);
  EXPECT_TRUE(append(writer, events(4, 1)));
  forbidden = false;
  EXPECT_TRUE(soon([&] { return writer.backlog() == 2; }));
  EXPECT_EQ(ids(fetch(writer, 10)), (std::vector<std::string>{"id-2", "id-4"}));
}

TEST(StoreWriter, LeasesEachRowToOneFetcherInOrder) {
  const Directory directory;
  StoreWriter writer(open(directory.file()));
  ASSERT_TRUE(append(writer, events(0, 10)));
  const auto first = fetch(writer, 4);
  const auto second = fetch(writer, 4);
  EXPECT_EQ(ids(first), ids(0, 4));
  EXPECT_EQ(ids(second), ids(4, 4));
  ASSERT_TRUE(writer.give_back(0, seqs(first)));
  EXPECT_EQ(ids(fetch(writer, 3)), ids(0, 3)) << "those given back come first";
  EXPECT_EQ(ids(fetch(writer, 3)), ids(8, 2)) << "by turns";
  EXPECT_EQ(ids(fetch(writer, 3)), ids(3, 1));
  EXPECT_TRUE(fetch(writer, 3).empty());
  ASSERT_TRUE(append(writer, events(10, 1)));
  EXPECT_EQ(ids(fetch(writer, 3)), ids(10, 1));
}

TEST(StoreWriter, RemovesWhatWasDelivered) {
  const Directory directory;
  {
    StoreWriter writer(open(directory.file()));
    ASSERT_TRUE(append(writer, events(0, 10)));
    auto rows = seqs(fetch(writer, 4));
    ASSERT_TRUE(writer.give_back(0, {rows[3]}));
    ASSERT_TRUE(remove(writer, rows));
    EXPECT_EQ(writer.status().removed, 4U);
    EXPECT_EQ(writer.status().backlog_rows, 6U);
    EXPECT_EQ(ids(fetch(writer, 1)), ids(4, 1)) << "given back and removed all the same";
  }
  StoreWriter again(open(directory.file()));
  EXPECT_EQ(ids(fetch(again, 100)), ids(4, 6)) << "leases end with their writer";
}

TEST(StoreWriter, PassesOverADamagedRowAndCountsIt) {
  const Directory directory;
  StoreWriter writer(open(directory.file()));
  ASSERT_TRUE(append(writer, events(0, 3)));
  std::string bytes = contents(directory.segment());
  bytes[bytes.find(std::string(50, 'b'))] = 'x';  // within the data of id-1
  std::fstream(directory.segment(), std::ios::in | std::ios::out | std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(ids(fetch(writer, 1)), ids(0, 1));
  EXPECT_EQ(ids(fetch(writer, 1)), ids(2, 1));
  EXPECT_TRUE(fetch(writer, 1).empty());
  EXPECT_EQ(writer.status().damaged_rows, 1U);
  EXPECT_EQ(writer.status().backlog_rows, 3U) << "it stays until somebody discards it";
}

TEST(StoreWriter, RefusesAtOnceWhileFullAndHealsWhenThereIsRoom) {
  const Directory directory;
  StoreWriter::Limits limits;
  limits.retry_initial = limits.retry_max = 1h;  // only room may heal it
  StoreWriter writer(open(directory.file(), kMiB), limits);
  int next = 0;
  StoreResult result;
  while ((result = append(writer, events(next, 50, 1000)))) next += 50;
  EXPECT_EQ(result.error().kind(), StoreError::Kind::full);
  EXPECT_EQ(writer.state(), StoreState::full);
  EXPECT_NE(writer.status().error, "");
  EXPECT_FALSE(writer.submit(events(next, 1), [](const StoreResult&) {}));

  const auto rows = fetch(writer, 10'000);
  ASSERT_EQ(ids(rows), ids(0, next));
  ASSERT_TRUE(remove(writer, seqs(rows)));
  EXPECT_TRUE(fetch(writer, 1).empty());  // by then it has been tried again
  EXPECT_EQ(writer.state(), StoreState::ok);
  EXPECT_EQ(writer.status().error, "");
  EXPECT_TRUE(append(writer, events(next, 50, 1000)));
}

TEST(StoreWriter, HealsByItselfAfterTheDeviceFailed) {
  const Directory directory;
  Child child([&] {
    auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
    if (!store) return false;
    StoreWriter::Limits limits;
    limits.retry_initial = limits.retry_max = 1ms;
    StoreWriter writer(std::move(*store), limits);
    std::optional<FileSizeLimit> limit(256 << 10);
    int next = 0;
    while (append(writer, events(next, 50, 1000))) next += 50;
    limit.reset();
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (writer.state() != StoreState::ok) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    if (!append(writer, events(next, 50, 1000))) return false;
    const auto rows = fetch(writer, 10'000);
    return ids(rows) == ids(0, next + 50);
  });
  EXPECT_TRUE(child.said_so());
}

// A device that does not answer until it is let go.
class Hanging {
 public:
  explicit Hanging(gateway::test::SimulatedDisk& disk) {
    disk.plan([this](gateway::test::SimulatedDisk::Call call, const std::string&) {
      if (call == gateway::test::SimulatedDisk::Call::sync)
        let_go_.get_future().wait_for(kPatience);
      return 0;
    });
  }
  void let_go() { let_go_.set_value(); }

 private:
  std::promise<void> let_go_;
};

TEST(StoreWriter, TellsThoseThatWaitForADeviceThatHangs) {
  gateway::test::SimulatedDisk disk;
  disk.make_folder("/d");
  StoreWriter::Limits limits;
  limits.patience = 50ms;
  limits.retry_initial = limits.retry_max = 1ms;
  StoreWriter writer(open("/d/spool.db", 64 * kMiB, StoreKind::spool, disk), limits);
  ASSERT_TRUE(append(writer, events(0, 1)));
  Hanging device(disk);
  Told<StoreResult> writing;
  Told<StoreResult> waiting;
  ASSERT_TRUE(writer.submit(events(1, 1), writing.done()));
  static_cast<void>(writer.submit(events(2, 1), waiting.done()));
  EXPECT_FALSE(writing.get());
  EXPECT_EQ(writer.state(), StoreState::failing);
  EXPECT_NE(writer.status().error.find("does not answer"), std::string::npos);
  EXPECT_FALSE(writer.submit(events(3, 1), [](const StoreResult&) {})) << "refused at once";
  EXPECT_FALSE(writer.stop(Instant::min())) << "does not wait for it for ever";
  disk.plan({});
  device.let_go();
  EXPECT_TRUE(writer.stop());
}

TEST(StoreWriter, GoesOnWhenADeviceThatHungAnswers) {
  gateway::test::SimulatedDisk disk;
  disk.make_folder("/d");
  StoreWriter::Limits limits;
  limits.patience = 50ms;
  limits.retry_initial = limits.retry_max = 1ms;
  StoreWriter writer(open("/d/spool.db", 64 * kMiB, StoreKind::spool, disk), limits);
  {
    Hanging device(disk);
    Told<StoreResult> told;
    ASSERT_TRUE(writer.submit(events(0, 1), told.done()));
    EXPECT_FALSE(told.get());
    disk.plan({});
    device.let_go();
    ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
  }
  EXPECT_TRUE(append(writer, events(1, 1)));
  EXPECT_EQ(ids(fetch(writer, 10)), ids(0, 2)) << "what it wrote at last may come twice";
}

TEST(StoreWriter, SaysAtOnceThatItsFolderIsGone) {
  const Directory directory;
  std::filesystem::create_directory(directory.file("folder"));
  StoreWriter writer(open(directory.file("folder/spool.db")));
  ASSERT_TRUE(append(writer, events(0, 3)));
  std::filesystem::remove_all(directory.file("folder"));
  ASSERT_TRUE(soon([&] { return writer.state() == StoreState::failing; })) << "without any event";
  EXPECT_TRUE(soon([&] { return writer.status().vanished == 3 && writer.backlog() == 0; }));
  EXPECT_FALSE(append(writer, events(3, 1)));
  std::filesystem::create_directory(directory.file("folder"));
  ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
  EXPECT_TRUE(append(writer, events(4, 1)));
  EXPECT_EQ(ids(fetch(writer, 10)), ids(4, 1));
}

TEST(StoreWriter, FinishesWhatWaitsWhenItIsStopped) {
  const Directory directory;
  std::vector<Told<StoreResult>> told(20);
  StoreWriter writer(open(directory.file()));
  {
    Held held(writer);
    for (int n = 0; n < 20; ++n) {
      ASSERT_TRUE(writer.submit(events(1 + n, 1), told[static_cast<std::size_t>(n)].done()));
    }
  }
  writer.stop();
  for (auto& each : told) {
    ASSERT_TRUE(each.ready());
    EXPECT_TRUE(each.get());
  }
  EXPECT_FALSE(writer.submit(events(21, 1), [](const StoreResult&) {}));
  EXPECT_FALSE(writer.remove({1}));
  EXPECT_EQ(ids(all_rows(*open(directory.file()))), ids(0, 21));
}

TEST(StoreWriter, TellsWhatIsNotKeptWhenItsTimeIsOver) {
  const Directory directory;
  StoreWriter writer(open(directory.file()));
  Told<StoreResult> told;
  std::thread stopping;
  {
    Held held(writer);
    ASSERT_TRUE(writer.submit(events(1, 1), told.done()));
    stopping = std::thread([&] { writer.stop(Instant::min()); });
    // Being refused shows that it is stopping.
    while (writer.remove({})) std::this_thread::yield();
  }
  stopping.join();
  ASSERT_TRUE(told.ready());
  EXPECT_FALSE(told.get());
  EXPECT_EQ(ids(all_rows(*open(directory.file()))), ids(0, 1));
}

}  // namespace
}  // namespace gateway::egress

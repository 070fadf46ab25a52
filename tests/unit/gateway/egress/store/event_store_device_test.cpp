// A device that fails: whatever it does, nothing is acknowledged that is not there after a power
// cut, no error of it is taken for damage, and all goes on when it is well again.
#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "faulty_device.hpp"
#include "support.hpp"
#include "told.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using namespace test;
using Call = FaultyDevice::Call;

constexpr int kEventsABatch = 3;

std::set<std::string> id_set(const std::vector<StoredRow>& rows) {
  const auto all = ids(rows);
  return {all.begin(), all.end()};
}

// Every row is one of those handed in, unaltered, and there once.
void expect_genuine(const std::vector<StoredRow>& rows) {
  EXPECT_EQ(id_set(rows).size(), rows.size()) << "a row came twice";
  for (const StoredRow& row : rows) {
    const StoredEvent expected = event(std::stoi(row.event.id.substr(3)), 700);
    EXPECT_EQ(row.event.json, expected.json);
  }
}
// Likewise, of rows that were not read to be sent: with all that is known of them.
void expect_whole(const std::vector<StoredRow>& rows) {
  expect_genuine(rows);
  for (const StoredRow& row : rows) {
    EXPECT_EQ(row.event.key, event(std::stoi(row.event.id.substr(3)), 700).key);
  }
}

// What is in the store of this folder, read with the usual file system.
std::vector<StoredRow> rows_in(const Directory& folder) {
  const auto store = open(folder.file());
  if (!store) return {};
  EXPECT_TRUE(store->moved_aside().empty()) << "taken for damage";
  return all_rows(*store);
}

// Appends, reads, removes and checkpoints under `plan`, and goes on once the device is well. Says
// how many calls failed.
unsigned survive(const FaultyDevice::Plan& plan) {
  const Directory directory;
  const Directory left;
  const Directory left_early;
  std::set<std::string> acknowledged;
  std::set<std::string> acknowledged_early;
  unsigned failures = 0;
  {
    FaultyDevice device;
    const auto store = open(directory.file());
    if (!store) return 0;
    device.fail(plan);
    const auto batch = [&](int n) {
      const auto some = events(n * kEventsABatch, kEventsABatch, 700);
      if (!store->append(some, kAdded)) return false;
      for (const StoredEvent& each : some) acknowledged.insert(each.id);
      return true;
    };
    for (int n = 0; n < 24; ++n) {
      static_cast<void>(batch(n));
      if (n % 5 == 4) static_cast<void>(store->checkpoint());
      if (n % 6 == 5) {
        // May come back after a power cut, so that it cannot be asked for.
        const auto first = store->read(0, 2, kMiB);
        if (first && store->remove(seqs(first->rows))) {
          for (const StoredRow& row : first->rows) acknowledged.erase(row.event.id);
        }
      }
    }
    failures = device.failures();
    device.heal();
    EXPECT_TRUE(batch(24)) << "the device is well again";
    device.cut_power(left_early.path());
    acknowledged_early = acknowledged;
    EXPECT_TRUE(store->checkpoint());
    EXPECT_TRUE(batch(25));
    EXPECT_TRUE(store->moved_aside().empty()) << "taken for damage";
    const auto rows = all_rows(*store);
    expect_whole(rows);
    const auto there = id_set(rows);
    EXPECT_TRUE(std::ranges::includes(there, acknowledged)) << "lost";
    const auto totals = store->totals();
    EXPECT_TRUE(totals && totals->rows == rows.size()) << "the books are wrong";
    device.cut_power(left.path());
  }
  const auto expect_kept = [](const Directory& folder, const std::set<std::string>& kept) {
    const auto rows = rows_in(folder);
    expect_whole(rows);
    EXPECT_TRUE(std::ranges::includes(id_set(rows), kept)) << "lost in the power cut";
  };
  expect_kept(left_early, acknowledged_early);
  expect_kept(left, acknowledged);
  return failures;
}

void survive_wherever_it_fails(Call call, const std::string& file, unsigned last) {
  unsigned failures = 0;
  for (unsigned first = 1; first <= last; ++first) {
    for (const unsigned times : {1U, 2U, 5U}) {
      SCOPED_TRACE(fmt::format("call {} to {}, {} in a row", first, file, times));
      failures += survive({call, file, first, times, 0});
    }
  }
  EXPECT_GT(failures, last / 2) << "the plan was to fail more often";
}

TEST(EventStoreDevice, SurvivesWritesToTheLogThatFail) {
  survive_wherever_it_fails(Call::write, "-wal", 24);
}
TEST(EventStoreDevice, SurvivesWritesToTheLogThatAreCutShort) {
  survive_wherever_it_fails(Call::short_write, "-wal", 24);
}
TEST(EventStoreDevice, SurvivesWritesToTheDatabaseThatFail) {
  survive_wherever_it_fails(Call::write, ".db", 12);
}
TEST(EventStoreDevice, SurvivesWritesToTheDatabaseThatAreCutShort) {
  survive_wherever_it_fails(Call::short_write, ".db", 12);
}
TEST(EventStoreDevice, SurvivesSyncsOfTheLogThatFail) {
  survive_wherever_it_fails(Call::sync, "-wal", 36);
}
TEST(EventStoreDevice, SurvivesSyncsOfTheDatabaseThatFail) {
  survive_wherever_it_fails(Call::sync, ".db", 6);
}
TEST(EventStoreDevice, SurvivesReadsThatFail) {
  unsigned failures = 0;
  for (unsigned first = 1; first <= 12; ++first) {
    failures += survive({Call::sync, ".db", first, 2, 0});  // so that the file is opened anew
    failures += survive({Call::read, ".db", first, 3, 0});
    failures += survive({Call::read, "-wal", first, 3, 0});
  }
  EXPECT_GT(failures, 0U);
}

// The kernel may say at a sync that there is no room, and has then lost what was written as well.
TEST(EventStoreDevice, ASyncThatFailsForWantOfRoomIsNotTrustedEither) {
  for (unsigned first = 1; first <= 8; ++first) {
    for (const unsigned times : {1U, 2U}) {
      SCOPED_TRACE(fmt::format("call {}, {} in a row", first, times));
      EXPECT_GT(survive({Call::sync, "-wal", first, times, ENOSPC}), 0U);
    }
  }
}

TEST(EventStoreDevice, AFailureIsToldAsOneOfTheDevice) {
  const Directory directory;
  FaultyDevice device;
  const auto store = open(directory.file());
  device.fail({Call::sync, "-wal", 1, 1, 0});
  const auto failed = store->append(events(0, 1), kAdded);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), StoreError::Kind::failing);
  device.fail({Call::write, "-wal", 1, 1000, EROFS});
  const auto read_only = store->append(events(0, 1), kAdded);
  ASSERT_FALSE(read_only);
  EXPECT_EQ(read_only.error().kind(), StoreError::Kind::failing);
  device.heal();
  EXPECT_TRUE(store->append(events(1, 1), kAdded));
}

TEST(StoreWriterDevice, GoesOnByItselfWhenTheDeviceDoes) {
  const Directory directory;
  const Directory left;
  std::set<std::string> acknowledged;
  {
    FaultyDevice device;
    StoreWriter::Limits limits;
    limits.retry_initial = limits.retry_max = 1ms;
    StoreWriter writer(open(directory.file()), limits);
    int next = 0;
    const auto add = [&] {
      const int n = next++;
      if (append(writer, events(n, 1, 700))) acknowledged.insert(fmt::format("id-{}", n));
    };
    for (const auto call : {Call::write, Call::short_write, Call::sync}) {
      for (const int error : {EIO, EROFS, ENOSPC}) {
        add();
        device.fail({call, "", 1, 1'000'000, error});
        for (int n = 0; n < 3; ++n) add();
        EXPECT_NE(writer.state(), StoreState::ok);
        device.heal();
        ASSERT_TRUE(soon([&] { return writer.state() == StoreState::ok; }));
        add();
      }
    }
    EXPECT_EQ(acknowledged.size(), 18U) << "nothing while it failed, everything while it did not";
    const auto rows = fetch(writer, 1000);
    expect_genuine(rows);
    EXPECT_TRUE(std::ranges::includes(id_set(rows), acknowledged));
    device.cut_power(left.path());
    EXPECT_EQ(writer.status().moved_aside, 0U);
  }
  const auto rows = rows_in(left);
  expect_whole(rows);
  EXPECT_TRUE(std::ranges::includes(id_set(rows), acknowledged));
}

TEST(StoreWriterDevice, AReadThatFailsLosesNoRowOfTheReplay) {
  const Directory directory;
  {
    const auto store = open(directory.file());
    ASSERT_TRUE(store->append(events(0, 200, 700), kAdded));
  }
  FaultyDevice device;
  StoreWriter::Limits limits;
  limits.retry_initial = limits.retry_max = 1h;  // only the replay reads
  StoreWriter writer(open(directory.file()), limits);
  device.fail({Call::sync, "-wal", 1, 1, 0});
  EXPECT_FALSE(append(writer, events(1000, 1))) << "so that the file is opened anew";
  std::vector<std::string> got;
  unsigned failed = 0;
  for (unsigned turn = 0; turn < 1000 && got.size() < 200; ++turn) {
    // Each failure has the file opened anew and read again, as what was read stays in memory.
    const bool fails = turn % 3 != 2;
    if (fails) device.fail({Call::read, "", 1 + turn % 5, 1, 0});
    const auto rows = try_fetch(writer, 10);
    device.heal();
    if (!rows) {
      ++failed;
      continue;
    }
    for (const auto& id : ids(*rows)) got.push_back(id);
    if (turn % 5 == 0) {
      ASSERT_TRUE(writer.give_back(seqs(*rows)));
      got.resize(got.size() - rows->size());
    }
  }
  EXPECT_EQ(got, ids(0, 200));
  EXPECT_GT(failed, 0U) << "no read failed";
}

}  // namespace
}  // namespace gateway::egress

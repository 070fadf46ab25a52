#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/descriptor.hpp"
#include "support.hpp"
#include "support/simulated_disk.hpp"
#include "testkit/text_file.hpp"

// What others do to a store while it is open: a second owner, a tool, a backup, an operator.
namespace gateway::egress::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

std::vector<std::string> ids_in(const std::string& path) {
  return ids(all_rows(*open(path)));
}

// What is left when the owner is killed: its files, and no lock that anybody holds.
void kill(std::unique_ptr<EventStore>& owner) {
  owner->abandon();
  owner.reset();
}

std::unique_ptr<EventStore> open_tool(const std::string& path) {
  auto tool = EventStore::open_for_tools(path, StoreKind::spool, EventStore::Access::mark);
  EXPECT_TRUE(tool) << tool.error().text();
  return tool ? std::move(*tool) : nullptr;
}

// More often than it takes until other files are looked for, and looked at again.
void look_often(EventStore& store) {
  for (int looks = 0; looks < 100; ++looks) static_cast<void>(store.look(true));
}

TEST(EventStoreOwners, AToolSeesWhatCameInBeforeItBecameTheOwner) {
  const Directory directory;
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(0, 3), kAdded));
  auto tool = open_tool(directory.file());
  const auto rows = seqs(all_rows(*tool));
  ASSERT_TRUE(owner->append(events(3, 2), kAdded));
  owner.reset();

  EXPECT_TRUE(tool->remove(rows));
  ASSERT_TRUE(tool->try_own());
  EXPECT_TRUE(tool->look(true));
  tool.reset();
  EXPECT_EQ(ids_in(directory.file()), ids(3, 2));
}

// Two owners of one store: the lock of the first, who had kept three events, was removed.
class EventStoreTwoOwners : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(first_->append(events(0, 3), kAdded));
    fs::remove(directory_.file() + ".lock");
    second_ = open(directory_.file());
    ASSERT_TRUE(second_);
  }

  const Directory directory_;
  std::unique_ptr<EventStore> first_ = open(directory_.file());
  std::unique_ptr<EventStore> second_;
};

TEST_F(EventStoreTwoOwners, AcknowledgeNothingOnceTheirLockIsRemoved) {
  EXPECT_EQ(ids(all_rows(*second_)), ids(0, 3));

  EXPECT_FALSE(first_->append(events(3, 1), kAdded));
  const auto again = first_->append(events(3, 1), kAdded);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind(), StoreError::Kind::in_use);
  ASSERT_TRUE(second_->append(events(4, 2), kAdded));
  first_.reset();
  EXPECT_EQ(ids(all_rows(*second_)).back(), "id-5");
  kill(second_);
  const auto left = ids_in(directory_.file());
  EXPECT_THAT(left, testing::IsSupersetOf(ids(0, 3)));
  EXPECT_THAT(left, testing::IsSupersetOf(ids(4, 2)));
}

TEST_F(EventStoreTwoOwners, ReadTheFilesAnewWhenTheyTakeTheirLockBack) {
  ASSERT_TRUE(second_->append(events(3, 2), kAdded));
  second_.reset();

  const std::uint64_t finds = first_->finds();
  EXPECT_TRUE(first_->look(false));
  EXPECT_GT(first_->finds(), finds);
  ASSERT_TRUE(first_->append(events(5, 2), kAdded));
  EXPECT_EQ(ids(all_rows(*first_)), ids(0, 7));
  kill(first_);
  EXPECT_EQ(ids_in(directory_.file()), ids(0, 7));
}

TEST_F(EventStoreTwoOwners, LeaveTheFilesOfTheNextOwnerAlone) {
  ASSERT_TRUE(second_->append(events(3, 2), kAdded));
  look_often(*first_);
  EXPECT_FALSE(first_->owned());
  EXPECT_EQ(first_->vanished_rows(), 0U);
  ASSERT_TRUE(second_->append(events(5, 2), kAdded));
  look_often(*first_);
  kill(second_);
  first_.reset();
  EXPECT_EQ(ids_in(directory_.file()), ids(0, 7));
}

// As scp does it, beside a store that is open and before one is opened.
TEST(EventStoreOwners, WaitForTheEndOfACopy) {
  const Directory directory;
  open(directory.file("old"))->append(events(0, 9, 1000), kAdded).value();
  const std::string whole = gateway::test::read_text(directory.segment("old"));
  ASSERT_GT(whole.size(), 9000U);
  const std::string copy = directory.file("spool.db.0000000000000001.events");
  gateway::test::write_text(copy, whole.substr(0, whole.size() - 4000));
  auto owner = open(directory.file());
  const auto rows = seqs(all_rows(*owner));
  EXPECT_LT(rows.size(), 9U);
  EXPECT_TRUE(owner->remove(rows));
  look_often(*owner);
  EXPECT_EQ(directory.count("spool.db.0000000000000001.events"), 1U) << "it is not whole";

  const auto append_rest = [&](std::size_t from, std::size_t size) {
    std::ofstream(copy, std::ios::binary | std::ios::app) << whole.substr(from, size);
  };
  append_rest(whole.size() - 4000, 1000);
  EXPECT_TRUE(owner->look(true));
  append_rest(whole.size() - 3000, 3000);
  look_often(*owner);
  EXPECT_EQ(all_rows(*owner).size(), 9U - rows.size());
  EXPECT_TRUE(owner->remove(seqs(all_rows(*owner))));
  look_often(*owner);
  EXPECT_EQ(directory.count("spool.db.0000000000000001.events"), 0U);
}

TEST(EventStoreOwners, TryAgainWithAFileThatBecomesAGoodOne) {
  const Directory directory;
  open(directory.file("old"))->append(events(0, 3), kAdded).value();
  const std::string file = directory.file("spool.db.0000000000000001.events");
  gateway::test::write_text(file, "not yet");
  auto owner = open(directory.file());
  EXPECT_EQ(owner->unreadable_files().size(), 1U);
  fs::rename(directory.segment("old"), file);
  look_often(*owner);
  EXPECT_TRUE(owner->unreadable_files().empty());
  EXPECT_EQ(owner->left_alone(), 1U);
  EXPECT_EQ(ids(all_rows(*owner)), ids(0, 3));
  ASSERT_TRUE(owner->append(events(3, 1), kAdded));
  owner.reset();
  EXPECT_EQ(ids_in(directory.file()), ids(0, 4));
}

TEST(EventStoreOwners, TakeUpFilesThatComeBack) {
  const Directory directory;
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(0, 3), kAdded));
  const std::string segment = directory.segment();
  fs::rename(segment, directory.file("elsewhere"));
  ASSERT_TRUE(owner->look(false));
  EXPECT_EQ(owner->totals().rows, 0U);
  ASSERT_TRUE(owner->append(events(3, 2), kAdded));

  fs::rename(directory.file("elsewhere"), segment);
  const std::uint64_t finds = owner->finds();
  for (int looks = 0; looks < 20 && owner->finds() == finds; ++looks) {
    ASSERT_TRUE(owner->look(false));
  }
  EXPECT_EQ(ids(all_rows(*owner)), ids(0, 5));
  ASSERT_TRUE(owner->append(events(5, 1), kAdded));
  owner.reset();
  EXPECT_EQ(ids_in(directory.file()), ids(0, 6));
}

// A backup that is put back beside newer segments, whose numbers began at 1 again.
TEST(EventStoreOwners, RefuseFilesThatHoldTheSameNumbers) {
  const Directory directory;
  open(directory.file("old"))->append(events(0, 9), kAdded).value();
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(10, 2), kAdded));
  owner.reset();
  owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(12, 2), kAdded));
  owner.reset();
  ASSERT_EQ(directory.count("spool.db.0"), 2U);
  fs::remove(directory.file("spool.db.0000000000000001.events"));
  fs::rename(directory.segment("old"), directory.file("spool.db.0000000000000001.events"));

  const auto refused = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), StoreError::Kind::unusable);
  EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("spool.db.0000000000000001.events"),
                                            HasSubstr("spool.db.0000000000000003.events")));
  EXPECT_EQ(directory.count("spool.db.0"), 2U) << "both are left as they are";
  fs::rename(directory.file("spool.db.0000000000000001.events"),
             directory.file("old.0000000000000001.events"));
  EXPECT_EQ(ids_in(directory.file()), ids(12, 2));
  EXPECT_EQ(ids_in(directory.file("old")), ids(0, 9));
}

TEST(EventStoreOwners, LeaveAFileAloneThatWasPutInADrainedOnesPlace) {
  const Directory directory;
  open(directory.file("old"))->append(events(0, 5), kAdded).value();
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(5, 3), kAdded));
  owner.reset();
  owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(8, 1), kAdded));
  fs::rename(directory.segment("old"), directory.file("spool.db.0000000000000001.events"));
  EXPECT_TRUE(owner->remove(std::array<Sequence, 3>{1, 2, 3}));
  EXPECT_EQ(directory.count("spool.db.0000000000000001.events"), 1U);
}

TEST(EventStoreOwners, GiveOutNumbersThatTheNextProcessFinds) {
  const Directory directory;
  gateway::test::write_text(directory.file("spool.db.9999999999999999.events"), "no segment");
  gateway::test::write_text(directory.file("spool.db.0000000000000007.events"), "nor this");
  auto owner = open(directory.file());
  EXPECT_EQ(owner->unreadable_files().size(), 2U);
  ASSERT_TRUE(owner->append(events(0, 3), kAdded));
  owner.reset();
  EXPECT_EQ(ids_in(directory.file()), ids(0, 3));
}

TEST(EventStoreOwners, CountWhatOthersMarkedBetweenTheirOwnMarks) {
  const Directory directory;
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(0, 9), kAdded));
  ASSERT_TRUE(owner->look(false));
  auto tool = open_tool(directory.file());
  EXPECT_EQ(tool->remove(std::array<Sequence, 2>{2, 3}).value(), 2U);
  EXPECT_EQ(owner->remove(std::array<Sequence, 1>{1}).value(), 1U);
  ASSERT_TRUE(owner->look(false));
  EXPECT_EQ(owner->totals().rows, 6U);
}

// As some backups do while they copy.
TEST(EventStoreOwners, RemoveRowsOfASegmentThatAnotherProcessLocks) {
  const Directory directory;
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(0, 3), kAdded));
  owner.reset();
  owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(3, 3), kAdded));
  const Descriptor backup(
      ::open(directory.file("spool.db.0000000000000001.events").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(::flock(backup.get(), LOCK_SH), 0);

  const auto removed = owner->remove(std::array<Sequence, 4>{1, 2, 4, 5});
  ASSERT_TRUE(removed) << removed.error().text();
  EXPECT_EQ(*removed, 4U);
  EXPECT_EQ(ids(all_rows(*owner)), (std::vector<std::string>{"id-2", "id-5"}));
}

// Of more segments than are kept open: some can still be read, some cannot.
TEST(EventStoreOwners, GoOnWithTheOthersWhereRightsWereTakenAway) {
  gateway::test::SimulatedDisk disk;
  disk.make_folder("/data");
  constexpr int kSegments = 12;
  const auto opened = [&] { return open("/data/s.db", 64 * kMiB, StoreKind::spool, disk); };
  for (int n = 0; n < kSegments; ++n) ASSERT_TRUE(opened()->append(events(n, 1), kAdded));
  auto owner = opened();
  ASSERT_EQ(owner->totals().rows, 12U);
  disk.plan([&](gateway::test::SimulatedDisk::Call call, const std::string& path) {
    const bool closed = path == "/data/s.db.0000000000000001.events";
    return closed && call == gateway::test::SimulatedDisk::Call::open ? EACCES : 0;
  });
  EXPECT_EQ(ids(all_rows(*owner)), ids(1, kSegments - 1));
  EXPECT_TRUE(owner->look(false));
  EXPECT_TRUE(owner->append(events(kSegments, 1), kAdded));
  EXPECT_EQ(owner->unreadable_files().size(), 1U);
  EXPECT_EQ(owner->vanished_rows(), 0U);
  disk.plan({});
  const auto all_back = [&] { return owner->look(false) && owner->totals().rows == 13U; };
  for (int looks = 0; looks < 70 && !all_back(); ++looks) continue;
  EXPECT_TRUE(all_back());
}

// Neither waits for the other, and neither writes over what the other has marked.
TEST(EventStoreOwners, MarkRowsAtTheSameTime) {
  constexpr int kRows = 2'000;
  const Directory directory;
  auto owner = open(directory.file());
  ASSERT_TRUE(owner->append(events(0, kRows), kAdded));
  auto tool = open_tool(directory.file());
  const auto remove_every_second = [](EventStore& store, Sequence first) {
    for (Sequence row = first; row <= kRows; row += 20) {
      std::vector<Sequence> rows;
      for (Sequence next = row; next < row + 20; next += 2) rows.push_back(next);
      ASSERT_TRUE(store.remove(rows));
    }
  };
  std::thread other([&] { remove_every_second(*tool, 2); });
  remove_every_second(*owner, 1);
  other.join();
  ASSERT_TRUE(owner->look(false));
  EXPECT_EQ(owner->totals().rows, 0U);
}

}  // namespace
}  // namespace gateway::egress::test

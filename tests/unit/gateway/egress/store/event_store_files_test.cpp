// What others do to the files of a store, and what they have put where it is to be.
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <optional>

#include "support.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;
using namespace test;

StoreError::Kind fill(EventStore& store, int& next, std::size_t data = 1000) {
  for (;;) {
    const auto result = store.append(events(next, 50, data), kAdded);
    if (!result) return result.error().kind();
    next += 50;
  }
}

TEST(EventStoreFiles, TouchesNothingThatIsNotItsOwn) {
  const struct {
    const char* what;
    std::string content;
  } cases[] = {
      {"a text", "my precious notes\n"},
      {"another program's database", std::string("SQLite format 3\0", 16) + std::string(200, '\0')},
      {"one byte", "x"},
      {"zeros", std::string(5000, '\0')}};
  for (const auto& [what, content] : cases) {
    const Directory directory;
    write_file(directory.file(), content);
    const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
    ASSERT_FALSE(store) << what;
    EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable) << what;
    EXPECT_NE(store.error().text().find(directory.file()), std::string::npos) << what;
    EXPECT_FALSE(EventStore::check_path(directory.file())) << what;
    EXPECT_EQ(contents(directory.file()), content) << what;
    EXPECT_EQ(directory.count(""), 1U) << what;
  }
}

TEST(EventStoreFiles, WantANameThatHasRoomForTheirOwn) {
  const Directory directory;
  EXPECT_TRUE(EventStore::check_path(directory.file(std::string(231, 's'))));
  EXPECT_TRUE(open(directory.file(std::string(231, 's')))->append(events(0, 1), kAdded));
  const auto free = EventStore::check_path(directory.file(std::string(232, 's')));
  ASSERT_FALSE(free);
  EXPECT_NE(free.error().text().find("256 bytes"), std::string::npos) << free.error().text();
}

TEST(EventStoreFiles, WritesOverNoLockOfAnotherProgram) {
  const Directory directory;
  const std::string lock = directory.file() + ".lock";
  for (const std::string_view content :
       {"mine\n", "4711\n4712\n", "4711 ", "0042\n", "\n", "12 \n", "12345678901234567890\n"}) {
    write_file(lock, content);
    const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
    ASSERT_FALSE(store) << content;
    EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable);
    EXPECT_NE(store.error().text().find(lock + ": is no lock of this program"), std::string::npos);
    EXPECT_EQ(contents(lock), content);
  }
}

// It is what a power cut may leave of this program's, or a file of another one.
TEST(EventStoreFiles, WritesNothingIntoALockThatIsANumberAlone) {
  const Directory directory;
  const std::string lock = directory.file() + ".lock";
  write_file(lock, "4711");
  const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
  ASSERT_TRUE(store);
  EXPECT_EQ(contents(lock), "4711");
  const auto second = EventStore::open(directory.file(), kMiB, StoreKind::spool);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(), lock + ": is in use by another process");
}

TEST(EventStoreFiles, TakesALockThatItLeft) {
  const Directory directory;
  const std::string lock = directory.file() + ".lock";
  const std::string number = fmt::format("{}\n", getpid());
  for (const std::string& content :
       {std::string(), std::string("1\n"), std::string(6, '\0'), std::string("4711\n\0\0", 7),
        std::string("9999999999999\n")}) {
    write_file(lock, content);
    EXPECT_TRUE(EventStore::open(directory.file(), kMiB, StoreKind::spool)) << content;
    const std::string written = contents(lock);
    EXPECT_EQ(written.substr(0, number.size()), number);
    EXPECT_EQ(written.find_first_not_of('\0', number.size()), std::string::npos);
  }
}

TEST(EventStoreFiles, LeavesAFileAloneThatOnlyHasTheNameOfASegment) {
  const Directory directory;
  const std::string foreign = directory.file() + ".0000000000000001.events";
  write_file(foreign, "mine");
  const auto store = open(directory.file());
  EXPECT_EQ(store->unreadable_files().size(), 1U);
  EXPECT_TRUE(store->append(events(0, 3), kAdded));
  EXPECT_EQ(ids(all_rows(*store)), ids(0, 3));
  EXPECT_EQ(contents(foreign), "mine");
}

class EventStoreVanished : public testing::Test {
 protected:
  // After `damage` nothing is acknowledged that the next process would not find.
  template <class Damage>
  void expect_begun_again(Damage damage, std::size_t left) {
    ASSERT_TRUE(store_->append(events(0, 3), kAdded));
    damage();
    const auto first = store_->append(events(3, 1), kAdded);
    if (!first) {
      EXPECT_EQ(first.error().kind(), StoreError::Kind::failing) << first.error().text();
      ASSERT_TRUE(store_->probe());
    }
    ASSERT_TRUE(store_->append(events(4, 2), kAdded));
    EXPECT_EQ(store_->vanished_rows() == 0, left == 3);
    store_.reset();
    auto rows = ids(all_rows(*open(directory_.file())));
    const auto acknowledged = first ? ids(3, 3) : ids(4, 2);
    ASSERT_GE(rows.size(), acknowledged.size());
    const std::vector<std::string> last(rows.end() - std::ssize(acknowledged), rows.end());
    EXPECT_EQ(last, acknowledged);
  }

  Directory directory_;
  std::unique_ptr<EventStore> store_ = open(directory_.file());
};

TEST_F(EventStoreVanished, BeginsAgainWhenTheSegmentIsRemoved) {
  expect_begun_again([&] { fs::remove(directory_.segment()); }, 0);
}
TEST_F(EventStoreVanished, BeginsAgainWhenAllFilesAreRemoved) {
  expect_begun_again(
      [&] {
        fs::remove(directory_.segment());
        fs::remove(directory_.file() + ".lock");
      },
      0);
}
TEST_F(EventStoreVanished, BeginsAgainWhenTheSegmentIsMoved) {
  expect_begun_again([&] { fs::rename(directory_.segment(), directory_.file("elsewhere")); }, 0);
}
TEST_F(EventStoreVanished, BeginsAgainWhenAnotherFileTookItsPlace) {
  expect_begun_again(
      [&] {
        const std::string segment = directory_.segment();
        fs::copy_file(segment, directory_.file("copy"));
        fs::rename(directory_.file("copy"), segment);
      },
      0);
}

// What is appended makes the file as long as it was, with zeros in the place of what was cut off.
TEST_F(EventStoreVanished, BeginsAgainWhenTheSegmentIsCut) {
  for (const std::uintmax_t size : {0U, 100U, 5'000U, 20'000U}) {
    SCOPED_TRACE(size);
    store_.reset();
    fs::remove(directory_.segment());
    store_ = open(directory_.file());
    expect_begun_again([&] { fs::resize_file(directory_.segment(), size); }, 0);
  }
}
TEST_F(EventStoreVanished, CountsWhatWentWithTheLock) {
  ASSERT_TRUE(store_->append(events(0, 3), kAdded));
  fs::remove(directory_.segment());
  fs::remove(directory_.file() + ".lock");
  ASSERT_TRUE(store_->look(false));
  EXPECT_EQ(store_->vanished_rows(), 3U);
}

TEST_F(EventStoreVanished, SaysThatASealedSegmentWasCutWhileNobodyLooked) {
  ASSERT_TRUE(store_->append(events(0, 30), kAdded));
  store_.reset();
  const std::string segment = directory_.segment();
  fs::resize_file(segment, fs::file_size(segment) - 1);
  store_ = open(directory_.file());
  EXPECT_EQ(all_rows(*store_).size(), 29U);
  ASSERT_TRUE(store_->unreadable_files().contains(segment));
  EXPECT_THAT(store_->unreadable_files().at(segment),
              ::testing::HasSubstr("1 of its 30 events are missing"));
  for (int looks = 0; looks < 10; ++looks) ASSERT_TRUE(store_->look(true));
  EXPECT_TRUE(store_->unreadable_files().contains(segment));
  EXPECT_TRUE(fs::exists(segment));
}

TEST_F(EventStoreVanished, AcknowledgesNothingWithoutItsFolderAndGoesOnWhenItIsBack) {
  fs::create_directory(directory_.file("folder"));
  const std::string path = directory_.file("folder/spool.db");
  auto store = open(path);
  ASSERT_TRUE(store->append(events(0, 3), kAdded));
  fs::remove_all(directory_.file("folder"));
  EXPECT_FALSE(store->append(events(3, 1), kAdded));
  EXPECT_FALSE(store->append(events(3, 1), kAdded));
  EXPECT_FALSE(store->look(false));
  EXPECT_FALSE(store->probe());
  fs::create_directory(directory_.file("folder"));
  EXPECT_TRUE(store->probe());
  EXPECT_TRUE(store->append(events(4, 2), kAdded));
  store.reset();
  EXPECT_EQ(ids(all_rows(*open(path))), ids(4, 2));
}

TEST_F(EventStoreVanished, NoticesAFileThatIsCutWithoutBeingAsked) {
  ASSERT_TRUE(store_->append(events(0, 30), kAdded));
  ASSERT_TRUE(store_->look(false));
  EXPECT_EQ(store_->vanished_rows(), 0U);
  fs::resize_file(directory_.segment(), 10'000);
  ASSERT_TRUE(store_->look(false));
  EXPECT_EQ(store_->vanished_rows(), 30U);
  EXPECT_EQ(store_->totals().rows, 0U);
  EXPECT_TRUE(store_->append(events(30, 1), kAdded));
  EXPECT_EQ(ids(all_rows(*store_)), ids(30, 1));
}

TEST_F(EventStoreVanished, ReadsOnWhenAnEarlierSegmentIsGone) {
  auto store = open(directory_.file("small"), kMiB);
  for (int n = 0; n < 20; ++n) ASSERT_TRUE(store->append(events(20 * n, 20, 1000), kAdded));
  fs::remove(directory_.file("small.0000000000000001.events"));
  ASSERT_TRUE(store->look(false));
  const auto rows = all_rows(*store);
  EXPECT_LT(rows.size(), 400U);
  EXPECT_EQ(rows.back().id, "id-399");
  EXPECT_EQ(rows.size() + store->vanished_rows(), 400U);
}

TEST_F(EventStoreVanished, IsTakenOverByNobodyWhoseLockIsNewer) {
  ASSERT_TRUE(store_->append(events(0, 1), kAdded));
  fs::remove(directory_.file() + ".lock");
  Child other([&] {
    static auto second = EventStore::open(directory_.file(), kMiB, StoreKind::spool);
    return static_cast<bool>(second);
  });
  ASSERT_TRUE(other.said_so());
  const auto looked = store_->look(false);
  ASSERT_FALSE(looked);
  EXPECT_EQ(looked.error().kind(), StoreError::Kind::in_use);
  EXPECT_EQ(store_->append(events(1, 1), kAdded).error().kind(), StoreError::Kind::in_use);
}

TEST(EventStoreFiles, SeesWhatToolsRemoveAndGivesTheSpaceBack) {
  const Directory directory;
  const auto store = open(directory.file(), kMiB, StoreKind::dead_letters);
  int next = 0;
  ASSERT_EQ(fill(*store, next), StoreError::Kind::full);
  auto tool = EventStore::open_for_tools(directory.file(), StoreKind::dead_letters,
                                         EventStore::Access::mark);
  ASSERT_TRUE(tool);
  const auto rows = all_rows(**tool);
  ASSERT_EQ(ids(rows), ids(0, next));
  ASSERT_TRUE((*tool)->remove(seqs(rows)));
  EXPECT_TRUE(all_rows(**tool).empty());
  ASSERT_TRUE(store->look(true));
  EXPECT_EQ(store->totals().rows, 0U);
  EXPECT_LT(directory.bytes(), 200'000U);
  EXPECT_TRUE(store->append(events(next, 50), kAdded));
}

TEST(EventStoreFiles, IsFullAtItsBoundAndHasRoomAgainAfterRemoval) {
  const Directory directory;
  const auto store = open(directory.file(), 4 * kMiB);
  int next = 0;
  int first = 0;
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(fill(*store, next), StoreError::Kind::full);
    EXPECT_LT(directory.bytes(), 4 * kMiB);
    EXPECT_GT(store->totals().bytes, 3 * kMiB);
    const auto rows = all_rows(*store);
    EXPECT_EQ(ids(rows), ids(first, next - first));
    ASSERT_TRUE(store->remove(seqs(rows)));
    ASSERT_TRUE(store->look(true));
    EXPECT_LT(directory.bytes(), 100'000U);
    first = next;
  }
}

TEST(EventStoreFiles, CanBeReadMarkedAndEmptiedBitByBitWhenFull) {
  const Directory directory;
  const auto store = open(directory.file(), kMiB);
  int next = 0;
  ASSERT_EQ(fill(*store, next, 300), StoreError::Kind::full);
  EXPECT_EQ(store->probe().error().kind(), StoreError::Kind::full);
  const auto rows = all_rows(*store);
  ASSERT_TRUE(store->mark_replayed(seqs(rows), kAdded));
  for (const Sequence seq : seqs(rows)) ASSERT_TRUE(store->remove(std::vector{seq}));
  EXPECT_TRUE(store->probe());
  EXPECT_TRUE(store->append(events(next, 50), kAdded));
}

TEST(EventStoreFiles, SurvivesWritesThatFailAndAppendsAgainAfterwards) {
  const Directory directory;
  // In a process of its own, as the limit that makes writes fail is the process's.
  Child child([&] {
    auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
    if (!store || !(*store)->append(events(0, 10), kAdded)) return false;
    std::optional<FileSizeLimit> limit(512 << 10);
    int next = 10;
    const auto kind = fill(**store, next);
    if (kind != StoreError::Kind::failing && kind != StoreError::Kind::full) return false;
    if (ids(all_rows(**store)) != ids(0, next)) return false;
    limit.reset();
    if (!(*store)->append(events(next, 100, 1000), kAdded)) return false;
    return ids(all_rows(**store)) == ids(0, next + 100);
  });
  EXPECT_TRUE(child.said_so());
  child.kill();
  EXPECT_GE(all_rows(*open(directory.file())).size(), 110U);
}

TEST(EventStoreFiles, SurvivesADeviceWithoutRoom) {
  const Directory directory;
  const std::string device = directory.file("device");
  fs::create_directory(device);
  if (mount("none", device.c_str(), "tmpfs", 0, "size=2m") != 0) {
    GTEST_SKIP() << "this process may not mount a file system";
  }
  {
    const std::string ballast = device + "/ballast";
    const auto store = open(device + "/spool.db", 64 * kMiB);
    ASSERT_TRUE(store);
    write_file(ballast, std::string(kMiB, 'x'));
    int next = 0;
    EXPECT_EQ(fill(*store, next), StoreError::Kind::full);
    EXPECT_EQ(ids(all_rows(*store)), ids(0, next));
    fs::remove(ballast);
    EXPECT_TRUE(store->append(events(next, 50, 1000), kAdded));
    EXPECT_EQ(ids(all_rows(*store)), ids(0, next + 50));
  }
  EXPECT_EQ(umount(device.c_str()), 0);
}

}  // namespace
}  // namespace gateway::egress

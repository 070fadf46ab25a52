#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>

#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace test;

// Appends until it is refused, and says why.
StoreError::Kind fill(EventStore& store, int& next, std::size_t data = 1000) {
  for (;;) {
    const auto result = store.append(events(next, 50, data), kAdded);
    if (!result) return result.error().kind();
    next += 50;
    if (store.checkpoint_due()) {
      EXPECT_TRUE(store.checkpoint());
    }
  }
}

TEST(EventStoreBounds, IsFullAtItsBoundAndHasRoomAgainAfterRemoval) {
  const Directory directory;
  const auto store = open(directory.file(), 4 * kMiB);
  int next = 0;
  int first = 0;
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(fill(*store, next), StoreError::Kind::full);
    EXPECT_LT(directory.bytes(), 5 * kMiB) << "with what has not been moved out of the log";
    EXPECT_GT(store->totals()->bytes, 2 * kMiB) << "room of removed rows is used again";
    const auto rows = all_rows(*store);
    EXPECT_EQ(ids(rows), ids(first, next - first));
    ASSERT_TRUE(store->remove(seqs(rows)));
    first = next;
    EXPECT_EQ(store->totals()->rows, 0U);
  }
  EXPECT_TRUE(store->moved_aside().empty());
}

TEST(EventStoreBounds, CanBeReadMarkedAndEmptiedBitByBitWhenFull) {
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

TEST(EventStoreBounds, ProbingLeavesNothingBehind) {
  const Directory directory;
  const auto store = open(directory.file(), kMiB);
  ASSERT_TRUE(store->append(events(0, 1), kAdded));
  ASSERT_TRUE(store->probe());
  EXPECT_EQ(ids(all_rows(*store)), ids(0, 1));
  EXPECT_EQ(store->totals()->rows, 1U);
}

TEST(EventStoreBounds, SurvivesWritesThatFailAndAppendsAgainAfterwards) {
  const Directory directory;
  // In a process of its own, as the limit that makes writes fail is the process's.
  Child child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
    if (!store || !(*store)->append(events(0, 10), kAdded)) return false;
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 512 << 10;
    setrlimit(RLIMIT_FSIZE, &limit);
    int next = 10;
    const auto kind = fill(**store, next);
    if (kind != StoreError::Kind::failing && kind != StoreError::Kind::full) return false;
    if (ids(all_rows(**store)) != ids(0, next)) return false;
    limit.rlim_cur = before;
    setrlimit(RLIMIT_FSIZE, &limit);
    if (!(*store)->append(events(next, 100, 1000), kAdded)) return false;
    return ids(all_rows(**store)) == ids(0, next + 100) && (*store)->moved_aside().empty();
  });
  EXPECT_TRUE(child.said_so());
  child.kill();
  const auto store = open(directory.file());
  EXPECT_GE(all_rows(*store).size(), 110U);
  EXPECT_TRUE(store->moved_aside().empty());
}

TEST(EventStoreBounds, SurvivesADeviceWithoutRoom) {
  const Directory directory;
  const std::string device = directory.file("device");
  std::filesystem::create_directory(device);
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
    std::filesystem::remove(ballast);
    EXPECT_TRUE(store->append(events(next, 50, 1000), kAdded));
    EXPECT_EQ(ids(all_rows(*store)), ids(0, next + 50));
    EXPECT_TRUE(store->moved_aside().empty());
  }
  EXPECT_EQ(umount(device.c_str()), 0);
}

}  // namespace
}  // namespace gateway::egress

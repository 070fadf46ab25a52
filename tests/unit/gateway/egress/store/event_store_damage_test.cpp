#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>
#include <random>

#include "gateway/egress/store/sqlite.hpp"
#include "support.hpp"

namespace gateway::egress {
namespace {

using namespace test;

// A closed store of a few dozen pages, as bytes.
std::string sample_file() {
  const Directory directory;
  auto store = open(directory.file());
  EXPECT_TRUE(store->append(events(0, 300, 700), kAdded));
  EXPECT_TRUE(store->append(events(300, 2, 40'000), kAdded));
  store.reset();
  return contents(directory.file());
}

// Opens these bytes as a store: it must open and take events, and every row it gives out must be
// what was written. Returns how many rows came back.
std::size_t check_damaged(const std::string& bytes) {
  const Directory directory;
  write_file(directory.file(), bytes);
  const auto store = open(directory.file());
  if (!store) return 0;
  std::size_t intact = 0;
  Sequence after = 0;
  for (;;) {
    const auto chunk = store->read(after, 1000, 10 * kMiB);
    EXPECT_TRUE(chunk) << chunk.error().text();
    if (!chunk) break;
    for (const StoredRow& row : chunk->rows) {
      const int n = std::stoi(row.event.id.substr(3));
      const StoredEvent expected = event(n, n < 300 ? 700 : 40'000);
      EXPECT_EQ(row.event.json, expected.json);
      EXPECT_EQ(row.event.key, expected.key);
      ++intact;
    }
    after = chunk->last;
    if (chunk->end) break;
  }
  const auto appended = store->append(events(1000, 1), kAdded);
  EXPECT_TRUE(appended) << appended.error().text();
  if (!store->moved_aside().empty()) {
    EXPECT_GE(directory.count("spool.db.damaged-"), 1U);
  }
  return intact;
}

TEST(EventStoreDamage, TruncatedFilesAreMovedAside) {
  const std::string file = sample_file();
  ASSERT_EQ(check_damaged(file), 302U);
  check_damaged(
      file.substr(0, file.size() - 1));  // SQLite takes what is missing of a page for zeros
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{50}, std::size_t{100}, std::size_t{512}, std::size_t{4096},
        std::size_t{16384}, file.size() / 3, file.size() / 2, file.size() - 16384}) {
    SCOPED_TRACE(size);
    const Directory directory;
    write_file(directory.file(), file.substr(0, size));
    const auto store = open(directory.file());
    ASSERT_TRUE(store);
    ASSERT_EQ(store->moved_aside().size(), 1U);
    EXPECT_EQ(contents(store->moved_aside()[0]).size(), size) << "kept as it was found";
    EXPECT_TRUE(all_rows(*store).empty());
    EXPECT_TRUE(store->append(events(0, 1), kAdded));
  }
}

TEST(EventStoreDamage, NeverGivesOutWhatWasNotWritten) {
  const std::string file = sample_file();
  std::mt19937 random(20260102);
  std::size_t whole = 0;
  constexpr int kFiles = 150;
  for (int i = 0; i < kFiles; ++i) {
    SCOPED_TRACE(i);
    std::string damaged = file;
    // A third of them in the header and the schema, where it matters most.
    const std::size_t range = i % 3 == 0 ? 4096 : damaged.size();
    for (int flips = 1 + i % 4; flips > 0; --flips) {
      const std::size_t at = random() % range;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    whole += check_damaged(damaged) == 302 ? 1 : 0;
  }
  EXPECT_LT(whole, kFiles / 2) << "most of them must have been noticed";
}

TEST(EventStoreDamage, SurvivesDamageInTheLog) {
  const Directory directory;
  Child child([&] {
    static auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
    for (int n = 0; n < 20; ++n) {
      if (!store || !(*store)->append(events(n, 1, 700), kAdded)) return false;
    }
    return true;
  });
  ASSERT_TRUE(child.said_so());
  child.kill();
  const std::string database = contents(directory.file());
  const std::string log = contents(directory.file() + "-wal");
  ASSERT_GT(log.size(), 10'000U);
  std::mt19937 random(7);
  for (int i = 0; i < 40; ++i) {
    SCOPED_TRACE(i);
    const Directory copy;
    std::string damaged = log;
    if (i % 2 == 0) {
      damaged.resize(random() % damaged.size());
    } else {
      damaged[random() % damaged.size()] ^= 4;
    }
    write_file(copy.file(), database);
    write_file(copy.file() + "-wal", damaged);
    const auto store = open(copy.file());
    ASSERT_TRUE(store);
    const auto rows = all_rows(*store);
    EXPECT_EQ(ids(rows), ids(0, static_cast<int>(rows.size()))) << "the first so many";
    EXPECT_TRUE(store->append(events(100, 1), kAdded));
  }
}

TEST(EventStoreDamage, ReportsARowWhoseBytesWereAltered) {
  const Directory directory;
  auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 3), kAdded));
  store.reset();
  std::string bytes = contents(directory.file());
  const std::size_t at = bytes.find(std::string(100, 'b'));  // the data of the second
  ASSERT_NE(at, std::string::npos);
  bytes[at + 50] = 'c';  // still valid JSON
  write_file(directory.file(), bytes);
  store = open(directory.file());
  const auto chunk = store->read(0, 10, kMiB);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(ids(chunk->rows), (std::vector<std::string>{"id-0", "id-2"}));
  EXPECT_EQ(chunk->damaged.size(), 1U);
  EXPECT_TRUE(store->moved_aside().empty());
}

TEST(EventStoreDamage, ReportsARowThatIsNoCloudEvent) {
  const Directory directory;
  const auto store = open(directory.file());
  StoredEvent none = event(1);
  none.json = R"({"id":"id-1"})";
  ASSERT_TRUE(store->append(std::vector{event(0), none}, kAdded));
  const auto chunk = store->read(0, 10, kMiB);
  EXPECT_EQ(ids(chunk->rows), ids(0, 1));
  EXPECT_EQ(chunk->damaged.size(), 1U);
}

TEST(EventStoreDamage, GoesOnBehindTheNumbersOfAFileDamagedWhileItWasOpen) {
  const Directory directory;
  const auto store = open(directory.file());
  ASSERT_TRUE(store->append(events(0, 300, 700), kAdded));
  const auto before = seqs(all_rows(*store));
  while (store->checkpoint_possible()) ASSERT_TRUE(store->checkpoint());
  // Another process, as one that closed the file here would take this one's locks away.
  Child vandal([&] {
    // A commit of somebody else makes the store look at the file again.
    static auto tool = EventStore::open_for_tools(directory.file(), StoreKind::spool);
    if (!tool || !(*tool)->probe()) return false;
    const std::size_t size = contents(directory.file()).size();
    std::fstream file(directory.file(), std::ios::binary | std::ios::in | std::ios::out);
    file << std::string(size, '\xA5') << std::flush;
    return file.good();
  });
  ASSERT_TRUE(vandal.said_so());
  for (int n = 0; n < 5 && store->moved_aside().empty(); ++n) {
    ASSERT_TRUE(store->append(events(1000 + n, 1), kAdded));
  }
  ASSERT_EQ(store->moved_aside().size(), 1U);
  const auto rows = all_rows(*store);
  ASSERT_FALSE(rows.empty());
  EXPECT_GT(rows[0].seq, before.back());
}

TEST(EventStoreDamage, LeavesAnotherProgramsDatabaseAlone) {
  const Directory directory;
  {
    sqlite::Database other(directory.file(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    other.run("CREATE TABLE events(x);INSERT INTO events VALUES(1)");
  }
  const std::string bytes = contents(directory.file());
  const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable);
  EXPECT_EQ(contents(directory.file()), bytes);
}

}  // namespace
}  // namespace gateway::egress

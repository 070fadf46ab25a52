// Stores that version 0.1 wrote, as they are in tests/data/stores.
#include <gtest/gtest.h>

#include <map>

#include "gateway/egress/store/old_database.hpp"
#include "support.hpp"
#include "support/other_user.hpp"
#include "support/simulated_disk.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;
using namespace test;

// spool-v1.db: 42 events, some to a row. spool-v1-killed.db: likewise, 7 of them delivered and 10
// more appended; the process was killed, so that much stands in the log beside it.
class StoreImportTest : public testing::Test {
 protected:
  void put(const std::string& name) const {
    const std::string from = COS_GATEWAY_TEST_DATA "/stores/" + name;
    fs::copy_file(from, directory_.file());
    if (fs::exists(from + "-wal")) fs::copy_file(from + "-wal", directory_.file() + "-wal");
  }
  // How many rows are of each object.
  [[nodiscard]] static std::map<std::string, int> keys(EventStore& store) {
    std::map<std::string, int> all;
    for (const StoredRow& row : all_rows(store)) ++all[row.key];
    return all;
  }

  Directory directory_;
};

TEST_F(StoreImportTest, TakesOverASpoolAndPutsTheFileAside) {
  put("spool-v1.db");
  EXPECT_TRUE(is_old_database(directory_.file(), native_file_system()).value());
  auto store = open(directory_.file());
  EXPECT_EQ(store->taken_over(), 42U);
  EXPECT_EQ(store->totals().rows, 42U);
  const auto found = keys(*store);
  for (int n = 0; n < 40; ++n) EXPECT_EQ(found.at(fmt::format("object-{}.jpg", n)), 1) << n;
  EXPECT_FALSE(fs::exists(directory_.file()));
  EXPECT_EQ(directory_.count("spool.db.imported-"), 1U);
  EXPECT_TRUE(store->append(events(0, 1), kAdded));
  store.reset();
  store = open(directory_.file());
  EXPECT_EQ(store->taken_over(), 0U) << "once";
  EXPECT_EQ(store->totals().rows, 43U);
}

TEST_F(StoreImportTest, TakesOverWhatAKilledProcessLeft) {
  put("spool-v1-killed.db");
  const auto store = open(directory_.file());
  EXPECT_EQ(store->totals().rows, 45U);
  const auto found = keys(*store);
  for (int n = 1; n <= 7; ++n) EXPECT_FALSE(found.contains(fmt::format("object-{}.jpg", n))) << n;
  for (int n = 100; n < 110; ++n) EXPECT_TRUE(found.contains(fmt::format("object-{}.jpg", n))) << n;
}

TEST_F(StoreImportTest, KeepsWhatIsKnownOfDeadLetters) {
  put("dead-letters-v1.db");
  const auto store = open(directory_.file(), kMiB, StoreKind::dead_letters);
  const auto rows = all_rows(*store);
  ASSERT_EQ(rows.size(), 12U);
  EXPECT_EQ(std::ranges::count_if(rows, [](const StoredRow& row) { return bool(row.replayed); }),
            5);
  for (const StoredRow& row : rows) {
    ASSERT_TRUE(row.event.details);
    EXPECT_EQ(row.event.details->status, 422U);
    EXPECT_EQ(row.event.details->body, "no such schema");
    EXPECT_EQ(row.event.details->reason, "refused");
    EXPECT_EQ(row.bucket, "photos-1250000000");
    EXPECT_GT(row.added, kAdded);
  }
}

TEST_F(StoreImportTest, DoesNotTakeDeadLettersForASpool) {
  put("dead-letters-v1.db");
  const auto store = EventStore::open(directory_.file(), kMiB, StoreKind::spool);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable);
  EXPECT_NE(store.error().text().find("it holds dead letters"), std::string::npos);
  EXPECT_TRUE(fs::exists(directory_.file()));
}

TEST_F(StoreImportTest, TakesOverWhatCanBeReadOfADamagedFile) {
  put("spool-v1.db");
  std::string bytes = contents(directory_.file());
  constexpr std::size_t kPage = 16384;
  ASSERT_GE(bytes.size(), 5 * kPage);
  std::size_t intact = 0;
  for (std::size_t page = 1; page < bytes.size() / kPage; ++page) {
    std::string damaged = bytes;
    damaged.replace(page * kPage, kPage, std::string(kPage, '\xA5'));
    const Directory directory;
    write_file(directory.file(), damaged);
    const auto store = EventStore::open(directory.file(), 64 * kMiB, StoreKind::spool);
    ASSERT_TRUE(store) << store.error().text();
    intact = std::max<std::size_t>(intact, (*store)->totals().rows);
    EXPECT_EQ(directory.count("spool.db.imported-"), 1U);
  }
  EXPECT_GT(intact, 10U);
}

TEST_F(StoreImportTest, LeavesNoCopiesWhereThereIsNoRoomForThem) {
  put("spool-v1.db");
  Child child([&] {
    const FileSizeLimit limit(140'000);  // the head of a segment, and a few events
    const auto store = EventStore::open(directory_.file(), kMiB, StoreKind::spool);
    return !store && store.error().kind() == StoreError::Kind::full;
  });
  EXPECT_TRUE(child.said_so());
  child.kill();
  EXPECT_EQ(directory_.count("spool.db.0"), 0U);
  EXPECT_EQ(open(directory_.file())->totals().rows, 42U);
}

// A power cut or a failure on the way: at the next start all is there, and once.
TEST_F(StoreImportTest, MayBeInterruptedAnywhere) {
  // The database is a file of this machine; only the copies are on the device that fails.
  class Half final : public FileSystem {
   public:
    explicit Half(int calls) : calls_(calls) {}
    IoResult<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
      if (mode == Mode::create && over()) return failed();
      return files_.open(path, mode);
    }
    IoResult<FileStatus> status(const std::string& path) override { return files_.status(path); }
    IoResult<std::vector<std::string>> list(const std::string& folder) override {
      return files_.list(folder);
    }
    IoResult<void> remove(const std::string& path) override {
      return over() ? failed() : files_.remove(path);
    }
    IoResult<void> rename(const std::string& from, const std::string& to) override {
      return over() ? failed() : files_.rename(from, to);
    }
    IoResult<void> sync_folder(const std::string& folder) override {
      return over() ? failed() : files_.sync_folder(folder);
    }

   private:
    bool over() noexcept { return calls_-- <= 0; }
    static boost::system::error_code failed() { return {EIO, boost::system::system_category()}; }
    FileSystem& files_ = native_file_system();
    int calls_;
  };
  for (int calls = 0; calls < 12; ++calls) {
    const Directory directory;
    fs::copy_file(COS_GATEWAY_TEST_DATA "/stores/spool-v1.db", directory.file());
    {
      Half half(calls);
      const auto store = EventStore::open(directory.file(), kMiB, StoreKind::spool, half);
    }
    const auto store = open(directory.file());
    EXPECT_EQ(store->totals().rows, 42U) << "after " << calls << " calls";
    EXPECT_EQ(directory.count("spool.db.imported-"), 1U);
  }
}

TEST_F(StoreImportTest, SaysThatTheFileMayNotBeRead) {
  put("spool-v1.db");
  fs::permissions(directory_.path(), fs::perms::all);
  fs::permissions(directory_.file(), fs::perms(0));
  std::string text;
  gateway::test::as_another_user([&] {
    const auto store = EventStore::open(directory_.file(), kMiB, StoreKind::spool);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind(), StoreError::Kind::unusable);
    text = store.error().text();
  });
  EXPECT_EQ(text, directory_.file() + ": Permission denied");
  fs::remove(directory_.file() + ".lock");  // the other user's
  fs::permissions(directory_.file(), fs::perms(0600));
  EXPECT_EQ(open(directory_.file())->totals().rows, 42U);
}

// Names of copies, though no copies.
TEST_F(StoreImportTest, NeitherRenamesNorDeletesFilesOfOthers) {
  const std::string foreign = directory_.file() + ".0000000000000001.import";
  const std::string segment = directory_.file() + ".0000000000000001.events";
  write_file(foreign, "my notes\n");
  open(directory_.file()).reset();
  EXPECT_EQ(contents(foreign), "my notes\n");
  EXPECT_FALSE(fs::exists(segment));

  put("spool-v1.db");
  const auto store = open(directory_.file());
  EXPECT_EQ(contents(foreign), "my notes\n");
  EXPECT_EQ(store->totals().rows, 42U);
}

TEST_F(StoreImportTest, DoesNotTakeACopyOfTheOtherKind) {
  ASSERT_TRUE(open(directory_.file("other.db"), kMiB, StoreKind::dead_letters)
                  ->append(events(0, 1), kAdded));
  const std::string foreign = directory_.file() + ".0000000000000001.import";
  fs::rename(directory_.segment("other.db"), foreign);
  EXPECT_TRUE(open(directory_.file()));
  EXPECT_TRUE(fs::exists(foreign));
}

// Of a copy that was being created there may be nothing, or zeros.
TEST_F(StoreImportTest, MakesCopiesAnewThatWereNotFinished) {
  put("spool-v1.db");
  const std::string first = directory_.file() + ".0000000000000001.import";
  const std::string second = directory_.file() + ".0000000000000500.import";
  write_file(first, "");
  write_file(second, std::string(100'000, '\0'));
  const auto store = open(directory_.file());
  EXPECT_EQ(store->totals().rows, 42U);
  EXPECT_FALSE(fs::exists(first));
  EXPECT_FALSE(fs::exists(second));
}

}  // namespace
}  // namespace gateway::egress

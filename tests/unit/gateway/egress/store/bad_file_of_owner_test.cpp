// One file of a store cannot be had as the others: it may not be opened, written or looked at. That
// costs the events in it, and the store works with the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "support.hpp"
#include "support/idle_file.hpp"

namespace gateway::egress::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A file that cannot be opened or read, as chosen; everything else is as on this machine.
class OneBadFile final : public FileSystem {
 public:
  OneBadFile(std::string path, int error, bool opens)
      : path_(std::move(path)), error_(error), opens_(opens) {}

  IoResult<std::unique_ptr<File>> open(const std::string& path, Mode mode) override {
    if (path != path_ || !is_bad) return native().open(path, mode);
    if (!opens_ && mode != Mode::read) return error();
    if (mode == Mode::read) return native().open(path, mode);
    return std::unique_ptr<File>(std::make_unique<Unreadable>(*this));
  }
  IoResult<FileStatus> status(const std::string& path) override {
    if (path == path_ && is_bad && opens_) return error();
    return native().status(path);
  }
  IoResult<std::vector<std::string>> list(const std::string& folder) override {
    return native().list(folder);
  }
  IoResult<void> remove(const std::string& path) override { return native().remove(path); }
  IoResult<void> rename(const std::string& from, const std::string& to) override {
    return native().rename(from, to);
  }
  IoResult<void> sync_folder(const std::string& folder) override {
    return native().sync_folder(folder);
  }

  bool is_bad = true;

 private:
  class Unreadable final : public gateway::test::IdleFile {
   public:
    explicit Unreadable(OneBadFile& files) : files_(files) {}
    IoResult<std::size_t> read(std::uint64_t, std::span<char>) override { return files_.error(); }
    IoResult<FileStatus> status() override { return files_.status(files_.path_); }

   private:
    OneBadFile& files_;
  };
  static FileSystem& native() { return native_file_system(); }
  [[nodiscard]] boost::system::error_code error() const {
    return {error_, boost::system::system_category()};
  }

  std::string path_;
  int error_;
  bool opens_;
};

class EventStoreBadFile : public testing::Test {
 protected:
  void SetUp() override {
    for (int n = 0; n < 3; ++n) open(path_)->append(events(3 * n, 3), kAdded).value();
    ASSERT_EQ(directory_.count("spool.db.0"), 3U);
  }
  // The owner works with the others and names the file.
  void expect_left_alone(int error, bool opens) {
    OneBadFile files(segment_, error, opens);
    auto owner = open(path_, 64 * kMiB, StoreKind::spool, files);
    ASSERT_TRUE(owner);
    ASSERT_EQ(owner->unreadable_files().size(), 1U);
    EXPECT_EQ(owner->unreadable_files().begin()->first, segment_);
    EXPECT_FALSE(owner->unreadable_files().begin()->second.empty());
    ASSERT_TRUE(owner->append(events(9, 2), kAdded));
    EXPECT_EQ(all_rows(*owner).size(), 8U);
    owner.reset();
    EXPECT_EQ(ids(all_rows(*open(path_))), ids(0, 11));
  }

  Directory directory_;
  const std::string path_ = directory_.file();
  const std::string segment_ = directory_.file("spool.db.0000000000000004.events");
};

TEST_F(EventStoreBadFile, ThatTheDeviceDoesNotGiveCostsTheEventsInIt) {
  expect_left_alone(EIO, true);
}
TEST_F(EventStoreBadFile, ThatMayNotBeWrittenIsNotSentFrom) {
  expect_left_alone(EACCES, false);
}
TEST_F(EventStoreBadFile, ThatCannotBeOpenedForAnyReasonOfItsOwnCostsTheEventsInIt) {
  for (const int error : {ELOOP, EBADMSG, EUCLEAN}) {
    SCOPED_TRACE(error);
    OneBadFile files(segment_, error, false);
    const auto owner = open(path_, 64 * kMiB, StoreKind::spool, files);
    EXPECT_EQ(owner->unreadable_files().size(), 1U);
    EXPECT_EQ(all_rows(*owner).size(), 6U);
  }
}
// As when somebody takes the rights of the folder away for a moment.
TEST_F(EventStoreBadFile, IsNotOneWhoseFolderIsTheReason) {
  OneBadFile files(segment_, EACCES, true);
  files.is_bad = false;
  const auto owner = open(path_, 64 * kMiB, StoreKind::spool, files);
  EXPECT_EQ(all_rows(*owner).size(), 9U);
  files.is_bad = true;
  EXPECT_FALSE(owner->look(false));
  EXPECT_TRUE(owner->unreadable_files().empty());
  files.is_bad = false;
  EXPECT_TRUE(owner->look(false));
  EXPECT_EQ(all_rows(*owner).size(), 9U);
}
TEST_F(EventStoreBadFile, ThatBecomesSoWhileTheStoreIsOpenCostsTheEventsInIt) {
  OneBadFile files(segment_, EIO, true);
  files.is_bad = false;
  const auto owner = open(path_, 64 * kMiB, StoreKind::spool, files);
  EXPECT_EQ(all_rows(*owner).size(), 9U);
  files.is_bad = true;
  ASSERT_TRUE(owner->look(false));
  EXPECT_EQ(all_rows(*owner).size(), 6U);
  EXPECT_EQ(owner->unreadable_files().size(), 1U);
  EXPECT_EQ(owner->vanished_rows(), 0U) << "they may come back";
  ASSERT_TRUE(owner->append(events(9, 2), kAdded));
  files.is_bad = false;
  for (int looks = 0; looks < 30; ++looks) ASSERT_TRUE(owner->look(false));
  EXPECT_EQ(ids(all_rows(*owner)), ids(0, 11));
}
TEST_F(EventStoreBadFile, ThatMayNotBeWrittenCanBeInspectedButNotMarked) {
  OneBadFile files(segment_, EACCES, false);
  const auto reader =
      EventStore::open_for_tools(path_, StoreKind::spool, EventStore::Access::read, files);
  ASSERT_TRUE(reader);
  EXPECT_EQ(ids(all_rows(**reader)), ids(0, 9));
  OneBadFile others(segment_, EACCES, false);
  auto marker =
      EventStore::open_for_tools(path_, StoreKind::spool, EventStore::Access::mark, others);
  ASSERT_FALSE(marker) << "before anything is sent or removed";
  EXPECT_THAT(marker.error().text(), AllOf(HasSubstr(segment_), HasSubstr("Permission denied")));
}

}  // namespace
}  // namespace gateway::egress::test

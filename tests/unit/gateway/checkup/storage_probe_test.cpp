#include "gateway/checkup/storage_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/other_user.hpp"
#include "testkit/temporary_folder.hpp"

namespace gateway::checkup {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kSegment = "spool.db.0000000000000001.events";

class StorageProbeTest : public testing::Test {
 protected:
  StorageProbeTest() {
    fs::permissions(folder_.path(), fs::perms::all);
    for (const auto* name : {kSegment, "spool.db.lock", "spool.db.0000000000000007.events"}) {
      std::ofstream(folder_.file(name)) << "12345";
      fs::permissions(folder_.path() / name, fs::perms(0666));
    }
  }
  [[nodiscard]] StorageProbe probe() const {
    StorageProbe found;
    test::as_another_user([&] {
      const auto probed = probe_storage(folder_.file("spool.db"), egress::StoreKind::spool, 1, 10s);
      ASSERT_TRUE(probed);
      found = *probed;
    });
    return found;
  }
  void close(const std::string& name, int rights) const {
    fs::permissions(folder_.path() / name, fs::perms(rights));
  }

  test::TemporaryFolder folder_;
};

TEST_F(StorageProbeTest, LeavesTheFilesOfTheStoreAsTheyAre) {
  const auto written = fs::last_write_time(folder_.path() / kSegment);
  const StorageProbe found = probe();
  EXPECT_THAT(found.problem, IsEmpty());
  EXPECT_EQ(found.store_bytes, 15U);
  EXPECT_EQ(found.syncs.size(), 1U);
  EXPECT_EQ(fs::last_write_time(folder_.path() / kSegment), written);
  EXPECT_EQ(fs::file_size(folder_.path() / kSegment), 5U);
}

TEST_F(StorageProbeTest, NamesTheFirstFileThatMayNotBeWritten) {
  close("spool.db.0000000000000007.events", 0444);
  StorageProbe found = probe();
  EXPECT_EQ(found.closed_file, folder_.file("spool.db.0000000000000007.events"));
  EXPECT_THAT(found.problem,
              HasSubstr("spool.db.0000000000000007.events cannot be written: Permission denied"));
  close(kSegment, 0444);
  EXPECT_EQ(probe().closed_file, folder_.file(kSegment));
}

TEST_F(StorageProbeTest, NamesALockThatMayNotBeWritten) {
  close("spool.db.lock", 0444);
  EXPECT_EQ(probe().closed_file, folder_.file("spool.db.lock"));
}

// They are in nobody's way.
TEST_F(StorageProbeTest, PassesOverOtherFiles) {
  close(kSegment, 0666);
  for (const auto* name : {"other.db.0000000000000001.events", "spool.db.7.events", "spool.dbx"}) {
    std::ofstream(folder_.file(name)) << "12345";
    close(name, 0444);
  }
  EXPECT_THAT(probe().problem, IsEmpty());
}

}  // namespace
}  // namespace gateway::checkup

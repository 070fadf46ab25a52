#include "gateway/egress/store/store_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"
#include "support/other_user.hpp"

namespace gateway::egress {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class StorePlacesTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(folder_.path() / "a");
    fs::create_directory(folder_.path() / "b");
    fs::create_directory_symlink(folder_.path() / "a", folder_.path() / "link");
  }
  [[nodiscard]] bool one(const std::string& spool, const std::string& dead_letters) const {
    return is_one_place(folder_.file(spool), folder_.file(dead_letters));
  }
  [[nodiscard]] std::vector<std::string> problems(const std::string& spool,
                                                  const std::string& dead_letters) const {
    config::Settings settings;
    settings.spool.path = folder_.file(spool);
    settings.dead_letter.path = folder_.file(dead_letters);
    config::Report report;
    check_store_places(settings, report);
    std::vector<std::string> keys;
    for (const config::Problem& problem : report.problems()) keys.push_back(problem.key);
    return keys;
  }

  test::Directory folder_;
};

TEST_F(StorePlacesTest, AreOneHoweverTheyAreSpelled) {
  EXPECT_TRUE(one("a/x.db", "a/x.db"));
  EXPECT_TRUE(one("a/x.db", "a/./x.db"));
  EXPECT_TRUE(one("a/x.db", "a//x.db"));
  EXPECT_TRUE(one("a/x.db", "b/../a/x.db"));
  EXPECT_TRUE(one("a/x.db", "link/x.db"));
  EXPECT_TRUE(one("a/new/x.db", "link/new/x.db")) << "in a folder that is still to be made";
  const std::string relative = fs::relative(folder_.path() / "a" / "x.db").string();
  EXPECT_TRUE(is_one_place(folder_.file("a/x.db"), relative));
}

TEST_F(StorePlacesTest, AreTwoInTwoFoldersOrUnderTwoNames) {
  EXPECT_FALSE(one("a/x.db", "b/x.db"));
  EXPECT_FALSE(one("a/x.db", "a/y.db"));
  EXPECT_FALSE(one("a/new/x.db", "b/new/x.db"));
  // Where the path itself is a link no file of a store is looked for at its end.
  fs::create_symlink(folder_.path() / "a" / "x.db", folder_.path() / "b" / "x.db");
  EXPECT_FALSE(one("a/x.db", "b/x.db"));
}

TEST_F(StorePlacesTest, AreReportedIfTheyAreOne) {
  EXPECT_THAT(problems("a/x.db", "link/x.db"), ElementsAre("dead_letter.path"));
  EXPECT_THAT(problems("a/x.db", "b/x.db"), IsEmpty());
  EXPECT_THAT(problems("a/x.db", "a/y.db"), IsEmpty());
}

class StoreToReadTest : public StorePlacesTest {
 protected:
  void SetUp() override {
    fs::permissions(folder_.path(), fs::perms::all);
    StorePlacesTest::SetUp();
  }
  // As others than root see it.
  [[nodiscard]] static std::string problem(const std::string& path) {
    std::string text;
    gateway::test::as_another_user([&] {
      const auto free = EventStore::check_path(path);
      if (!free) text = free.error().text();
    });
    return text;
  }
};

TEST_F(StoreToReadTest, MayBeMissing) {
  EXPECT_EQ(problem(folder_.file("a/x.db")), "");
  EXPECT_EQ(problem(folder_.file("nowhere/x.db")), "");
}

TEST_F(StoreToReadTest, IsInAFolderThatIsClosed) {
  const std::string path = folder_.file("a/x.db");
  for (const int rights : {0, 0111}) {
    fs::permissions(folder_.path() / "a", fs::perms(rights));
    EXPECT_EQ(problem(path),
              path + ": the folder " + folder_.file("a") + " cannot be read: Permission denied");
  }
  fs::permissions(folder_.path() / "a", fs::perms::all);
}

TEST_F(StoreToReadTest, IsAFileThatIsClosed) {
  const std::string path = folder_.file("a/x.db");
  fs::permissions(folder_.path() / "a", fs::perms::all);
  test::write_file(path, "an earlier version's");
  fs::permissions(path, fs::perms(0));
  EXPECT_EQ(problem(path), path + ": Permission denied");
}

}  // namespace
}  // namespace gateway::egress

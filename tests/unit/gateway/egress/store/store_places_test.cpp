#include "gateway/egress/store/store_places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support.hpp"

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

}  // namespace
}  // namespace gateway::egress

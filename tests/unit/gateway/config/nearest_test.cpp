#include "gateway/config/nearest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::config {
namespace {

const std::vector<std::string_view> kWords{"pipeline", "timeout", "deadline", "mode", "id"};

TEST(Nearest, ForgivesAFewEdits) {
  EXPECT_EQ(nearest("pipline", kWords), "pipeline");    // deletion
  EXPECT_EQ(nearest("pippeline", kWords), "pipeline");  // insertion
  EXPECT_EQ(nearest("pepeline", kWords), "pipeline");   // replacement
  EXPECT_EQ(nearest("pipelnie", kWords), "pipeline");   // swap
  EXPECT_EQ(nearest("PipeLine", kWords), "pipeline");   // case
  EXPECT_EQ(nearest("time-out", kWords), "timeout");
  EXPECT_EQ(nearest("mdoe", kWords), "mode");
}

TEST(Nearest, CountsASwapAsOneEdit) {
  // Two plain edits would be too many for so short a word.
  EXPECT_EQ(nearest("di", {"id"}), "id");
}

TEST(Nearest, HasNoIdeaAboutOtherWords) {
  EXPECT_EQ(nearest("headers", kWords), std::nullopt);
  EXPECT_EQ(nearest("xy", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), kWords), std::nullopt);
  EXPECT_EQ(nearest("mode", {}), std::nullopt);
}

TEST(Nearest, PrefersTheClosestAndThenTheFirst) {
  EXPECT_EQ(nearest("certs", {"caert", "cert"}), "cert");
  EXPECT_EQ(nearest("kex", {"key", "kez"}), "key");
}

}  // namespace
}  // namespace gateway::config

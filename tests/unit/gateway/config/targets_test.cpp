#include "gateway/config/targets.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace gateway::config {
namespace {

Settings settings() {
  Settings settings;
  settings.target = "bus:8080";
  settings.eventbus = "a";
  return settings;
}

TEST(Targets, AreNumberedOnce) {
  Targets targets(settings());
  EXPECT_EQ(targets.number_of("", ""), 0U);
  EXPECT_EQ(targets.number_of("", "b"), 1U);
  EXPECT_EQ(targets.number_of("other", ""), 2U);
  EXPECT_EQ(targets.number_of("other:80", "a"), 2U) << "it is the same place";
  EXPECT_EQ(targets.number_of("http://bus:8080/gateway/a", "b"), 0U);
  EXPECT_EQ(targets.number_of("HTTP://Bus:8080/gateway/a", "b"), 0U);
  ASSERT_EQ(targets.endpoints().size(), 3U);
  EXPECT_EQ(targets.endpoints()[0].url(), "http://bus:8080/gateway/a");
  EXPECT_EQ(targets.endpoints()[1].url(), "http://bus:8080/gateway/b");
}

TEST(Targets, AreUrls) {
  Targets targets(settings());
  EXPECT_THROW(targets.number_of("ftp://bus", ""), std::invalid_argument);
}

}  // namespace
}  // namespace gateway::config

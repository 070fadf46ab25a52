#include "gateway/egress/replay/replay_window.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using std::chrono::milliseconds;
using test::kStart;

constexpr milliseconds kQuick{2};

ReplayWindow wide_window() {
  ReplayWindow window;
  while (window.rows(kStart) < ReplayWindow::kMost) window.delivered(kQuick);
  return window;
}

TEST(ReplayWindow, BeginsWithFewRowsAndDoubles) {
  ReplayWindow window;
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kLeast);
  window.delivered(kQuick);
  EXPECT_EQ(window.rows(kStart), 2 * ReplayWindow::kLeast);
  window.delivered(kQuick);
  EXPECT_EQ(window.rows(kStart), 4 * ReplayWindow::kLeast);
}

TEST(ReplayWindow, IsNeitherWiderNorNarrowerThanItsBounds) {
  ReplayWindow window = wide_window();
  window.delivered(kQuick);
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kMost);
  for (int i = 0; i < 20; ++i) window.not_delivered();
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kLeast);
}

TEST(ReplayWindow, IsNarrowBesideNewEventsAndShortlyAfterThem) {
  ReplayWindow window = wide_window();
  window.posts_seen(kStart);
  EXPECT_TRUE(window.beside_posts(kStart));
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kMostBesidePosts);
  EXPECT_EQ(window.rows(kStart + ReplayWindow::kAfterPosts - milliseconds(1)),
            ReplayWindow::kMostBesidePosts);
  EXPECT_FALSE(window.beside_posts(kStart + ReplayWindow::kAfterPosts));
  EXPECT_EQ(window.rows(kStart + ReplayWindow::kAfterPosts), ReplayWindow::kMost);
}

// At 200 events a second a new event would wait twenty seconds behind 4,096 rows.
TEST(ReplayWindow, IsNarrowWhileTheEventbusIsSlow) {
  ReplayWindow window = wide_window();
  window.delivered(ReplayWindow::kShortWait + milliseconds(1));
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kMostBesidePosts);
  window.delivered(ReplayWindow::kShortWait + milliseconds(1));
  EXPECT_EQ(window.rows(kStart), ReplayWindow::kMostBesidePosts);
  window.delivered(ReplayWindow::kShortWait);
  EXPECT_EQ(window.rows(kStart), 2 * ReplayWindow::kMostBesidePosts);
}

}  // namespace
}  // namespace gateway::egress

#include "gateway/replay/replay_window.hpp"

#include <gtest/gtest.h>

namespace gateway::replay {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};

// Answers at a steady rate for so long.
void answer(ReplayWindow& window, std::uint64_t& answered, Instant& now, std::uint64_t per_second,
            std::chrono::seconds time) {
  for (const Instant end = now + time; now < end;) {
    now += 100ms;
    answered += per_second / 10;
    window.observe(answered, now);
  }
}

TEST(ReplayWindow, BeginsWithTheLeast) {
  ReplayWindow window(25s, 4);
  EXPECT_EQ(window.size(), 4u);
  window.observe(0, kStart);
  EXPECT_EQ(window.size(), 4u);
}

TEST(ReplayWindow, HoldsWhatIsAnsweredInAQuarterOfTheDeadline) {
  ReplayWindow window(20s, 4);
  Instant now = kStart;
  std::uint64_t answered = 0;
  window.observe(answered, now);
  answer(window, answered, now, 100, 10s);
  EXPECT_NEAR(static_cast<double>(window.size()), 500, 1);
  EXPECT_NEAR(window.per_second(), 100, 0.1);
}

TEST(ReplayWindow, StaysWithinItsBounds) {
  ReplayWindow window(25s, 4);
  Instant now = kStart;
  std::uint64_t answered = 0;
  window.observe(answered, now);
  answer(window, answered, now, 100'000, 3s);
  EXPECT_EQ(window.size(), ReplayWindow::kMost);
  answer(window, answered, now, 0, 30s);
  EXPECT_EQ(window.size(), 4u) << "the eventbus has fallen silent";
  EXPECT_EQ(ReplayWindow(25s, 10'000).size(), 10'000u);
}

}  // namespace
}  // namespace gateway::replay

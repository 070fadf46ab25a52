#include "runtime/early_signals.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace gateway {
namespace {

TEST(EarlySignals, KeepsTheFirstAndEndsAtTheSecond) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        const EarlySignals signals;
        if (EarlySignals::came()) std::exit(1);
        std::raise(SIGTERM);
        if (!EarlySignals::came()) std::exit(2);
        std::raise(SIGINT);
        std::exit(3);
      },
      testing::ExitedWithCode(128 + SIGINT), "");
}

}  // namespace
}  // namespace gateway

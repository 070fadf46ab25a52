#include "runtime/signal.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>

namespace gateway {
namespace {

using namespace std::chrono_literals;

class SignalTest : public testing::Test {
 protected:
  // Waits as those do that look for something again after each wake-up.
  Task<void> wait_for(bool& there, Instant deadline) {
    do {
      co_await signal_.wait_until(deadline);
      ++wakes_;
    } while (!there && SteadyClock::now() < deadline);
    ++ended_;
  }
  void begin(bool& there, Instant deadline) {
    asio::co_spawn(io_.get_executor(), wait_for(there, deadline), asio::detached);
  }

  asio::io_context io_;
  Signal signal_{io_.get_executor()};
  int wakes_ = 0;
  int ended_ = 0;
};

TEST_F(SignalTest, WaitersDoNotWakeEachOther) {
  bool there = false;
  for (int i = 0; i < 3; ++i) begin(there, SteadyClock::now() + 1h);
  // A bound, as they would never come to rest.
  for (int i = 0; i < 1000 && io_.poll_one() != 0; ++i) {
  }
  EXPECT_EQ(wakes_, 0);
  there = true;
  signal_.notify_all();
  io_.run();
  EXPECT_EQ(wakes_, 3);
  EXPECT_EQ(ended_, 3);
}

TEST_F(SignalTest, EachWaiterHasADeadlineOfItsOwn) {
  bool there = false;
  begin(there, SteadyClock::now() + 1h);
  begin(there, SteadyClock::now() + 1ms);
  while (ended_ == 0) io_.run_one();
  EXPECT_EQ(wakes_, 1);
  there = true;
  signal_.notify_all();
  io_.run();
  EXPECT_EQ(ended_, 2);
}

TEST_F(SignalTest, ANotificationWithoutAWaiterIsLost) {
  signal_.notify_all();
  bool there = false;
  begin(there, SteadyClock::now() + 1h);
  io_.poll();
  EXPECT_EQ(ended_, 0);
  there = true;
  signal_.notify_all();
  io_.run();
  EXPECT_EQ(ended_, 1);
}

}  // namespace
}  // namespace gateway

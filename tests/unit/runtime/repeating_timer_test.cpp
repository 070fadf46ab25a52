#include "runtime/repeating_timer.hpp"

#include <gtest/gtest.h>

#include <new>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(RepeatingTimer, CallsAtOnceAndAgainUntilItIsStopped) {
  asio::io_context context;
  int called = 0;
  RepeatingTimer* self = nullptr;
  RepeatingTimer timer(context.get_executor(), 1ms, [&] {
    if (++called == 3) self->stop();
  });
  self = &timer;
  timer.start();
  EXPECT_EQ(called, 1);
  context.run();
  EXPECT_EQ(called, 3);
}

TEST(RepeatingTimer, GoesOnAfterACallThatThrows) {
  asio::io_context context;
  int called = 0;
  RepeatingTimer* self = nullptr;
  RepeatingTimer timer(context.get_executor(), 1ms, [&] {
    if (++called == 2) throw std::bad_alloc();
    if (called == 4) self->stop();
  });
  self = &timer;
  timer.start();
  EXPECT_THROW(context.run(), std::bad_alloc);
  context.run();
  EXPECT_EQ(called, 4);
}

TEST(RepeatingTimer, StoppingEndsTheWait) {
  asio::io_context context;
  int called = 0;
  RepeatingTimer timer(context.get_executor(), 1h, [&] { ++called; });
  timer.start();
  timer.stop();
  context.run();  // else for an hour
  EXPECT_EQ(called, 1);
}

}  // namespace
}  // namespace gateway

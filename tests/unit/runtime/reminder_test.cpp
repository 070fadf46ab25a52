#include "runtime/reminder.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

using namespace std::chrono_literals;

TEST(Reminder, SaysItAtOnceAndAgainUntilItIsStopped) {
  asio::io_context context;
  int said = 0;
  Reminder* self = nullptr;
  Reminder reminder(context.get_executor(), 1ms, [&] {
    if (++said == 3) self->stop();
  });
  self = &reminder;
  reminder.start();
  EXPECT_EQ(said, 1);
  context.run();
  EXPECT_EQ(said, 3);
}

TEST(Reminder, StoppingEndsTheWait) {
  asio::io_context context;
  int said = 0;
  Reminder reminder(context.get_executor(), 1h, [&] { ++said; });
  reminder.start();
  reminder.stop();
  context.run();  // else for an hour
  EXPECT_EQ(said, 1);
}

}  // namespace
}  // namespace gateway

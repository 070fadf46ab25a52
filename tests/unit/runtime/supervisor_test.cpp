#include "runtime/supervisor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <new>
#include <stdexcept>

namespace gateway {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = Instant(1000s);

TEST(RestartPolicy, PausesLongerAndLongerAndGivesUp) {
  RestartPolicy policy;
  Instant now = kStart;
  std::chrono::milliseconds before{0};
  std::chrono::milliseconds all{0};
  for (unsigned i = 1; i < RestartPolicy::kMost; ++i) {
    const auto pause = policy.failed(now);
    ASSERT_TRUE(pause);
    EXPECT_GE(*pause, before);
    EXPECT_LE(*pause, RestartPolicy::kLongestPause);
    before = *pause;
    all += *pause;
    now += *pause;
  }
  EXPECT_FALSE(policy.failed(now));
  EXPECT_GT(all, 20s) << "a shortage that passes is outlasted";
  EXPECT_LT(all, 60s) << "half a process does not go on for long";
}

TEST(RestartPolicy, ForgetsAfterAQuietWhile) {
  RestartPolicy policy;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(policy.failed(kStart + i * RestartPolicy::kForgotten), RestartPolicy::kFirstPause);
  }
}

std::exception_ptr some_error() {
  return std::make_exception_ptr(std::runtime_error("for a test"));
}

TEST(Supervisor, KnowsWhoIsDown) {
  Supervisor supervisor;
  Supervisor::Part a(supervisor, "a");
  Supervisor::Part b(supervisor, "b");
  EXPECT_EQ(supervisor.down(), "") << "not started yet";
  a.running();
  b.running();
  EXPECT_EQ(supervisor.down(), "");
  EXPECT_TRUE(b.failed(some_error()));
  EXPECT_EQ(supervisor.down(), "b");
  EXPECT_EQ(supervisor.failures(), 1U);
  b.running();
  EXPECT_EQ(supervisor.down(), "");
  {
    Supervisor::Part c(supervisor, "c");
    EXPECT_TRUE(c.failed(some_error()));
    EXPECT_EQ(supervisor.down(), "c");
  }
  EXPECT_EQ(supervisor.down(), "") << "it is gone";
}

TEST(Supervisor, GivesUpOnce) {
  Supervisor supervisor;
  int given_up = 0;
  supervisor.on_give_up([&] { ++given_up; });
  Supervisor::Part a(supervisor, "a");
  Supervisor::Part b(supervisor, "b");
  for (unsigned i = 0; i < RestartPolicy::kMost; ++i) {
    EXPECT_EQ(supervisor.gave_up(), false);
    static_cast<void>(a.failed(some_error()));
  }
  for (unsigned i = 0; i < RestartPolicy::kMost; ++i) static_cast<void>(b.failed(some_error()));
  EXPECT_EQ(given_up, 1);
  EXPECT_TRUE(supervisor.gave_up());
  const auto why = supervisor.given_up();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->part, "a");
  EXPECT_FALSE(why->out_of_memory);
}

TEST(Supervisor, KnowsThatMemoryWasRefused) {
  Supervisor supervisor;
  Supervisor::Part part(supervisor, "part");
  EXPECT_FALSE(supervisor.given_up());
  part.lost(std::make_exception_ptr(std::bad_alloc()));
  const auto why = supervisor.given_up();
  ASSERT_TRUE(why);
  EXPECT_EQ(why->part, "part");
  EXPECT_TRUE(why->out_of_memory);
}

TEST(KeepRunning, StartsAgainUntilItEndsWell) {
  asio::io_context context;
  Supervisor supervisor;
  Supervisor::Part part(supervisor, "part");
  int runs = 0;
  int given_back = 0;
  const auto run = [&]() -> Task<void> {
    if (++runs < 3) throw std::bad_alloc();
    co_return;
  };
  asio::co_spawn(
      context,
      keep_running(
          part, context.get_executor(), run, [&] { ++given_back; }, [] { return false; }),
      asio::detached);
  context.run();
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(given_back, 2);
  EXPECT_EQ(supervisor.failures(), 2U);
  EXPECT_EQ(supervisor.down(), "");
}

TEST(KeepRunning, DoesNotWaitOnceTheProcessStops) {
  asio::io_context context;
  Supervisor supervisor;
  Supervisor::Part part(supervisor, "part");
  int runs = 0;
  bool stopping = false;
  const auto run = [&]() -> Task<void> {
    ++runs;
    stopping = true;
    throw std::runtime_error("for a test");
    co_return;
  };
  asio::co_spawn(context,
                 keep_running(
                     part, context.get_executor(), run, [] {}, [&] { return stopping; }),
                 asio::detached);
  context.run();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(supervisor.down(), "");
}

TEST(RunLoop, OutlivesAHandlerThatThrows) {
  asio::io_context context;
  Supervisor supervisor;
  Supervisor::Part part(supervisor, "loop");
  int handled = 0;
  asio::post(context, [&] {
    ++handled;
    throw std::bad_alloc();
  });
  asio::post(context, [&] { ++handled; });
  run_loop(part, context);
  EXPECT_EQ(handled, 2);
  EXPECT_EQ(supervisor.failures(), 1U);
  EXPECT_EQ(supervisor.down(), "");
}

}  // namespace
}  // namespace gateway

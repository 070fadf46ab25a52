#include "runtime/fair_semaphore.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <vector>

namespace gateway {
namespace {

using testing::ElementsAre;

TEST(FairSemaphore, GivesPermitsInTheOrderInWhichTheyWereAskedFor) {
  asio::io_context context{1};
  FairSemaphore permits(context.get_executor(), 2);
  std::vector<int> inside;
  for (int number = 0; number < 5; ++number) {
    const auto enter = [&permits, &inside, number]() -> Task<void> {
      co_await permits.acquire();
      inside.push_back(number);
    };
    asio::co_spawn(context, enter, [](const std::exception_ptr& error) { EXPECT_FALSE(error); });
  }
  const auto run = [&] {
    context.restart();
    context.poll();
  };
  run();
  EXPECT_THAT(inside, ElementsAre(0, 1));
  permits.release();
  run();
  EXPECT_THAT(inside, ElementsAre(0, 1, 2));
  permits.release();
  permits.release();
  run();
  EXPECT_THAT(inside, ElementsAre(0, 1, 2, 3, 4));
  permits.release();
  permits.release();
}

}  // namespace
}  // namespace gateway

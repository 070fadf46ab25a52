#include "runtime/places.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <vector>

namespace gateway {
namespace {

using testing::ElementsAre;

TEST(Places, LetInSoManyAtATimeInTheOrderOfTheirComing) {
  asio::io_context context{1};
  Places places(context.get_executor(), 2);
  std::vector<int> inside;
  for (int number = 0; number < 5; ++number) {
    const auto enter = [&places, &inside, number]() -> Task<void> {
      co_await places.enter();
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
  places.leave();
  run();
  EXPECT_THAT(inside, ElementsAre(0, 1, 2));
  places.leave();
  places.leave();
  run();
  EXPECT_THAT(inside, ElementsAre(0, 1, 2, 3, 4));
  places.leave();
  places.leave();
}

}  // namespace
}  // namespace gateway

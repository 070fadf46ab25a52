#include "runtime/name_lookup.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

namespace gateway {
namespace {

using namespace std::chrono_literals;
using Result = boost::system::result<std::vector<tcp::endpoint>>;

// Resolves on a loop of its own until it has ended.
Result resolve(NameLookup& lookup, asio::io_context& context, std::string host,
               Instant deadline = std::chrono::steady_clock::now() + 60s) {
  std::optional<Result> result;
  asio::co_spawn(context.get_executor(), lookup.resolve(std::move(host), 80, deadline),
                 [&](const std::exception_ptr& error, Result found) {
                   EXPECT_FALSE(error);
                   result = std::move(found);
                 });
  context.restart();
  context.run();
  return *result;
}

TEST(NameLookup, TakesNumericAddressesAsTheyAre) {
  asio::io_context context;
  NameLookup lookup(context.get_executor());
  const auto v4 = resolve(lookup, context, "127.0.0.1");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->front(), tcp::endpoint(asio::ip::make_address("127.0.0.1"), 80));
  const auto v6 = resolve(lookup, context, "::1");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->front(), tcp::endpoint(asio::ip::make_address("::1"), 80));
}

TEST(NameLookup, FindsThisMachineAgainAndAgain) {
  asio::io_context context;
  NameLookup lookup(context.get_executor());
  for (int i = 0; i < 3; ++i) {
    const auto found = resolve(lookup, context, "localhost");
    ASSERT_TRUE(found) << found.error().message();
    ASSERT_FALSE(found->empty());
    EXPECT_TRUE(found->front().address().is_loopback());
    EXPECT_EQ(found->front().port(), 80);
  }
}

TEST(NameLookup, SaysWhyThereIsNoAddress) {
  asio::io_context context;
  NameLookup lookup(context.get_executor());
  const auto found = resolve(lookup, context, "no such host");
  ASSERT_FALSE(found);
  EXPECT_FALSE(found.error().message().empty());
  EXPECT_EQ(found.error().message().find("asio"), std::string::npos) << found.error().message();
}

TEST(NameLookup, EndsAtItsDeadlineAndLeavesTheThreadBehind) {
  asio::io_context context;
  NameLookup lookup(context.get_executor());
  const auto found = resolve(lookup, context, "localhost", Instant::min());
  // The thread may have been quicker still.
  if (!found) EXPECT_EQ(found.error(), asio::error::timed_out);
  // What the thread finds later serves the next caller.
  EXPECT_TRUE(resolve(lookup, context, "localhost"));
}

TEST(NameLookup, EndsWhenCancelled) {
  asio::io_context context;
  NameLookup lookup(context.get_executor());
  lookup.cancel();
  const auto found = resolve(lookup, context, "localhost");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error(), asio::error::operation_aborted);
}

TEST(NameLookup, MayDieBeforeTheAnswerComes) {
  asio::io_context context;
  {
    NameLookup lookup(context.get_executor());
    static_cast<void>(resolve(lookup, context, "localhost", Instant::min()));
  }
  context.restart();
  EXPECT_EQ(context.run(), 0u);
}

}  // namespace
}  // namespace gateway

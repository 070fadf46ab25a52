#include "demo/poster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <string>
#include <vector>

#include "demo/embedded_eventbus.hpp"

namespace gateway::demo {
namespace {

namespace asio = boost::asio;

// Posts `count` times `body` to a server that takes CloudEvents only.
class PosterTest : public testing::Test {
 protected:
  std::vector<PostResult> post(const asio::ip::tcp::endpoint& to, const std::string& body,
                               std::uint64_t count, unsigned attempts = 1) {
    PosterSettings settings;
    settings.attempts = attempts;
    settings.pause = std::chrono::milliseconds(1);
    settings.gateway = to;
    settings.connections = 2;
    settings.rate = 1e6;
    settings.max_posts = count;
    std::vector<PostResult> results;
    Poster poster(
        context_, settings, [&](std::uint64_t, std::string& out) { out = body; },
        [&](const PostResult& result) { results.push_back(result); });
    asio::co_spawn(context_, poster.run(), [this](const std::exception_ptr& error) {
      context_.stop();
      if (error) std::rethrow_exception(error);
    });
    context_.run();
    return results;
  }

  asio::io_context context_{1};
  EmbeddedEventbus server_{context_, [](const ReceivedRequest&, const ReceivedEvents&) {}};
};

TEST_F(PosterTest, ReportsTheStatusOfEachPostAndReconnects) {
  // The server answers 400 and closes: every post needs a connection of its own.
  const auto results = post({asio::ip::address_v4::loopback(), server_.port()}, "{}", 5);
  ASSERT_EQ(results.size(), 5U);
  for (const PostResult& result : results) EXPECT_EQ(result.status, 400U) << result.text;
}

TEST_F(PosterTest, MakesARefusedPostAgainAsOftenAsItMay) {
  const auto results = post({asio::ip::address_v4::loopback(), server_.port()}, "{}", 5, 3);
  ASSERT_EQ(results.size(), 15U);
  for (std::uint64_t number = 0; number < 5; ++number) {
    EXPECT_EQ(std::count_if(results.begin(), results.end(),
                            [&](const PostResult& it) { return it.number == number; }),
              3);
  }
}

TEST_F(PosterTest, ReportsAPostThatGotNoAnswer) {
  const std::uint16_t port = server_.port();
  server_.stop();
  const auto results = post({asio::ip::address_v4::loopback(), port}, "{}", 2);
  ASSERT_EQ(results.size(), 2U);
  for (const PostResult& result : results) {
    EXPECT_EQ(result.status, 0U);
    EXPECT_FALSE(result.text.empty());
  }
}

}  // namespace
}  // namespace gateway::demo

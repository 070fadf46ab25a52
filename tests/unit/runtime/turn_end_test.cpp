#include "runtime/turn_end.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace gateway {
namespace {

class TurnEndTest : public testing::Test {
 protected:
  asio::io_context context_;
  std::string done_;
  TurnEnd end_{context_.get_executor(), [this] { done_ += 'e'; }};
};

TEST_F(TurnEndTest, WhatManyAskForIsDoneOnceAfterWhatIsReady) {
  for (const char name : {'a', 'b'}) {
    asio::post(context_, [this, name] {
      done_ += name;
      end_.request();
    });
  }
  context_.run();
  EXPECT_EQ(done_, "abe");
}

TEST_F(TurnEndTest, AHandlersTurnEndsWithIt) {
  asio::post(context_, [this] { end_.turn([this] { done_ += 'a', end_.request(); }); });
  asio::post(context_, [this] { end_.turn([this] { done_ += 'b'; }); });
  context_.run();
  EXPECT_EQ(done_, "aeb");
}

TEST_F(TurnEndTest, AHandlersTurnEndsThoseBeforeItToo) {
  asio::post(context_, [this] { end_.request(); });
  asio::post(context_, [this] { end_.turn([this] { done_ += 'a'; }); });
  context_.run();
  EXPECT_EQ(done_, "ae");
}

TEST_F(TurnEndTest, WhatIsAskedForAtTheEndIsDoneAtTheNext) {
  int rounds = 0;
  TurnEnd end(context_.get_executor(), [&] {
    if (++rounds < 3) end.request();
  });
  end.turn([&] { end.request(); });
  EXPECT_EQ(rounds, 1);
  context_.run();
  EXPECT_EQ(rounds, 3);
}

TEST_F(TurnEndTest, WhatAFailingHandlerAskedForIsNotForgotten) {
  EXPECT_THROW(end_.turn([this] {
    end_.request();
    throw std::runtime_error("failed");
  }),
               std::runtime_error);
  EXPECT_EQ(done_, "");
  context_.run();
  EXPECT_EQ(done_, "e");
}

}  // namespace
}  // namespace gateway

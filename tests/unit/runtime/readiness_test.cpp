#include "runtime/readiness.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <cerrno>
#include <vector>

#include "unit/runtime/readiness_support.hpp"

namespace gateway {
namespace {

using test::Reader;
using test::ReadinessTest;
using test::send;
using test::socket_pair;
using test::tcp_pair;

TEST_F(ReadinessTest, TellsOfWhatWasThereBeforeItWatched) {
  auto [near, far] = socket_pair();
  send(far, "early");
  Reader reader(set_, std::move(near));
  ASSERT_FALSE(reader.watch());
  settle();
  EXPECT_EQ(reader.got, "early");
}

TEST_F(ReadinessTest, AShortReadIsTheOnlyOne) {
  auto [reader, far] = watched(socket_pair());
  for (int i = 1; i <= 3; ++i) {
    send(far, "post");
    settle();
    EXPECT_EQ(reader->calls, i);
    EXPECT_EQ(reader->reads, i);
  }
  EXPECT_EQ(reader->got, "postpostpost");
}

TEST_F(ReadinessTest, AReadThatFillsItsRoomIsFollowedByAnother) {
  auto [reader, far] = watched(socket_pair());
  reader->at_most = 4;
  send(far, "12345678");
  settle();
  EXPECT_EQ(reader->got, "12345678");
  EXPECT_EQ(reader->reads, 3);
  EXPECT_EQ(reader->error, asio::error::would_block);
  send(far, "9");
  settle();
  EXPECT_EQ(reader->got, "123456789");
}

TEST_F(ReadinessTest, IsQuietWhenNothingHappens) {
  auto [reader, far] = watched(socket_pair());
  send(far, "x");
  settle();
  const int calls = reader->calls;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(context_.poll(), 0U);
  EXPECT_EQ(reader->calls, calls);
}

TEST_F(ReadinessTest, TellsOfManyMoreThanABatchHolds) {
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<Descriptor> fars;
  for (int i = 0; i < 300; ++i) {
    auto [reader, far] = watched(socket_pair());
    readers.push_back(std::move(reader));
    fars.push_back(std::move(far));
  }
  for (int round = 1; round <= 3; ++round) {
    for (const Descriptor& far : fars) send(far, "x");
    settle();
    for (const auto& reader : readers) EXPECT_EQ(reader->calls, round);
  }
}

TEST_F(ReadinessTest, WhatIsDiscardedIsReadAndNotCopied) {
  auto [reader, far] = watched(tcp_pair());
  std::array<char, 8> nowhere{};
  reader->instead = [&, at = reader.get()] { at->error = at->discard(nowhere).error; };
  send(far, "12345");
  settle();
  EXPECT_FALSE(reader->error);
  EXPECT_FALSE(reader->may_read());
  EXPECT_EQ(nowhere, (std::array<char, 8>{}));
  reader->instead = nullptr;
  send(far, "6");
  settle();
  EXPECT_EQ(reader->got, "6");
}

TEST_F(ReadinessTest, BytesBeforeTheEndAreReadAndThenTheEnd) {
  auto [reader, far] = watched(tcp_pair());
  send(far, "last");
  ASSERT_EQ(::shutdown(far.get(), SHUT_WR), 0);
  settle();
  EXPECT_EQ(reader->got, "last");
  EXPECT_EQ(reader->error, asio::error::eof);
  EXPECT_FALSE(reader->may_read());
}

TEST_F(ReadinessTest, TheEndIsToldAfterAShortRead) {
  auto [reader, far] = watched(tcp_pair());
  send(far, "first");
  settle();
  EXPECT_FALSE(reader->error);
  far.close();
  settle();
  EXPECT_EQ(reader->error, asio::error::eof);
}

TEST_F(ReadinessTest, AResetIsAnError) {
  auto [reader, far] = watched(tcp_pair());
  settle();
  const linger at_once{1, 0};
  ASSERT_EQ(::setsockopt(far.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  far.close();
  settle();
  EXPECT_EQ(reader->error, asio::error::connection_reset);
}

TEST_F(ReadinessTest, BytesBehindUrgentDataAreNotLeftThere) {
  auto [reader, far] = watched(tcp_pair());
  send(far, "before");
  ASSERT_EQ(::send(far.get(), "!", 1, MSG_OOB), 1);
  send(far, "behind");
  settle();
  EXPECT_EQ(reader->got, "beforebehind");
}

TEST_F(ReadinessTest, TellsOfRoomToWriteWhenThereIsSomeAgain) {
  auto [reader, far] = watched(tcp_pair());
  const std::string much(std::size_t{1} << 16, 'x');
  while (::send(reader->handle(), much.data(), much.size(), 0) > 0) {
  }
  ASSERT_EQ(errno, EAGAIN);
  ASSERT_FALSE(reader->watch_writable());
  settle();
  EXPECT_EQ(reader->writables, 0);
  std::string sink(std::size_t{1} << 20, ' ');
  while (::recv(far.get(), sink.data(), sink.size(), MSG_DONTWAIT) > 0) {
  }
  settle();
  EXPECT_EQ(reader->writables, 1);
}

TEST_F(ReadinessTest, ReadsTheClockBeforeItTells) {
  auto [reader, far] = watched(socket_pair());
  settle();
  const Instant before = clock_.now();
  Instant seen{};
  reader->instead = [&] { seen = clock_.now(); };
  send(far, "x");
  settle();
  EXPECT_GT(seen, before);
}

TEST_F(ReadinessTest, StoppedItTellsNothingAndLetsTheLoopRunDry) {
  auto [reader, far] = watched(socket_pair());
  send(far, "x");
  reader->call_again();
  set_.stop();
  context_.run();  // else forever
  EXPECT_EQ(reader->calls, 0);
}

TEST_F(ReadinessTest, StoppedFromWithinIsTheSame) {
  auto [reader, far] = watched(socket_pair());
  reader->instead = [&] { set_.stop(); };
  send(far, "x");
  context_.run();
  EXPECT_EQ(reader->calls, 1);
}

}  // namespace
}  // namespace gateway

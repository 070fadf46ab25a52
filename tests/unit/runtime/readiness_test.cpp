#include "runtime/readiness.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway {
namespace {

using Ends = std::pair<Descriptor, Descriptor>;

Ends socket_pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Two ends of a TCP connection, for what only TCP has.
Ends tcp_pair() {
  Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  tcp::endpoint at(asio::ip::address_v4::loopback(), 0);
  auto size = static_cast<socklen_t>(at.size());
  EXPECT_EQ(::bind(listener.get(), at.data(), size), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), at.data(), &size), 0);
  Descriptor client(::socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_EQ(::connect(client.get(), at.data(), size), 0);
  Descriptor server(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK));
  EXPECT_TRUE(server);
  return {std::move(server), std::move(client)};
}

void send(const Descriptor& end, std::string_view bytes) {
  ASSERT_EQ(::send(end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

// Reads all it is told of, into as much room as it is given, and keeps count.
class Reader final : public WatchedSocket {
 public:
  Reader(Readiness& set, Descriptor socket) : WatchedSocket(set, std::move(socket)) {}

  using WatchedSocket::call_again;
  using WatchedSocket::close;
  using WatchedSocket::discard;
  using WatchedSocket::handle;
  using WatchedSocket::may_read;
  using WatchedSocket::receive;
  using WatchedSocket::watch;
  using WatchedSocket::watch_writable;

  void on_ready(bool writable) override {
    ++calls;
    writables += writable ? 1 : 0;
    if (instead) {
      instead();
      return;
    }
    while (may_read()) {
      const Received received = receive(std::span(room).first(at_most));
      ++reads;
      got.append(room.data(), received.size);
      if (received.error) error = received.error;
    }
  }

  std::function<void()> instead;
  std::array<char, 64> room{};
  std::size_t at_most = 64;
  int calls = 0;
  int writables = 0;
  int reads = 0;
  std::string got;
  error_code error;
};

class ReadinessTest : public testing::Test {
 protected:
  ReadinessTest() { set_.start(); }

  // Until nothing happens any more. The set waits on, so the context does not run dry.
  void settle() {
    while (context_.poll() != 0) {
    }
  }
  std::pair<std::unique_ptr<Reader>, Descriptor> watched(Ends ends) {
    auto reader = std::make_unique<Reader>(set_, std::move(ends.first));
    EXPECT_FALSE(reader->watch());
    return {std::move(reader), std::move(ends.second)};
  }

  asio::io_context context_;
  Clock clock_;
  int ends_ = 0;
  TurnEnd turn_end_{context_.get_executor(), [this] { ++ends_; }};
  Readiness set_{context_.get_executor(), clock_, turn_end_};
};

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

TEST_F(ReadinessTest, TellsOneTurnsSocketsInOneHandler) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  settle();
  send(far_one, "x");
  send(far_two, "x");
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(one->calls + two->calls, 2);
}

TEST_F(ReadinessTest, EndsTheTurnWhenAllAreToldWithoutAnotherPass) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  settle();
  one->instead = two->instead = [this] { turn_end_.request(); };
  send(far_one, "x");
  send(far_two, "x");
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(ends_, 1);
  settle();
  EXPECT_EQ(ends_, 1);
}

// 32 sockets with 32 KiB each, twice what a turn reads.
class MuchReadinessTest : public ReadinessTest {
 protected:
  MuchReadinessTest() {
    for (int i = 0; i < 32; ++i) {
      auto [reader, far] = watched(socket_pair());
      reader->instead = [this, at = reader.get()] {
        EXPECT_EQ(at->receive(room_).size, much_.size());
        ++told_;
      };
      readers_.push_back(std::move(reader));
      fars_.push_back(std::move(far));
    }
    settle();
    for (const Descriptor& far : fars_) send(far, much_);
  }

  const std::string much_ = std::string(std::size_t{32} << 10, 'x');
  std::string room_ = std::string(much_.size(), ' ');
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<Descriptor> fars_;
  int told_ = 0;
};

TEST_F(MuchReadinessTest, ATurnEndsWhenItHasReadMuchAndTheOthersFollow) {
  EXPECT_EQ(context_.poll_one(), 1U);
  EXPECT_EQ(told_, 16);
  settle();
  EXPECT_EQ(told_, 32);
}

TEST_F(MuchReadinessTest, AskingToBeCalledAgainPutsOffNobody) {
  int calls = 0;
  readers_[0]->instead = [&, at = readers_[0].get()] {
    if (++calls == 1) at->call_again();
    if (calls == 2) EXPECT_EQ(told_, 31);
  };
  settle();
  EXPECT_EQ(calls, 2);
}

TEST_F(MuchReadinessTest, ASocketClosedWhileItIsPutOffIsNotTold) {
  EXPECT_EQ(context_.poll_one(), 1U);
  for (const auto& reader : readers_) reader->close();
  settle();
  EXPECT_EQ(told_, 16);
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

TEST_F(ReadinessTest, ASocketClosedByAnotherOfItsBatchIsNotTold) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  Reader* const pair[] = {one.get(), two.get()};
  one->instead = [&] { pair[1]->close(); };
  two->instead = [&] { pair[0]->close(); };
  send(far_one, "x");
  send(far_two, "x");
  settle();
  EXPECT_EQ(one->calls + two->calls, 1);
}

TEST_F(ReadinessTest, ASocketDestroyedByAnotherOfItsBatchIsNotTold) {
  auto [one, far_one] = watched(socket_pair());
  auto [two, far_two] = watched(socket_pair());
  int calls = 0;
  auto& second = two;
  auto& first = one;
  first->instead = [&] { ++calls, second.reset(); };
  second->instead = [&] { ++calls, first.reset(); };
  send(far_one, "x");
  send(far_two, "x");
  settle();
  EXPECT_EQ(calls, 1);
}

TEST_F(ReadinessTest, ANewSocketMayHaveTheNumberOfAClosedOne) {
  auto [old, far_old] = watched(socket_pair());
  const int number = old->handle();
  send(far_old, "old");
  old->close();
  auto ends = socket_pair();
  ASSERT_EQ(ends.first.get(), number);
  auto [reader, far] = watched(std::move(ends));
  send(far, "new");
  settle();
  EXPECT_EQ(old->calls, 0);
  EXPECT_EQ(reader->got, "new");
}

TEST_F(ReadinessTest, CallsAgainInTheNextTurnAfterWhatOthersHaveReady) {
  auto [patient, far_patient] = watched(socket_pair());
  auto [greedy, far_greedy] = watched(socket_pair());
  std::string order;
  auto& self = greedy;
  greedy->instead = [&] {
    order += 'g';
    char byte = 0;
    (void)self->receive({&byte, 1});
    if (self->may_read()) self->call_again();
    if (order == "g") send(far_patient, "x");
  };
  patient->instead = [&] { order += 'p'; };
  send(far_greedy, "123");
  settle();
  EXPECT_EQ(order, "gpggg");  // the last call finds nothing more
}

TEST_F(ReadinessTest, ASocketClosedBeforeItsTurnIsNotCalledAgain) {
  auto [reader, far] = watched(socket_pair());
  settle();
  reader->call_again();
  reader->call_again();
  reader->close();
  reader->call_again();
  settle();
  EXPECT_EQ(reader->calls, 0);
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

#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/readiness.hpp"

// What the tests of readiness share: sockets, and one who reads from them.
namespace gateway::test {

using Ends = std::pair<Descriptor, Descriptor>;

inline Ends socket_pair() {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Two ends of a TCP connection, for what only TCP has.
inline Ends tcp_pair() {
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

inline void send(const Descriptor& end, std::string_view bytes) {
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

}  // namespace gateway::test

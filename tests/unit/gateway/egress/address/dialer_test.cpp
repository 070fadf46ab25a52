#include "gateway/egress/address/dialer.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/turn_end.hpp"
#include "support/tunnel_proxy.hpp"
#include "testkit/socket.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

tcp::endpoint at(std::uint16_t port) {
  return {asio::ip::address_v4::loopback(), port};
}

// A port on which connections are made.
struct Open {
  Open() { ::listen(socket.fd(), 16); }
  std::uint16_t port = 0;
  test::Socket socket = test::bind_loopback(port);
};

// A port whose kernel drops what asks for a connection, as its queue is full.
struct Silent {
  Silent() {
    ::listen(socket.fd(), 0);
    for (int i = 0; i < 3; ++i) {
      waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      const tcp::endpoint to = at(port);
      static_cast<void>(
          ::connect(waiting.back().fd(), to.data(), static_cast<socklen_t>(to.size())));
    }
  }
  std::uint16_t port = 0;
  test::Socket socket = test::bind_loopback(port);
  std::vector<test::Socket> waiting;
};

class DialerTest : public testing::Test {
 protected:
  void SetUp() override { transports_.start(); }
  void TearDown() override { transports_.stop(); }

  // What dial() comes to.
  std::unique_ptr<transport::Transport> dial(std::vector<tcp::endpoint> order,
                                             std::chrono::milliseconds within = 5s) {
    std::optional<std::unique_ptr<transport::Transport>> result;
    const Instant begun = SteadyClock::now();
    Dialer& dialer = tunnelled_ ? *tunnelled_ : dialer_;
    asio::co_spawn(context_.get_executor(), dialer.dial(std::move(order), begun + within),
                   [&](const std::exception_ptr& error, std::unique_ptr<transport::Transport> got) {
                     EXPECT_FALSE(error);
                     result = std::move(got);
                   });
    while (!result && SteadyClock::now() < begun + 20s) context_.run_one_for(100ms);
    took_ = SteadyClock::now() - begun;
    if (!result) return nullptr;
    return std::move(*result);
  }

  asio::io_context context_{1};
  Clock clock_;
  TurnEnd turn_end_{context_.get_executor(), [] {}};
  transport::Transports transports_{context_.get_executor(), clock_, turn_end_};
  Dialer dialer_{transports_, context_.get_executor(), [] { return nullptr; }};
  std::optional<Dialer> tunnelled_;  // used where there is one
  SteadyClock::duration took_{};
};

TEST_F(DialerTest, ReachesTheFirst) {
  const Open first;
  const Open second;
  EXPECT_NE(dial({at(first.port), at(second.port)}), nullptr);
  EXPECT_EQ(dialer_.reached(), at(first.port));
  EXPECT_TRUE(dialer_.losers().empty());
}

TEST_F(DialerTest, TriesTheNextAtOnceWhenOneRefuses) {
  const Open open;
  const std::uint16_t refusing = test::free_port();
  EXPECT_NE(dial({at(refusing), at(open.port)}), nullptr);
  EXPECT_LT(took_, Dialer::kHeadStart);
  EXPECT_EQ(dialer_.reached(), at(open.port));
  ASSERT_EQ(dialer_.losers().size(), 1U);
  EXPECT_EQ(dialer_.losers()[0].address, at(refusing));
  EXPECT_EQ(dialer_.losers()[0].reason, "Connection refused");
}

TEST_F(DialerTest, DoesNotWaitForOneThatIsSilent) {
  const Silent silent;
  const Open open;
  EXPECT_NE(dial({at(silent.port), at(open.port)}), nullptr);
  EXPECT_GE(took_, Dialer::kHeadStart);
  EXPECT_LT(took_, 4 * Dialer::kHeadStart);
  EXPECT_EQ(dialer_.reached(), at(open.port));
  ASSERT_EQ(dialer_.losers().size(), 1U);
  EXPECT_EQ(dialer_.losers()[0].address, at(silent.port));
}

TEST_F(DialerTest, SaysWhyNoneWasReached) {
  const Silent silent;
  EXPECT_EQ(dial({at(silent.port), at(test::free_port())}, 600ms), nullptr);
  EXPECT_GE(took_, 600ms);
  ASSERT_EQ(dialer_.losers().size(), 2U);
  EXPECT_EQ(dialer_.losers()[0].reason, "connect timed out");
  EXPECT_EQ(dialer_.losers()[1].reason, "Connection refused");
}

TEST_F(DialerTest, AsksAProxyForATunnel) {
  const Open behind;
  test::TunnelProxy proxy(behind.port);
  tunnelled_.emplace(
      transports_, context_.get_executor(), [] { return nullptr; },
      ProxyTunnel(HttpProxy("proxy.corp", 3128), "bus.example", 443));
  EXPECT_NE(dial({at(proxy.port())}), nullptr);
  ASSERT_EQ(proxy.requests().size(), 1U);
  EXPECT_TRUE(proxy.requests()[0].starts_with("CONNECT bus.example:443 HTTP/1.1\r\n"));

  proxy.answer("HTTP/1.1 403 Filtered\r\nConnection: close\r\n\r\n");
  const std::uint16_t refusing = test::free_port();
  EXPECT_EQ(dial({at(refusing), at(proxy.port())}), nullptr);
  ASSERT_EQ(tunnelled_->losers().size(), 2U);
  EXPECT_EQ(tunnelled_->losers()[1].reason,
            "the proxy proxy.corp:3128 does not allow bus.example:443 (403 Filtered)");

  proxy.answer("");
  EXPECT_EQ(dial({at(proxy.port())}, 600ms), nullptr);
  EXPECT_LT(took_, 3s);
  EXPECT_EQ(tunnelled_->losers()[0].reason, "proxy timed out");
}

TEST_F(DialerTest, EndsWhenCancelled) {
  const Silent silent;
  asio::post(context_, [this] { dialer_.cancel(); });
  EXPECT_EQ(dial({at(silent.port)}), nullptr);
  EXPECT_LT(took_, 1s);
  EXPECT_EQ(dial({at(silent.port)}), nullptr) << "for good";
}

}  // namespace
}  // namespace gateway::egress

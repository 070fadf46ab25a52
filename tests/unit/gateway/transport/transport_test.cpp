#include "gateway/transport/transport.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/transport/dial.hpp"
#include "gateway/transport/transports.hpp"
#include "support/tls_folder.hpp"

namespace gateway::transport {
namespace {

using namespace std::chrono_literals;

// One end: receives all there is, sends what it is told as far as the socket takes it.
class Peer final : public Transport::User {
 public:
  void use(std::unique_ptr<Transport> transport) {
    transport_ = std::move(transport);
    transport_->set_user(*this);
  }
  void on_ready(bool writable) override {
    if (writable) send();
    while (!error && transport_->may_receive()) {
      const auto received = discards ? transport_->discard(UINT64_MAX) : transport_->receive(room_);
      if (received.error == asio::error::would_block) return;
      if (!discards) got.append(room_.data(), received.size);
      discarded += discards ? received.size : 0;
      error = received.error;
    }
  }
  void on_secured(const tls::TlsSession& /*session*/) override { secured = true; }
  void say(std::string_view bytes) {
    unsent += bytes;
    send();
  }
  void send() {
    while (!unsent.empty() && !transport_->blocked()) {
      error_code failed;
      unsent.erase(0, transport_->send(unsent, failed));
      ASSERT_FALSE(failed) << failed.message();
    }
  }
  [[nodiscard]] Transport& transport() { return *transport_; }
  void drop() { transport_.reset(); }

  std::string got;
  std::string unsent;
  std::size_t discarded = 0;
  error_code error;
  bool discards = false;
  bool secured = false;

 private:
  std::unique_ptr<Transport> transport_;
  std::array<char, 4096> room_{};
};

class TransportTest : public testing::TestWithParam<bool> {
 protected:
  TransportTest() {
    listener_.open(tcp::v4());
    listener_.bind({asio::ip::address_v4::loopback(), 0});
    listener_.listen();
    transports_.start();
    if (GetParam()) {
      source_ = std::make_unique<tls::TlsSource>(tls::Side::server, folder_.server());
      trust_ = *tls::TlsContext::client(folder_.client());
    }
  }
  ~TransportTest() override {
    client_.drop();
    server_.drop();
    transports_.stop();
  }

  template <class Condition>
  void run_until(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      context_.run_one_for(100ms);
    }
  }
  // Runs a coroutine to its end and returns its error.
  error_code await(Task<error_code> task) {
    std::optional<error_code> result;
    asio::co_spawn(context_.get_executor(), std::move(task),
                   [&](const std::exception_ptr& failed, error_code error) {
                     EXPECT_EQ(failed, nullptr);
                     result = error;
                   });
    run_until([&] { return result.has_value(); });
    return result.value_or(asio::error::fault);
  }
  void accept() {
    Descriptor socket(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK));
    ASSERT_TRUE(socket);
    auto transport = std::make_unique<Transport>(transports_, std::move(socket), server_);
    if (source_) transport->accept_tls(*source_);
    ASSERT_FALSE(transport->watch());
    server_.use(std::move(transport));
  }
  // Both ends, ready to speak.
  void meet() {
    ASSERT_FALSE(await(dial_.connect(listener_.local_endpoint(), soon())));
    accept();
    if (trust_) {
      ASSERT_FALSE(await(dial_.secure(
          std::make_unique<tls::TlsSession>(trust_, "127.0.0.1", tls::Ticket()), soon())));
    }
    client_.use(dial_.take());
    run_until([&] { return server_.transport().stage() == Transport::Stage::open; });
  }
  static Instant soon() { return std::chrono::steady_clock::now() + 10s; }

  asio::io_context context_{1};
  Clock clock_;
  TurnEnd turn_end_{context_.get_executor(), [] {}};
  Transports transports_{context_.get_executor(), clock_, turn_end_};
  Acceptor listener_{context_.get_executor()};
  test::TlsFolder folder_;
  std::unique_ptr<tls::TlsSource> source_;
  tls::TlsContext::Ptr trust_;
  Dial dial_{transports_, context_.get_executor()};
  Peer client_;
  Peer server_;
};

TEST_P(TransportTest, WhatHasComeIsReceivedAfterAWriteThatFailed) {
  meet();
  // Nothing is read meanwhile: the loop does not run. Unread bytes make an end a reset.
  client_.say("requests");
  server_.say("answers");
  server_.drop();
  error_code failed;
  const std::string more(1000, 'x');
  for (int i = 0; i < 100 && !failed; ++i) {
    static_cast<void>(client_.transport().send(std::string_view(more), failed));
  }
  ASSERT_TRUE(failed);
  error_code again;
  EXPECT_EQ(client_.transport().send(std::string_view(more), again), 0U);
  EXPECT_TRUE(again);
  run_until([&] { return client_.error || !client_.got.empty(); });
  EXPECT_EQ(client_.got, "answers");
  run_until([&] { return !!client_.error; });
}

TEST_P(TransportTest, CarriesBytesBothWays) {
  meet();
  client_.say("question");
  run_until([&] { return server_.got == "question"; });
  server_.say("answer");
  run_until([&] { return client_.got == "answer"; });
  EXPECT_EQ(server_.secured, GetParam());
}

TEST_P(TransportTest, CarriesMoreThanTheSocketHoldsAndInOrder) {
  meet();
  std::string much;
  for (int i = 0; much.size() < (std::size_t{16} << 20); ++i) much += std::to_string(i) + ' ';
  client_.say(much);
  EXPECT_TRUE(client_.transport().blocked());
  run_until([&] { return server_.got.size() == much.size(); });
  EXPECT_EQ(server_.got, much);
  EXPECT_TRUE(client_.unsent.empty());
  EXPECT_EQ(client_.transport().unsent(), 0U);
}

TEST_P(TransportTest, AnEndThatIsSaidIsAnEnd) {
  meet();
  client_.say("last");
  client_.transport().finish();
  run_until([&] { return server_.error.failed(); });
  EXPECT_EQ(server_.got, "last");
  EXPECT_EQ(server_.error, asio::error::eof);
}

TEST_P(TransportTest, ASocketThatIsCutOffIsNoEndUnderTls) {
  meet();
  ::shutdown(client_.transport().handle(), SHUT_WR);
  run_until([&] { return server_.error.failed(); });
  if (GetParam()) {
    EXPECT_EQ(server_.error, TransportError::cut_off);
  } else {
    EXPECT_EQ(server_.error, asio::error::eof);
  }
}

TEST_P(TransportTest, WhatComesAfterTheEndIsDiscarded) {
  meet();
  server_.transport().finish();
  server_.discards = true;
  run_until([&] { return client_.error.failed(); });
  EXPECT_EQ(client_.error, asio::error::eof);
  const std::string late(std::size_t{1} << 20, 'x');
  client_.say(late);
  run_until([&] { return server_.discarded >= late.size(); });
  EXPECT_EQ(server_.got, "");
}

TEST_P(TransportTest, DiscardsPlainTextThatNobodyWants) {
  meet();
  server_.discards = true;
  const std::string unwanted(std::size_t{1} << 20, 'x');
  client_.say(unwanted);
  run_until([&] { return server_.discarded == unwanted.size(); });
  server_.discards = false;
  client_.say("wanted");
  run_until([&] { return server_.got == "wanted"; });
}

TEST_P(TransportTest, ARefusedConnectionIsAnError) {
  const tcp::endpoint nobody = listener_.local_endpoint();
  listener_.close();
  EXPECT_EQ(await(dial_.connect(nobody, soon())), asio::error::connection_refused);
}

TEST_P(TransportTest, ACancelledDialEnds) {
  dial_.cancel();
  EXPECT_EQ(await(dial_.connect(listener_.local_endpoint(), soon())),
            asio::error::operation_aborted);
}

INSTANTIATE_TEST_SUITE_P(InPlainTextAndTls, TransportTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Tls" : "PlainText"; });

class TlsTransportTest : public TransportTest {
 protected:
  // A client that does not speak TLS.
  void say_in_the_open(std::string_view bytes) {
    ASSERT_FALSE(await(dial_.connect(listener_.local_endpoint(), soon())));
    accept();
    client_.use(dial_.take());
    client_.say(bytes);
    run_until([&] { return server_.error.failed(); });
  }
};

TEST_P(TlsTransportTest, TellsHttpInTheOpenFromOtherNoise) {
  say_in_the_open("POST / HTTP/1.1\r\n");
  EXPECT_EQ(server_.error, TransportError::plain_http);
  server_.say("in the open as well");
  run_until([&] { return client_.got == "in the open as well"; });
}

TEST_P(TlsTransportTest, NoiseIsNoTls) {
  say_in_the_open("\x01\x02\x03");
  EXPECT_EQ(server_.error, TransportError::not_tls);
}

TEST_P(TlsTransportTest, ABrokenHandshakeFails) {
  say_in_the_open(std::string_view("\x16\x03\x01\x00\x04no!!", 9));
  EXPECT_EQ(server_.error, TransportError::protocol);
  EXPECT_NE(server_.transport().describe(server_.error), "TLS failed") << "in OpenSSL's words";
}

TEST_P(TlsTransportTest, AHandshakeThatDoesNotComeEndsAtTheDeadline) {
  ASSERT_FALSE(await(dial_.connect(listener_.local_endpoint(), soon())));
  auto session = std::make_unique<tls::TlsSession>(trust_, "127.0.0.1", tls::Ticket());
  EXPECT_EQ(await(dial_.secure(std::move(session), std::chrono::steady_clock::now() + 20ms)),
            asio::error::timed_out);
}

TEST_P(TlsTransportTest, ACertificateForAnotherHostIsRefused) {
  ASSERT_FALSE(await(dial_.connect(listener_.local_endpoint(), soon())));
  accept();
  auto session = std::make_unique<tls::TlsSession>(trust_, "other.example", tls::Ticket());
  const error_code error = await(dial_.secure(std::move(session), soon()));
  EXPECT_EQ(error, TransportError::certificate);
  EXPECT_NE(dial_.describe(error).find("hostname mismatch"), std::string::npos)
      << dial_.describe(error);
}

INSTANTIATE_TEST_SUITE_P(Tls, TlsTransportTest, testing::Values(true));

}  // namespace
}  // namespace gateway::transport

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <string>
#include <vector>

#include "gateway/tls/tls_session.hpp"
#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/tls_client.hpp"
#include "support/tls_folder.hpp"
#include "testkit/eventually.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TlsIngress : public testing::Test {
 protected:
  TlsIngress() : settings_(loopback_settings(bus_.port())) {
    settings_.ingress.tls = folder_.server();
    trusting_.ca = folder_.authority().file();
  }
  void start() { gateway_ = std::make_unique<RunningGateway>(settings_); }
  [[nodiscard]] std::uint16_t port() const { return gateway_->gateway().port(); }
  [[nodiscard]] TlsClient connect(const TlsClient::SessionPtr& resume = nullptr) const {
    return TlsClient(port(), trusting_, resume);
  }
  // Until so many have been counted, which is after the client was told.
  [[nodiscard]] bool failed(TlsFailure why, std::uint64_t times) const {
    return gateway_->wait_for([=](const observe::Snapshot& now) {
      return now.tls_failures[static_cast<std::size_t>(why)] == times;
    });
  }
  [[nodiscard]] Exposition metrics() const {
    return parse_exposition(gateway_->connect_admin().get("/metrics").body);
  }

  ScriptedEventbus bus_;
  TlsFolder folder_;
  config::Settings settings_;
  TlsClientOptions trusting_;
  std::unique_ptr<RunningGateway> gateway_;
};

TEST_F(TlsIngress, PostsAreTakenInTls12AndTls13) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    trusting_.version = version;
    TlsClient client = connect();
    EXPECT_EQ(client.version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
    EXPECT_EQ(client.protocol(), "http/1.1");
    for (int i = 0; i < 5; ++i) {
      const Response answer = client.post(cos_payload(2));
      EXPECT_EQ(answer.status, 200u);
      EXPECT_EQ(answer.body, R"({"records":2})");
    }
  }
  EXPECT_EQ(bus_.requests().size(), 20u);
  EXPECT_EQ(gateway_->snapshot().tls_handshakes, 2u);
}

TEST_F(TlsIngress, OlderVersionsAreRefused) {
  start();
  trusting_.version = TLS1_1_VERSION;
  EXPECT_THROW(static_cast<void>(connect()), std::runtime_error);
}

TEST_F(TlsIngress, PipelinedPostsAreAnsweredInOrder) {
  start();
  TlsClient client = connect();
  std::string all;
  for (unsigned i = 0; i < 30; ++i) all += post_text(cos_payload(i % 3));
  client.send(all);
  for (unsigned i = 0; i < 30; ++i) {
    EXPECT_EQ(client.response().body, "{\"records\":" + std::to_string(i % 3) + "}");
  }
}

// More than a connection may have unanswered: the rest waits, partly in the gateway, sealed.
TEST_F(TlsIngress, AFloodOfPostsIsReadAsItIsAnswered) {
  start();
  TlsClient client = connect();
  EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
  bus_.hold();
  std::string all;
  for (int i = 0; i < 200; ++i) all += post_text(cos_payload(1));
  client.send(all);
  ASSERT_TRUE(gateway_->wait_for([](const observe::Snapshot& now) { return now.received == 65; }));
  bus_.release();
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.response().status, 200u) << i;
  EXPECT_EQ(gateway_->snapshot().delivered, 201u);
}

TEST_F(TlsIngress, LargeBodiesArriveWhole) {
  start();
  TlsClient client = connect();
  const std::string record = R"({"key":")" + std::string(3'000'000, 'k') + R"("})";
  EXPECT_EQ(client.post(R"({"Records":[)" + record + "]}").status, 200u);
  const Requests requests = bus_.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].body, record);
}

TEST_F(TlsIngress, SessionsAreResumed) {
  start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    trusting_.version = version;
    TlsClient first = connect();
    EXPECT_EQ(first.post(cos_payload(1)).status, 200u);
    EXPECT_FALSE(first.resumed());
    ASSERT_NE(first.session(), nullptr);
    TlsClient second = connect(first.session());
    EXPECT_TRUE(second.resumed());
    EXPECT_EQ(second.post(cos_payload(1)).status, 200u);
  }
  EXPECT_EQ(gateway_->snapshot().tls_resumptions, 2u);
}

TEST_F(TlsIngress, KeysMayBeUpdatedMidway) {
  start();
  TlsClient client = connect();
  for (int i = 0; i < 5; ++i) {
    client.key_update();
    EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
  }
}

TEST_F(TlsIngress, ClientsNeedACertificateWhereAnAuthorityIsNamed) {
  settings_.ingress.tls.ca = folder_.authority().file();
  start();
  TlsClientOptions known = trusting_;
  known.identity = folder_.authority().issue_to_client("relay");
  TlsClient client(port(), known);
  EXPECT_EQ(client.post(cos_payload(1)).status, 200u);

  // In TLS 1.3 the client is through before the server has seen its certificate.
  trusting_.version = TLS1_3_VERSION;
  TlsClient without = connect();
  EXPECT_EQ(without.end(), TlsClient::End::failed);
  EXPECT_EQ(without.problem(), "tlsv13 alert certificate required");
  EXPECT_TRUE(failed(TlsFailure::certificate, 1));

  TlsClientOptions stranger = trusting_;
  stranger.identity = CertificateAuthority().issue_to_client("stranger");
  TlsClient unknown(port(), stranger);
  EXPECT_EQ(unknown.end(), TlsClient::End::failed);
  EXPECT_EQ(unknown.problem(), "tlsv1 alert unknown ca");
  EXPECT_TRUE(failed(TlsFailure::certificate, 2));
  EXPECT_EQ(bus_.requests().size(), 1u);
}

TEST_F(TlsIngress, PlainHttpIsToldSoAndClosed) {
  start();
  HttpClient client = gateway_->connect();
  const Response answer = client.post(cos_payload(1));
  EXPECT_EQ(answer.status, 400u);
  EXPECT_THAT(answer.body, HasSubstr("https"));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(failed(TlsFailure::plain_text, 1));
  EXPECT_EQ(gateway_->snapshot().received, 0u);
}

TEST_F(TlsIngress, WhatIsNeitherTlsNorHttpIsClosed) {
  start();
  HttpClient client = gateway_->connect();
  client.send(std::string("\x00\x01garbage", 9));
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_TRUE(failed(TlsFailure::protocol, 1));

  HttpClient broken = gateway_->connect();
  broken.send(std::string("\x16\x03\x01\x00\x05hello", 10));
  EXPECT_TRUE(broken.readable(5s));  // an alert
  EXPECT_TRUE(failed(TlsFailure::protocol, 2));
}

TEST_F(TlsIngress, AHandshakeHasADeadline) {
  settings_.ingress.request_timeout = 150ms;
  start();
  HttpClient silent = gateway_->connect();
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_TRUE(failed(TlsFailure::timeout, 1));
  HttpClient slow = gateway_->connect();
  slow.send("\x16\x03\x01");
  EXPECT_TRUE(slow.closed_by_peer());
  EXPECT_TRUE(failed(TlsFailure::timeout, 2));
}

TEST_F(TlsIngress, ARequestHasADeadlineToo) {
  settings_.ingress.request_timeout = 300ms;
  start();
  TlsClient client = connect();
  client.send("POST / HTTP/1.1\r\n");
  EXPECT_EQ(client.response().status, 408u);
  EXPECT_EQ(client.end(), TlsClient::End::close_notify);
}

TEST_F(TlsIngress, WhoLeavesWithinTheHandshakeIsCounted) {
  start();
  const auto connections = [this](std::uint64_t count) {
    return gateway_->wait_for(
        [count](const observe::Snapshot& now) { return now.connections == count; });
  };
  HttpClient asking = gateway_->connect();  // only whether the port is open
  ASSERT_TRUE(connections(1));
  asking.close();
  EXPECT_TRUE(connections(0));
  EXPECT_TRUE(failed(TlsFailure::gone, 0));

  // A hello as long as this one has to come in two parts.
  HttpClient client = gateway_->connect();
  client.send(std::string("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 9) + std::string(1000, 'x'));
  ASSERT_TRUE(connections(1));
  client.shut_down_sending();
  EXPECT_TRUE(failed(TlsFailure::gone, 1));
}

TEST_F(TlsIngress, ConnectionsEndWithCloseNotify) {
  settings_.ingress.idle_timeout = 1000ms;
  start();
  TlsClient last = connect();
  EXPECT_EQ(last.post(cos_payload(1), {{"Connection", "close"}}).status, 200u);
  EXPECT_EQ(last.end(), TlsClient::End::close_notify);
  TlsClient idle = connect();
  EXPECT_EQ(idle.end(), TlsClient::End::close_notify);
  TlsClient bad = connect();
  bad.send("nonsense\r\n\r\n");
  EXPECT_EQ(bad.response().status, 400u);
  EXPECT_EQ(bad.end(), TlsClient::End::close_notify);
  TlsClient drained = connect();
  EXPECT_EQ(drained.post(cos_payload(1)).status, 200u);
  gateway_->gateway().stop();
  EXPECT_EQ(drained.end(), TlsClient::End::close_notify);
}

TEST_F(TlsIngress, AClientThatSaysNothingMoreStillGetsItsAnswer) {
  start();
  bus_.hold();
  TlsClient client = connect();
  client.send(post_text(cos_payload(1)));
  client.close_notify();
  ASSERT_TRUE(bus_.wait_for_requests(1));
  bus_.release();
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(client.end(), TlsClient::End::close_notify);
}

TEST_F(TlsIngress, ABodyCutOffIsNotTaken) {
  start();
  for (const bool says_so : {true, false}) {
    TlsClient client = connect();
    const std::string text = post_text(cos_payload(1));
    client.send(std::string_view(text).substr(0, text.size() - 1));
    if (says_so) client.close_notify();
    ::shutdown(client.fd(), SHUT_WR);
    EXPECT_EQ(client.read(), std::nullopt);
  }
  EXPECT_EQ(gateway_->snapshot().received, 0u);
}

TEST_F(TlsIngress, NewFilesServeNewConnectionsOnly) {
  start();
  TlsClient before = connect();
  EXPECT_EQ(before.post(cos_payload(1)).status, 200u);
  const std::string old_serial = before.serial();
  static_cast<void>(folder_.server());
  EXPECT_TRUE(eventually([&] { return connect().serial() != old_serial; }));
  EXPECT_EQ(before.post(cos_payload(1)).status, 200u);
  // Tickets of before are of no use any more, and no harm.
  TlsClient again = connect(before.session());
  EXPECT_FALSE(again.resumed());
  EXPECT_EQ(again.post(cos_payload(1)).status, 200u);
  const Exposition page = metrics();
  EXPECT_EQ(page.samples.at(R"(cos_gateway_tls_reloads_total{section="gateway.tls"})"), 1);
}

TEST_F(TlsIngress, BadFilesChangeNothingAndAreCounted) {
  start();
  const std::string old_serial = connect().serial();
  folder_.write("server.crt", "garbage");
  const std::string name = R"(cos_gateway_tls_reload_failures_total{section="gateway.tls"})";
  EXPECT_TRUE(eventually([&] { return metrics().samples.at(name) != 0; }));
  EXPECT_EQ(metrics().samples.at(name), 1);
  EXPECT_EQ(connect().serial(), old_serial);
  EXPECT_THAT(gateway_->connect_admin().get("/status").body,
              HasSubstr("server.crt\\\" holds no certificate"));
}

TEST_F(TlsIngress, MetricsTellOfTls) {
  start();
  EXPECT_EQ(connect().post(cos_payload(1)).status, 200u);
  const Exposition page = metrics();
  EXPECT_EQ(page.samples.at("cos_gateway_tls_handshakes_total"), 1);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_tls_failures_total{reason="plain_text"})"), 0);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_tls_reload_failures_total{section="delivery.tls"})"), 0);
  const double expiry =
      page.samples.at("cos_gateway_tls_certificate_expiry_timestamp_seconds{file=\"" +
                      settings_.ingress.tls.cert + "\"}");
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  EXPECT_NEAR(expiry, std::chrono::duration<double>(now + 48h).count(), 60);
}

// Hundreds of clients begin at once, each of them worth a millisecond of a private key's work; a
// post on a connection that is there does not wait for them.
TEST_F(TlsIngress, AStormOfHandshakesDoesNotHoldUpPosts) {
  constexpr std::size_t kClients = 300;
  settings_.ingress.tls = folder_.files("slow", self_signed("127.0.0.1", "P-384"));
  trusting_.ca.clear();
  start();
  TlsClient established = connect();
  EXPECT_EQ(established.post(cos_payload(1)).status, 200u);

  config::TlsFiles unverified;
  unverified.verify = false;
  tls::TlsSession session(*tls::TlsContext::client(unverified), "127.0.0.1", tls::Ticket());
  std::string hello;
  session.handshake(hello);
  std::vector<HttpClient> storm;
  for (std::size_t i = 0; i < kClients; ++i) storm.push_back(gateway_->connect());
  ASSERT_TRUE(gateway_->wait_for(
      [](const observe::Snapshot& now) { return now.connections == kClients + 1; }));
  for (HttpClient& client : storm) client.send(hello);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(established.post(cos_payload(1)).status, 200u);

  const auto served = static_cast<std::size_t>(std::count_if(
      storm.begin(), storm.end(), [](const HttpClient& client) { return client.readable(0ms); }));
  EXPECT_LT(served, kClients);
  for (const HttpClient& client : storm) EXPECT_TRUE(client.readable(10s));
}

}  // namespace
}  // namespace gateway::test

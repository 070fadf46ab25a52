#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// How requests follow each other on a client's connection, and the forms one may take.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using ClientConnection = EventbusTest;

TEST_F(ClientConnection, IsKeptFromPostToPost) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (int i = 0; i < 5; ++i) {
    const Response answer = client.post(cos_payload(2));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_NE(answer.headers["Connection"], "close");
  }
  EXPECT_EQ(bus.requests().size(), 10u);
  EXPECT_EQ(bus.connections(), 1u);
}

TEST_F(ClientConnection, ClosesAfterTheAnswerWhenAskedTo) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const Response answer = client.post(cos_payload(2), {{"Connection", "close"}});
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers["Connection"], "close");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(ClientConnection, NothingIsReadBehindConnectionClose) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1), {{"Connection", "close"}}) + post_text(cos_payload(1)));
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(ClientConnection, Http10IsAnsweredAndClosed) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string body = cos_payload(2);
  client.send(fmt::format("POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(ClientConnection, PipelinedPostsAreAnsweredInOrder) {
  bus.next(reply(200).after(30ms));  // the first post is the last to be delivered
  settings.delivery.connections = 2;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(3)) + post_text("{") + post_text(cos_payload(1)) +
              request_text("GET", "/", "") + post_text(R"({"Records":[]})"));
  EXPECT_EQ(client.response().body, R"({"records":3})");
  EXPECT_EQ(client.response().status, 400u);
  EXPECT_EQ(client.response().body, R"({"records":1})");
  EXPECT_EQ(client.response().status, 405u);
  EXPECT_EQ(client.response().body, R"({"records":0})");
}

TEST_F(ClientConnection, ManyPipelinedPostsGetOneAnswerEach) {
  constexpr std::size_t kPosts = 500;
  settings.delivery.pipeline = 16;
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  std::string all;
  for (std::size_t i = 0; i < kPosts; ++i) all += post_text(cos_payload(i % 3));
  client.send(all);
  for (std::size_t i = 0; i < kPosts; ++i) {
    ASSERT_EQ(client.response().body, fmt::format(R"({{"records":{}}})", i % 3)) << i;
  }
}

TEST_F(ClientConnection, ChunkedBodiesAreRead) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::vector<std::string> records = cos_records(2);
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    SCOPED_TRACE(chunk);
    client.send(chunked_post_text(cos_payload(records), chunk));
    EXPECT_EQ(client.response().body, R"({"records":2})");
    EXPECT_EQ(bus.requests().back().body, records[1]);
  }
}

TEST_F(ClientConnection, ChunkExtensionsAndTrailersAreIgnored) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string record = cos_record("k");
  const std::string payload = cos_payload({record});
  client.send(fmt::format("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                          "000{:X};name=value;flag;q=\"a;b\"\r\n{}\r\n"
                          "0;last\r\nX-Checksum: 1\r\nContent-Length: 3\r\n\r\n",
                          payload.size(), payload) +
              post_text(payload));
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(bus.requests().at(0).body, record);
}

TEST_F(ClientConnection, ExpectContinueIsAnsweredBeforeTheBody) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string body = cos_payload(2);
  client.send(fmt::format(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
      body.size()));
  EXPECT_EQ(client.response().status, 100u);
  client.send(body);
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(ClientConnection, ARequestMayComeByteByByte) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const std::string record = cos_record("k");
  client.send_bytewise(post_text(cos_payload({record})));
  EXPECT_EQ(client.response().status, 200u);
  client.send_bytewise(chunked_post_text(cos_payload({record}), 100));
  EXPECT_EQ(client.response().status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].body, record);
  EXPECT_EQ(seen[1].body, record);
}

TEST_F(ClientConnection, AnEmptyLineBeforeARequestIsIgnored) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  client.send("\r\n" + post_text(cos_payload(1)) + "\r\n" + post_text(cos_payload(1)));
  EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(ClientConnection, LargePostsPass) {
  settings.delivery.pipeline = 32;
  const RunningGateway gateway(settings);
  const std::vector<std::string> records = cos_records(2'000);
  EXPECT_EQ(gateway.post(cos_payload(records)).body, R"({"records":2000})");
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), records.size());
  for (std::size_t i = 0; i < records.size(); ++i) ASSERT_EQ(seen[i].body, records[i]) << i;
}

TEST_F(ClientConnection, ListensOnIPv6) {
  settings.ingress.listen.host = "::1";
  try {
    RunningGateway gateway(settings);
    HttpClient client(gateway.gateway().port(), "::1");
    EXPECT_EQ(client.post(cos_payload(2)).status, 200u);
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::address_not_available &&
        error.code() != std::errc::address_family_not_supported) {
      throw;
    }
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
}

}  // namespace
}  // namespace gateway::test

// Bodies that are JSON, or nearly, and made to cost more than they are worth: each is answered, the
// next post as well, and nothing of what is refused leaves.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

namespace gateway::test {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using HostileBodies = EventbusTest;

constexpr std::size_t kLarge = std::size_t{64} << 20;

config::Settings large_settings(std::uint16_t bus) {
  config::Settings settings = loopback_settings(bus);
  settings.ingress.max_body = kLarge;
  settings.ingress.max_in_flight = 2 * kLarge;
  settings.ingress.request_timeout = std::chrono::seconds(60);
  settings.delivery.queue.bytes = 2 * kLarge;
  settings.delivery.timeout = std::chrono::seconds(60);
  settings.delivery.deadline = std::chrono::seconds(60);
  return settings;
}

std::string repeated(std::string_view text, std::size_t size) {
  std::string all;
  all.reserve(size + text.size());
  while (all.size() < size) all += text;
  return all;
}

std::string record_of(std::string_view value) {
  return R"({"Records":[{"a":)" + std::string(value) + "}]}";
}

TEST_F(HostileBodies, WhatIsRefusedCostsNothingElse) {
  const struct {
    const char* name;
    std::string body;
    unsigned status;
  } cases[] = {
      {"arrays without end", std::string(1'000'000, '['), 400},
      {"objects without end", repeated(R"({"a":)", 1'000'000), 400},
      {"arrays in a record", record_of(std::string(500'000, '[') + std::string(500'000, ']')), 400},
      {"deeper than is read", record_of(std::string(1022, '[') + std::string(1022, ']')), 400},
      {"as deep as is read", record_of(std::string(1021, '[') + std::string(1021, ']')), 200},
      {"invalid UTF-8", record_of("\"\xff\""), 400},
      {"overlong UTF-8", record_of("\"\xc0\xaf\""), 400},
      {"a surrogate in UTF-8", record_of("\"\xed\xa0\x80\""), 400},
      {"half a character", record_of("\"\xe2\x82\""), 400},
      {"UTF-16", "{\0\"\0R\0"s, 400},
      {"NUL for a body", "\0"s, 400},
      {"NUL in a string", record_of("\"a\0b\""sv), 400},
      {"NUL between tokens", "{\0\"Records\":[]}"s, 400},
      {"NUL behind the end",
       R"({"Records":[]})"
       "\0"s,
       400},
      {"NUL as an escape", record_of(R"("\u0000")"), 200},
      {"a lone surrogate as an escape", record_of(R"("\ud800")"), 200},
      {"surrogates the wrong way round", record_of(R"("\udc00\ud800")"), 200},
      {"a number of a million digits", record_of(std::string(1'000'000, '9')), 200},
      {"a huge exponent", record_of("1e999999999999"), 200},
      {"a number that is none", record_of("0x10"), 400},
      {"not a number", record_of("NaN"), 400},
      {"a name twice", R"({"Records":[{"a":1,"a":2,"a":{"a":3}}]})", 200},
      {"Records twice", R"({"Records":[{}],"Records":[]})", 400},
      {"Records twice, spelled apart", R"({"Records":[{}],"\u0052ecords":[{}]})", 400},
      {"a string without end", record_of("\"" + std::string(1'000'000, 'x')), 400},
      {"backslashes", record_of("\"" + std::string(1'000'000, '\\') + "\""), 200},
      {"more records than the queue holds", R"({"Records":[{})" + repeated(",{}", 900'000) + "]}",
       413},
      {"nothing but blanks", std::string(1'000'000, ' '), 400},
  };
  const RunningGateway gateway(std::move(settings));
  std::size_t expected = 0;
  HttpClient client = gateway.connect();
  for (const auto& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(client.post(c.body).status, c.status);
    if (c.status == 200) {
      ASSERT_EQ(bus.requests().size(), ++expected);
      // {"Records":[ and ]} left out.
      EXPECT_EQ(bus.requests().back().body, c.body.substr(12, c.body.size() - 14));
    }
    EXPECT_EQ(client.post(cos_payload(1)).status, 200U);
    ASSERT_EQ(bus.requests().size(), ++expected);
  }
}

TEST_F(HostileBodies, OneRecordOf64MebibytesIsDelivered) {
  const RunningGateway gateway(large_settings(bus.port()));
  const std::string frame = record_of("\"\"");
  const std::string body = record_of("\"" + std::string(kLarge - frame.size(), 'x') + "\"");
  ASSERT_EQ(body.size(), kLarge);
  HttpClient client = gateway.connect();
  client.send(post_text(body));
  ASSERT_TRUE(client.readable(std::chrono::seconds(60)));  // a busy machine takes its time
  EXPECT_EQ(client.response().status, 200U);
  ASSERT_EQ(bus.requests().size(), 1U);
  EXPECT_EQ(bus.requests()[0].body.size(), kLarge - 14);
}

TEST_F(HostileBodies, OneByteMoreIsRefusedUnread) {
  const RunningGateway gateway(large_settings(bus.port()));
  HttpClient client = gateway.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kLarge + 1) +
              "\r\n\r\n");
  EXPECT_EQ(client.response().status, 413U);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(HostileBodies, SixtyFourMebibytesOfBracketsAreRefused) {
  const RunningGateway gateway(large_settings(bus.port()));
  HttpClient client = gateway.connect();
  EXPECT_EQ(client.post(std::string(kLarge, '[')).status, 400U);
  EXPECT_EQ(client.post(repeated("{}", kLarge)).status, 400U);
  EXPECT_EQ(client.post(cos_payload(1)).status, 200U);
  EXPECT_EQ(bus.requests().size(), 1U);
}

TEST_F(HostileBodies, EventsThatArePassedOnAreReadAsStrictly) {
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  const Headers structured{{"Content-Type", "application/cloudevents+json"}};
  const Headers batch{{"Content-Type", "application/cloudevents-batch+json"}};
  const std::string begin = R"({"specversion":"1.0","id":"1","source":"s","type":"t")";
  for (const std::string& rest :
       {R"(,"data":)" + std::string(100'000, '[') + "}", ",\"a\":\"\xff\"}"s, ",\"a\":\"\0\"}"s,
        R"(,"a":"\u0000"})"s, R"(,"a":"\r\nX: y"})"s, R"(,"id":"2"})"s, R"(,"a":1e99})"s,
        R"(,"a":{}})"s, R"(,"A":"b"})"s, R"(,"data_base64":"@@"})"s}) {
    SCOPED_TRACE(rest.substr(0, 30));
    EXPECT_EQ(client.post(begin + rest, structured).status, 400U);
  }
  EXPECT_EQ(client.post(std::string(1'000'000, '['), batch).status, 400U);
  // Half a surrogate pair is no character (CloudEvents 1.0.2, "Type system"): with another one in
  // its place, different ids would become one.
  EXPECT_EQ(client.post(begin + R"(,"a":"\ud800"})", structured).status, 400U);
  EXPECT_TRUE(bus.requests().empty());
}

}  // namespace
}  // namespace gateway::test

#pragma once
#include <gtest/gtest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

// Requests by which two readers of one connection could come to disagree about where a request ends
// (request smuggling). Behind each request stands another post: refused requests end the
// connection, and nothing behind them is believed.
namespace gateway::test::framing {

struct Case {
  const char* section;  // of RFC 9112, unless another one is named
  const char* name;
  std::string bytes;
  unsigned status = 400;
  // 0: the connection is closed. Else it goes on, and so many requests have been answered, the last
  // of them with `status`.
  std::size_t answers = 0;
  std::size_t events = 0;  // that arrive, those of what stands behind left out
};

inline const std::string kRecords = R"({"Records":[{}]})";  // 16 bytes
inline const std::string kChunks = "10\r\n" + kRecords + "\r\n0\r\n\r\n";
inline const std::string kLine = "POST / HTTP/1.1\r\n";
inline const std::string kHead = kLine + "Host: a\r\n";
inline const std::string kLength = "Content-Length: 16\r\n";
inline const std::string kEnd = kLength + "\r\n" + kRecords;
inline const std::string kCoded = kHead + "Transfer-Encoding: chunked\r\n";
inline const std::string kSmuggled = R"({"Records":[{"smuggled":1}]})";

inline std::string with_length(std::string_view value) {
  return kHead + "Content-Length:" + std::string(value) + "\r\n\r\n" + kRecords;
}

inline std::string with_coding(std::string_view fields) {
  return kHead + std::string(fields) + "\r\n\r\n" + kChunks;
}

inline std::string chunked(std::string_view body) {
  return kCoded + "\r\n" + std::string(body);
}

inline std::string with_line(std::string_view line) {
  return std::string(line) + "\r\nHost: a\r\n" + kEnd;
}

inline std::string with_host(std::string_view value) {
  return kLine + "Host: " + std::string(value) + "\r\n" + kEnd;
}

// Each case on a connection of its own, all of them at one gateway.
inline void play(std::span<const Case> cases) {
  ScriptedEventbus bus;
  const RunningGateway gateway(loopback_settings(bus.port()));
  std::size_t expected = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(testing::Message() << c.section << ' ' << c.name);
    HttpClient client = gateway.connect();
    client.send(c.bytes + post_text(kSmuggled));
    Response answer = client.response();
    for (std::size_t i = 1; i < c.answers; ++i) {
      EXPECT_EQ(answer.status, 200U);
      answer = client.response();
    }
    EXPECT_EQ(answer.status, c.status);
    if (c.answers == 0) {
      EXPECT_EQ(answer.headers["Connection"], "close");
      EXPECT_TRUE(client.closed_by_peer());
      expected += c.events;
    } else {
      EXPECT_EQ(client.response().status, 200U) << "the post behind";
      expected += c.events + 1;
    }
    // The answer comes after its event; what was smuggled would have come before the close.
    const Requests seen = bus.requests();
    ASSERT_EQ(seen.size(), expected);
    if (c.answers == 0 && !seen.empty()) {
      EXPECT_NE(seen.back().body, R"({"smuggled":1})") << "smuggled";
    }
    // Of what goes on the last one came from behind: marked off, so that it proves nothing later.
    if (c.answers != 0) {
      EXPECT_EQ(seen.back().body, R"({"smuggled":1})");
      EXPECT_EQ(gateway.post(kRecords).status, 200U);
      ++expected;
    }
  }
}

}  // namespace gateway::test::framing

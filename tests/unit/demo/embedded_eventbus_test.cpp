#include "demo/embedded_eventbus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <vector>

namespace gateway::demo {
namespace {

namespace asio = boost::asio;

struct Seen {
  events::ContentMode mode{};
  std::string id;
  std::string data;
};

class EmbeddedEventbusTest : public testing::Test {
 protected:
  EmbeddedEventbusTest()
      : eventbus_(context_, [this](const ReceivedRequest&, const ReceivedEvents& received) {
          for (const auto& event : received.events) {
            seen_.push_back({received.mode, std::string(event.attribute("id")), event.data});
          }
        }) {}

  // Sends `bytes`, reads until the eventbus closes or `answers` answers without body have come.
  std::string exchange(const std::string& bytes, std::size_t answers) {
    std::jthread server([this] { context_.run(); });
    asio::io_context client;
    asio::ip::tcp::socket socket(client);
    socket.connect({asio::ip::address_v4::loopback(), eventbus_.port()});
    asio::write(socket, asio::buffer(bytes));
    std::string text;
    boost::system::error_code error;
    const auto enough = [&](const boost::system::error_code& failure, std::size_t) -> std::size_t {
      std::size_t complete = 0;
      for (std::size_t at = text.find("\r\n\r\n"); at != std::string::npos;
           at = text.find("\r\n\r\n", at + 4)) {
        ++complete;
      }
      return failure || complete >= answers ? 0 : 4096;
    };
    asio::read(socket, asio::dynamic_buffer(text), enough, error);
    asio::post(context_, [this] {
      eventbus_.stop();
      context_.stop();
    });
    return text;
  }

  asio::io_context context_{1};
  std::vector<Seen> seen_;  // read after the server's thread has ended
  EmbeddedEventbus eventbus_;
};

std::string binary_event(const std::string& id, const std::string& data) {
  return "POST /gateway/bus HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
         "ce-specversion: 1.0\r\nce-id: " +
         id + "\r\nce-source: s\r\nce-type: t\r\nContent-Length: " + std::to_string(data.size()) +
         "\r\n\r\n" + data;
}

std::string post_of(const std::string& content_type, const std::string& body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: " + content_type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

TEST_F(EmbeddedEventbusTest, RefusesEveryNthRequestIfAsked) {
  eventbus_.refuse_every(2);
  const std::string answer =
      exchange(binary_event("1", "{}") + binary_event("2", "{}") + binary_event("3", "{}"), 3);
  EXPECT_THAT(answer, testing::HasSubstr("HTTP/1.1 422 Unprocessable Content\r\n"));
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].id, "1");
  EXPECT_EQ(seen_[1].id, "3");
}

TEST_F(EmbeddedEventbusTest, AnswersPipelinedRequestsInOneGo) {
  const std::string answer =
      exchange(binary_event("1", R"({"a":  1})") + binary_event("2", "{}"), 2);
  EXPECT_EQ(answer, std::string(kOk) + std::string(kOk));
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].id, "1");
  EXPECT_EQ(seen_[0].data, R"({"a":  1})") << "byte for byte";
  EXPECT_EQ(seen_[0].mode, events::ContentMode::binary);
  EXPECT_EQ(seen_[1].id, "2");
}

TEST_F(EmbeddedEventbusTest, ReadsStructuredEvents) {
  exchange(post_of("application/cloudevents+json",
                   R"({"specversion":"1.0","id":"7","source":"s","type":"t","data":{"b": 2}})"),
           1);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(seen_[0].mode, events::ContentMode::structured);
  EXPECT_EQ(seen_[0].id, "7");
  EXPECT_EQ(seen_[0].data, R"({"b": 2})");
}

TEST_F(EmbeddedEventbusTest, ReadsBatches) {
  exchange(post_of("application/cloudevents-batch+json; charset=utf-8",
                   R"([{"specversion":"1.0","id":"1","source":"s","type":"t","data":1},)"
                   R"({"specversion":"1.0","id":"2","source":"s","type":"t","data":2}])"),
           1);
  ASSERT_EQ(seen_.size(), 2U);
  EXPECT_EQ(seen_[0].mode, events::ContentMode::batch);
  EXPECT_EQ(seen_[1].id, "2");
  EXPECT_EQ(seen_[1].data, "2");
}

TEST_F(EmbeddedEventbusTest, RefusesAndClosesOnWhatIsNoCloudEvent) {
  const std::string answer =
      exchange(binary_event("1", "{}") + post_of("application/json", "{}"), 3);
  EXPECT_TRUE(answer.starts_with(std::string(kOk) + "HTTP/1.1 400 ")) << answer;
  EXPECT_EQ(seen_.size(), 1U);
}

TEST_F(EmbeddedEventbusTest, RefusesAndClosesOnWhatIsNoHttp) {
  EXPECT_TRUE(exchange("hello\r\n\r\n", 2).starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(seen_.empty());
}

}  // namespace
}  // namespace gateway::demo

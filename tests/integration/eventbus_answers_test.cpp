#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// What the eventbus's answers mean: which acknowledge, which are final, which are tried again.
namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using EventbusAnswers = EventbusTest;

void expect_same_event(const Request& first, const Request& again) {
  EXPECT_EQ(first.id(), again.id());
  EXPECT_EQ(first.headers["ce-time"], again.headers["ce-time"]);
  EXPECT_EQ(first.headers["ce-source"], again.headers["ce-source"]);
  EXPECT_EQ(first.body, again.body);
}

class Accepting : public testing::TestWithParam<unsigned> {};

TEST_P(Accepting, IsAnAcknowledgement) {
  ScriptedEventbus bus;
  bus.next(reply(GetParam()));
  const RunningGateway gateway(loopback_settings(bus.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().size(), 1u);
}
INSTANTIATE_TEST_SUITE_P(Status, Accepting, testing::Values(200, 201, 202, 203, 204, 206, 299));

class Refusing : public testing::TestWithParam<unsigned> {};

TEST_P(Refusing, IsFinalAndFailsThePost) {
  ScriptedEventbus bus;
  bus.next(reply(GetParam(), {{"Location", "/elsewhere"}}));
  const RunningGateway gateway(loopback_settings(bus.port()));
  const Response answer = gateway.post(cos_payload(2));
  EXPECT_EQ(answer.status, 502u);
  const json::value body = json::parse(answer.body);
  EXPECT_EQ(body.at("delivered").to_number<int>(), 1);
  ASSERT_EQ(body.at("failed").as_array().size(), 1u);
  EXPECT_EQ(body.at("failed").at(0).at("index").to_number<unsigned>(), 0u);
  EXPECT_EQ(body.at("failed").at(0).at("status").to_number<unsigned>(), GetParam());
  EXPECT_EQ(bus.requests().size(), 2u) << "one attempt each";
  EXPECT_EQ(gateway.snapshot().failed_total(), 1u);
}
INSTANTIATE_TEST_SUITE_P(Status, Refusing,
                         testing::Values(300, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405,
                                         409, 410, 411, 413, 415, 422, 451, 499, 501));

class TemporarilyFailing : public testing::TestWithParam<unsigned> {};

TEST_P(TemporarilyFailing, IsTriedAgainWithTheSameIdAndTime) {
  ScriptedEventbus bus;
  bus.next(reply(GetParam()), 2);
  const RunningGateway gateway(loopback_settings(bus.port()));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 3u);
  expect_same_event(seen[0], seen[1]);
  expect_same_event(seen[0], seen[2]);
  EXPECT_EQ(gateway.snapshot().retried_total(), 2u);
  EXPECT_EQ(gateway.snapshot().delivered, 1u);
}
INSTANTIATE_TEST_SUITE_P(Status, TemporarilyFailing,
                         testing::Values(408, 425, 429, 500, 502, 503, 504, 505, 507, 599));

TEST_F(EventbusAnswers, OneFailingRecordDoesNotHoldUpTheOthers) {
  bus.script([](const Request& request) {
    const bool sick = request.body.find("object-1\"") != std::string::npos;
    return reply(sick && request.index < 10 ? 503 : 200);
  });
  settings.delivery.retry.initial = 50ms;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(20)).status, 200u);
  const Requests seen = bus.requests();
  const std::string sick_id = seen.at(1).id();
  std::size_t others_before_second_attempt = 0;
  for (std::size_t i = 2; i < seen.size() && seen[i].id() != sick_id; ++i) {
    ++others_before_second_attempt;
  }
  EXPECT_GT(others_before_second_attempt, 0u);
}

struct Form {
  const char* name;
  Action action;
};
void PrintTo(const Form& form, std::ostream* out) {
  *out << form.name;
}

class AnswerForm : public testing::TestWithParam<Form> {};

TEST_P(AnswerForm, IsUnderstood) {
  ScriptedEventbus bus;
  bus.script([](const Request&) { return GetParam().action; });
  const RunningGateway gateway(loopback_settings(bus.port()));
  EXPECT_EQ(gateway.post(cos_payload(5)).status, 200u);
  EXPECT_EQ(bus.requests().size(), 5u) << "nothing is sent twice";
  EXPECT_EQ(gateway.snapshot().retried_total(), 0u);
}

Action with_bytes(std::string bytes) {
  Action action;
  action.status = 200;
  action.bytes = std::move(bytes);
  return action;
}

std::string answer_with_fields(int count) {
  std::string answer = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < count; ++i) answer += fmt::format("X-{}: b\r\n", i);
  return answer + "Content-Length: 0\r\n\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Of, AnswerForm,
    testing::Values(
        Form{"WithBody", reply(200, {{"Content-Type", "text/plain"}}, "accepted")},
        Form{"LargeBody", reply(200, {}, std::string(200'000, 'x'))},
        Form{"Chunked", chunked_reply(202, "accepted")},
        Form{"ChunkedAndEmpty", chunked_reply(202, "")},
        Form{"UntilClose", reply_until_close(200, "accepted")},
        Form{"NoLengthNoBody", reply_until_close(200, "")}, Form{"Http10", http10_reply(200, "ok")},
        Form{"ConnectionClose", last_reply(200)}, Form{"Interim", reply_after_interim(200)},
        Form{"ByteByByte", reply(200, {}, "ok").slowly(1ms)},
        Form{"ChunkedByteByByte", chunked_reply(200, "ok").slowly(1ms)},
        Form{"NoReasonPhrase", with_bytes("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n")},
        Form{"OddHeaderCase",
             with_bytes("HTTP/1.1 200 OK\r\nCONTENT-LENGTH:2\r\nx-empty:\r\n\r\nok")},
        Form{"FoldedField",
             with_bytes("HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 0\r\n\r\n")},
        Form{"LargeHead", with_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: " +
                                     std::string(20'000, 'c') + "\r\n\r\n")},
        Form{"ManyFields", with_bytes(answer_with_fields(150))},
        Form{"EqualLengths", with_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                        "Content-Length: 0\r\n\r\n")},
        Form{"TwoLengths", with_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                      "Content-Length: 5\r\n\r\n")},
        Form{"LengthAndCoding",
             with_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
                        "\r\n0\r\n\r\n")},
        Form{"BadChunk", with_bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")},
        Form{"CutBody",
             with_bytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234").then_close()},
        Form{"BareLineFeeds", with_bytes("HTTP/1.1 200 OK\nContent-Length: 0\n\n")}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(EventbusAnswers, ConnectionCloseIsObeyed) {
  // The bus does not close itself here: the gateway has been told to.
  Action polite = reply(200, {{"Connection", "close"}});
  bus.next(polite);
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 200u);
  EXPECT_TRUE(bus.wait_until_closed(0));
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[1].connection, 1u);
  EXPECT_EQ(seen[2].connection, 1u);
}

TEST(RetryAfter, InSecondsIsWaitedFor) {
  ScriptedEventbus bus;
  bus.next(reply(503, {{"Retry-After", "1"}}));
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.retry.max = 10s;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_GE(seen[1].arrived - seen[0].arrived, 1s);
  EXPECT_LT(seen[1].arrived - seen[0].arrived, 3s);
}

TEST(RetryAfter, AsADateIsWaitedFor) {
  ScriptedEventbus bus;
  const auto until =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()) + 2s;
  bus.next(reply(503, {{"Retry-After", http_date(until)}}));
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.retry.max = 10s;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  const auto now = std::chrono::system_clock::now();
  // A date has whole seconds, and the gateway's clock of the day may lag a tick behind.
  EXPECT_GE(now, until - 50ms);
  EXPECT_LT(now, until + 2s);
  EXPECT_EQ(bus.requests().size(), 2u);
}

TEST(RetryAfter, IsCappedByTheLongestRetry) {
  for (const char* value : {"60", "18446744073709551617", "Fri, 31 Dec 2199 23:59:59 GMT"}) {
    SCOPED_TRACE(value);
    ScriptedEventbus bus;
    bus.next(reply(503, {{"Retry-After", value}}));
    config::Settings settings = loopback_settings(bus.port());
    settings.delivery.retry.max = 100ms;
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
    const Requests seen = bus.requests();
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_LT(seen[1].arrived - seen[0].arrived, 2s);
  }
}

TEST(RetryAfter, OfThePastOrNonsenseMeansTheUsualRetry) {
  for (const char* value : {"0", "-1", "soon", "Sun, 06 Nov 1994 08:49:37 GMT", ""}) {
    SCOPED_TRACE(value);
    ScriptedEventbus bus;
    bus.next(reply(429, {{"Retry-After", value}}));
    config::Settings settings = loopback_settings(bus.port());
    settings.delivery.retry.max = 10s;
    const RunningGateway gateway(settings);
    const auto start = Clock::now();
    EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
    EXPECT_LT(Clock::now() - start, 1s);
  }
}

// While others are taken, one that came too early is sent again soon: to have it wait as well would
// spare the eventbus nothing.
TEST(RetryAfter, OfOneRequestAmongThoseThatAreTakenIsNotWaitedFor) {
  ScriptedEventbus bus;
  bus.script([](const Request& request) {
    if (request.index == 0) return reply(429);  // there is a limit
    return request.index % 10 == 0 ? reply(429, {{"Retry-After", "10"}}) : reply(200);
  });
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.retry.max = 10s;
  const RunningGateway gateway(settings);
  const auto start = Clock::now();
  EXPECT_EQ(gateway.post(cos_payload(25)).status, 200u);
  EXPECT_LT(Clock::now() - start, 8s);
  EXPECT_GT(bus.requests().size(), 26u);
}

}  // namespace
}  // namespace gateway::test

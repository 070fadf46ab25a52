#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"

// An eventbus that cuts, stalls, babbles or is not there.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using observe::Snapshot;
using EventbusFaults = EventbusTest;
using Deadline = EventbusTest;

std::vector<std::string> ids(const Requests& requests, std::size_t from, std::size_t to) {
  std::vector<std::string> found;
  for (std::size_t i = from; i < to; ++i) found.push_back(requests.at(i).id());
  return found;
}

enum class Cut { fin, rst, half_line };

class AnswersKOfN : public testing::TestWithParam<std::tuple<std::size_t, Cut>> {
 protected:
  static constexpr std::size_t kInFlight = 4;

  // What the first connection does once all requests are there: k answers, then the cut.
  static Action action(const Request& request, std::size_t k, Cut cut) {
    const bool answered = request.on_connection < k;
    Action action = answered ? reply(200) : Action{};
    const std::size_t last = k == 0 ? 0 : k - 1;
    if (request.on_connection != last) return action;
    if (cut == Cut::half_line) action.bytes += half_status_line().bytes;
    return cut == Cut::rst ? action.then_reset() : action.then_close();
  }
};

TEST_P(AnswersKOfN, ExactlyTheUnansweredAreSentAgain) {
  const auto [k, cut] = GetParam();
  ScriptedEventbus bus;
  bus.script([answered = k, how = cut](const Request& request) {
    return request.connection == 0 ? action(request, answered, how) : reply(200);
  });
  config::Settings settings = loopback_settings(bus.port());
  settings.delivery.pipeline = kInFlight;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  const std::vector<std::string> records = cos_records(kInFlight);
  client.send(post_text(cos_payload(records)));
  ASSERT_TRUE(bus.wait_for_requests(kInFlight));
  bus.release();
  const Response answer = client.response();
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body, fmt::format(R"({{"records":{}}})", kInFlight));

  const Requests seen = bus.requests();
  ASSERT_EQ(seen.size(), kInFlight + kInFlight - k);
  EXPECT_THAT(ids(seen, kInFlight, seen.size()),
              testing::UnorderedElementsAreArray(ids(seen, k, kInFlight)));
  std::map<std::string, const Request*> first_attempts;
  for (std::size_t i = 0; i < kInFlight; ++i) first_attempts[seen[i].id()] = &seen[i];
  for (std::size_t i = kInFlight; i < seen.size(); ++i) {
    const Request& first = *first_attempts.at(seen[i].id());
    EXPECT_EQ(seen[i].headers["ce-time"], first.headers["ce-time"]);
    EXPECT_EQ(seen[i].body, first.body);
    EXPECT_NE(seen[i].connection, 0u);
  }
  EXPECT_EQ(gateway.snapshot().delivered, kInFlight);
  EXPECT_EQ(gateway.snapshot().retried_total(), kInFlight - k);
}

std::string test_name(const testing::TestParamInfo<std::tuple<std::size_t, Cut>>& info) {
  const std::map<Cut, std::string> names{
      {Cut::fin, "Fin"}, {Cut::rst, "Rst"}, {Cut::half_line, "HalfStatusLine"}};
  return std::to_string(std::get<0>(info.param)) + names.at(std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Of, AnswersKOfN,
                         testing::Combine(testing::Range(std::size_t{0}, std::size_t{5}),
                                          testing::Values(Cut::fin, Cut::rst, Cut::half_line)),
                         test_name);

TEST_F(EventbusFaults, ASurplusAnswerCostsTheConnectionButNoEvent) {
  bus.next(surplus_reply(200));
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_TRUE(bus.wait_until_closed(0));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(gateway.snapshot().delivered, 2u);
  EXPECT_EQ(bus.requests().size(), 2u);
  EXPECT_EQ(bus.requests().back().connection, 1u);
}

TEST_F(EventbusFaults, AnAnswerBeforeAnyRequestIsNotTakenForOneLater) {
  Action late_surplus = reply(200);
  late_surplus.bytes += "HTTP/1.1 400 Not Yours\r\nContent-Length: 0\r\n\r\n";
  bus.next(late_surplus);
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_TRUE(bus.wait_until_closed(0));
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 200u);
}

TEST_F(EventbusFaults, GarbageIsNoAcknowledgement) {
  const std::vector<std::pair<const char*, std::string>> answers{
      {"garbage", garbage().bytes},
      {"status of four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"},
      {"status below 100", "HTTP/1.1 020 OK\r\nContent-Length: 0\r\n\r\n"},
      {"head without an end", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"},
      {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n"}};
  for (const auto& [what, bytes] : answers) {
    SCOPED_TRACE(what);
    ScriptedEventbus fresh;
    Action action;
    action.bytes = bytes;
    fresh.next(action);
    settings = loopback_settings(fresh.port());
    settings.delivery.timeout = 500ms;
    const RunningGateway gateway(settings);
    EXPECT_EQ(gateway.post(cos_payload(2)).status, 200u);
    const Requests seen = fresh.requests();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[0].id(), seen[1].id());
    EXPECT_NE(seen[0].connection, seen[1].connection);
    EXPECT_EQ(gateway.snapshot().retried_total(), 1u);
  }
}

TEST_F(EventbusFaults, AHeadCutShortIsNoAcknowledgement) {
  Action cut = reply(200);
  cut.bytes.resize(cut.bytes.size() - 2);
  bus.next(cut.then_close());
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200u);
  EXPECT_EQ(bus.requests().size(), 2u);
}

TEST_F(EventbusFaults, ARefusalWhoseBodyNeverEndsIsARefusal) {
  Action hanging = reply(400, {}, "0123456789");
  hanging.bytes.resize(hanging.bytes.size() - 5);
  bus.next(hanging);
  settings.delivery.timeout = 300ms;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 502u);
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(EventbusFaults, SilenceIsWaitedForOnlySoLong) {
  bus.next(never_answer());
  settings.delivery.timeout = 150ms;
  settings.delivery.pipeline = 3;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 200u);
  EXPECT_TRUE(bus.wait_until_closed(0));
  std::map<std::string, std::vector<Request>> attempts;
  for (const Request& request : bus.requests()) attempts[request.id()].push_back(request);
  ASSERT_EQ(attempts.size(), 3u);
  for (const auto& [id, requests] : attempts) {
    EXPECT_TRUE(requests.back().accepted());
    EXPECT_NE(requests.back().connection, 0u);
    if (requests.size() > 1) {
      EXPECT_GE(requests[1].arrived - requests[0].arrived, 100ms);
    }
  }
}

TEST_F(EventbusFaults, SlowButSteadyAnswersAreWaitedFor) {
  bus.script([](const Request&) { return reply(200).after(100ms); });
  settings.delivery.timeout = 2s;
  settings.delivery.pipeline = 4;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(8)).status, 200u);
  EXPECT_EQ(bus.requests().size(), 8u);
}

TEST_F(EventbusFaults, PostsWaitForAnEventbusThatComesUpLater) {
  ScriptedEventbus late(ScriptedEventbus::Start::down);
  settings = loopback_settings(late.port());
  const RunningGateway gateway(settings);
  std::vector<HttpClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(gateway.connect());
    clients.back().send(post_text(cos_payload(2)));
  }
  ASSERT_TRUE(gateway.wait_for([](const Snapshot& now) {
    return now.received == 10 && now.links[static_cast<std::size_t>(LinkState::backing_off)] > 0;
  }));
  late.come_up();
  for (HttpClient& client : clients) EXPECT_EQ(client.response().status, 200u);
  EXPECT_EQ(late.requests().size(), 10u);
}

TEST_F(EventbusFaults, ARestartOfTheEventbusLosesNothing) {
  settings.delivery.pipeline = 4;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(4)).status, 200u);
  for (int round = 0; round < 3; ++round) {
    bus.hold();
    HttpClient client = gateway.connect();
    const std::size_t before = bus.requests().size();
    client.send(post_text(cos_payload(10)));
    ASSERT_TRUE(bus.wait_for_requests(before + 1));
    bus.go_down();
    bus.release();
    bus.come_up();
    EXPECT_EQ(client.response().status, 200u);
  }
  EXPECT_EQ(gateway.snapshot().delivered, 34u);
}

TEST_F(EventbusFaults, AnEventThatKillsItsConnectionDoesNotHoldUpTheOthers) {
  bus.script([](const Request& request) {
    const bool poison = request.body.find("poison") != std::string::npos;
    return poison ? reset_unanswered() : reply(200);
  });
  settings.delivery.deadline = 1500ms;
  settings.delivery.retry.max = 1s;
  const RunningGateway gateway(settings);
  HttpClient sick = gateway.connect();
  sick.send(post_text(cos_payload({cos_record("poison")})));
  ASSERT_TRUE(bus.wait_for_requests(3));
  HttpClient healthy = gateway.connect();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(healthy.post(cos_payload(2)).status, 200u) << i;
  EXPECT_FALSE(sick.readable(0ms)) << "the others got through only when it was given up";
  EXPECT_EQ(sick.response().status, 504u);
}

TEST_F(EventbusFaults, AnEventbusThatClosesIdleConnectionsIsNoFault) {
  bus.script([](const Request&) { return reply(200).then_close(); });
  const RunningGateway gateway(settings);
  HttpClient client = gateway.connect();
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(client.post(cos_payload(1)).status, 200u);
    ASSERT_TRUE(bus.wait_until_closed(i));
  }
  EXPECT_EQ(gateway.snapshot().delivered, 20u);
}

TEST_F(Deadline, APostNobodyTakesGets504AndIsWithdrawn) {
  ScriptedEventbus late(ScriptedEventbus::Start::down);
  settings = loopback_settings(late.port());
  settings.delivery.deadline = 300ms;
  const RunningGateway gateway(settings);
  const auto start = Clock::now();
  EXPECT_EQ(gateway.post(cos_payload(3, "early-")).status, 504u);
  EXPECT_GE(Clock::now() - start, 250ms);
  EXPECT_LT(Clock::now() - start, 2s);
  EXPECT_EQ(gateway.snapshot().failed[static_cast<std::size_t>(FailReason::deadline)], 3u);
  late.come_up();
  EXPECT_EQ(gateway.post(cos_payload(2, "late-")).status, 200u);
  const Requests seen = late.requests();
  EXPECT_EQ(seen.size(), 2u);
  for (const Request& request : seen) {
    EXPECT_THAT(request.body, testing::HasSubstr("late-"));
  }
}

TEST_F(Deadline, CountsOnlyWhatWasNotDelivered) {
  bus.script([](const Request& request) {
    return request.body.find("object-0\"") != std::string::npos ? reply(200) : reply(503);
  });
  settings.delivery.deadline = 300ms;
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(cos_payload(3)).status, 504u);
  // An attempt that was under way at the deadline is given up when it is answered.
  EXPECT_TRUE(gateway.wait_for([](const observe::Snapshot& now) { return now.in_flight() == 0; }));
  EXPECT_EQ(gateway.snapshot().delivered, 1u);
  EXPECT_EQ(gateway.snapshot().failed[static_cast<std::size_t>(FailReason::deadline)], 2u);
}

TEST_F(Deadline, AnswersThatComeTooLateDisturbNobody) {
  settings.delivery.deadline = 200ms;
  settings.delivery.pipeline = 2;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(4)));
  EXPECT_EQ(client.response().status, 504u);
  bus.release();
  const std::vector<std::string> records = cos_records(6, "next-");
  EXPECT_EQ(client.post(cos_payload(records)).body, R"({"records":6})");
  std::vector<std::string> bodies;
  for (const Request& request : bus.requests()) bodies.push_back(request.body);
  EXPECT_THAT(bodies, testing::IsSupersetOf(records));
}

}  // namespace
}  // namespace gateway::test

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "support/exposition.hpp"
#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class Admin : public testing::Test {
 protected:
  Admin() : gateway_(loopback_settings(bus_.port())) {}
  Response get(std::string_view target) const { return gateway_.connect_admin().get(target); }
  Exposition metrics() const { return parse_exposition(get("/metrics").body); }

  ScriptedEventbus bus_;
  RunningGateway gateway_;
};

TEST_F(Admin, IsHealthyAndReadyWhileItRuns) {
  EXPECT_EQ(get("/healthz").status, 200u);
  EXPECT_EQ(get("/readyz").status, 200u);
}

TEST_F(Admin, IsHealthyButNotReadyWhileItDrains) {
  bus_.hold();
  HttpClient client = gateway_.connect();
  client.send(post_text(cos_payload(1)));
  ASSERT_TRUE(bus_.wait_for_requests(1));
  gateway_.gateway().stop();
  const Response answer = get("/readyz");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_THAT(answer.body, testing::AnyOf(HasSubstr("stopping"), HasSubstr("draining")));
  EXPECT_EQ(get("/healthz").status, 200u);
  bus_.release();
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(Admin, MetricsHaveTheDocumentedNamesAndTypes) {
  EXPECT_EQ(gateway_.post(cos_payload(3)).status, 200u);
  EXPECT_EQ(gateway_.post("nonsense").status, 400u);
  bus_.next(reply(503));
  bus_.next(reply(400));
  EXPECT_EQ(gateway_.post(cos_payload(1)).status, 502u);
  const Response answer = get("/metrics");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_THAT(std::string(answer.headers["Content-Type"]), HasSubstr("text/plain"));
  const Exposition page = parse_exposition(answer.body);
  EXPECT_THAT(page.types, testing::IsSupersetOf(documented_metrics()));
  EXPECT_EQ(page.samples.at(R"(cos_gateway_posts_total{code="200"})"), 1);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_posts_total{code="400"})"), 1);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_posts_total{code="502"})"), 1);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_events_retried_total{reason="503"})"), 1);
  EXPECT_EQ(page.samples.at(R"(cos_gateway_events_failed_total{reason="refused"})"), 1);
  EXPECT_EQ(page.total("cos_gateway_post_duration_seconds_count"), 3);
  EXPECT_EQ(page.total("cos_gateway_build_info"), 1);
  EXPECT_GT(page.total("process_open_fds"), 0);
}

TEST_F(Admin, TheBooksBalanceAtEveryScrape) {
  const auto balance = [](const Exposition& page) {
    return page.total("cos_gateway_events_delivered_total") +
           page.total("cos_gateway_events_dead_lettered_total") +
           page.total("cos_gateway_events_spooled_total") +
           page.total("cos_gateway_events_failed_total") +
           page.total("cos_gateway_events_in_flight");
  };
  bus_.hold();
  HttpClient client = gateway_.connect();
  client.send(post_text(cos_payload(7)));
  ASSERT_TRUE(bus_.wait_for_requests(1));
  const Exposition during = metrics();
  EXPECT_EQ(during.total("cos_gateway_records_received_total"), 7);
  EXPECT_EQ(during.total("cos_gateway_events_in_flight"), 7);
  EXPECT_EQ(balance(during), 7);
  bus_.release();
  EXPECT_EQ(client.response().status, 200u);
  const Exposition after = metrics();
  EXPECT_EQ(after.total("cos_gateway_events_delivered_total"), 7);
  EXPECT_EQ(after.total("cos_gateway_events_in_flight"), 0);
  EXPECT_EQ(balance(after), 7);
}

bool has_key_like(const json::value& value, std::string_view part) {
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object) {
      if (std::string_view(member.key()).find(part) != std::string_view::npos) return true;
      if (has_key_like(member.value(), part)) return true;
    }
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) {
      if (has_key_like(element, part)) return true;
    }
  }
  return false;
}

TEST_F(Admin, StatusIsJsonThatSaysWhatIsGoingOn) {
  EXPECT_EQ(gateway_.post(cos_payload(2)).status, 200u);
  const Response answer = get("/status");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.headers["Content-Type"], "application/json");
  const json::value status = json::parse(answer.body);
  for (const char* part : {"version", "uptime", "threads", "queue", "in_flight", "eventbus",
                           "provisioning", "error"}) {
    EXPECT_TRUE(has_key_like(status, part)) << part << " is missing in " << answer.body;
  }
}

TEST_F(Admin, OtherPathsAndMethodsAreRefused) {
  EXPECT_EQ(get("/index.html").status, 404u);
  EXPECT_EQ(get("/metricsx").status, 404u);
  HttpClient client = gateway_.connect_admin();
  client.send(request_text("POST", "/metrics", ""));
  const Response answer = client.response();
  EXPECT_EQ(answer.status, 405u);
  EXPECT_THAT(std::string(answer.headers["Allow"]), HasSubstr("GET"));
}

TEST_F(Admin, APostThatTookThePortForAnotherIsToldSo) {
  const std::string body(3 << 20, 'x');
  for (const char* method : {"POST", "PUT", "GET"}) {
    HttpClient client = gateway_.connect_admin();
    client.send(request_text(method, "/healthz", body));
    const Response answer = client.response();
    EXPECT_EQ(answer.status, std::string_view(method) == "GET" ? 200u : 405u) << method;
    EXPECT_EQ(answer.headers["Connection"], "close") << method;
    if (answer.status == 405) EXPECT_THAT(answer.body, HasSubstr("gateway.listen"));
  }
  HttpClient client = gateway_.connect_admin();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
  EXPECT_EQ(client.response().status, 405u);
}

TEST_F(Admin, WhatIsNoRequestIsAnswered) {
  const std::string large = "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + std::string(9000, 'c');
  struct Case {
    std::string bytes;
    unsigned status;
  };
  for (const auto& [bytes, status] :
       {Case{"GET /healthz\r\n\r\n", 400}, Case{"\x16\x03\x01\x02 a TLS client\r\n\r\n", 400},
        Case{"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400}, Case{large + "\r\n\r\n", 431}}) {
    HttpClient client = gateway_.connect_admin();
    client.send(bytes);
    EXPECT_EQ(client.response().status, status) << bytes.substr(0, 40);
  }
}

TEST_F(Admin, ATargetMayBeAWholeUri) {
  EXPECT_EQ(get("http://gateway.example:9464/healthz").body, "ok\n");
  EXPECT_EQ(get("HTTP://gateway.example/readyz?x=/y").body, "ready\n");
  EXPECT_EQ(get("http://gateway.example").status, 404u);
}

TEST_F(Admin, StatusIsJsonWhateverTheEventbusSays) {
  const std::string name(119, 'n');  // so that the text is cut within the next character
  for (const std::string& said :
       {std::string("d\xe9j\xe0 vu \xff"), name + "\xe4\xb8\xad",
        std::string("a\0b\x1b[31m\x9b", 9), std::string("\x80\x80\x80")}) {
    bus_.next(reply(400, {}, said));
    EXPECT_EQ(gateway_.post(cos_payload(1)).status, 502u);
    const json::value status = json::parse(get("/status").body);  // throws if it is none
    EXPECT_NE(json::serialize(status).find(R"("last_answer":{"status":400)"), std::string::npos);
  }
}

TEST_F(Admin, ServesManyQuestionsOnOneConnection) {
  HttpClient client = gateway_.connect_admin();
  for (const char* target : {"/healthz", "/readyz", "/metrics", "/status", "/healthz"}) {
    EXPECT_EQ(client.get(target).status, 200u) << target;
  }
}

TEST_F(Admin, NonsenseDoesNotDisturbIt) {
  for (const char* bytes : {"nonsense\r\n\r\n", "", "GET /status HTTP/1.1\r\nHost"}) {
    HttpClient client = gateway_.connect_admin();
    client.send(bytes);
  }
  EXPECT_EQ(get("/healthz").status, 200u);
}

}  // namespace
}  // namespace gateway::test

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "cloud/digest.hpp"
#include "gateway/auth/signature.hpp"
#include "support/eventbus_test.hpp"
#include "support/payloads.hpp"
#include "testkit/post.hpp"

// Who may post, and how early the others are told.
namespace gateway::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using Authentication = EventbusTest;

constexpr std::string_view kToken = "the-token-of-this-test";

config::Settings authenticated(const ScriptedEventbus& bus) {
  config::Settings settings = loopback_settings(bus.port());
  settings.ingress.auth = config::Auth::automatic;
  settings.ingress.token = Secret(std::string(kToken));
  return settings;
}

config::Settings with_replay_window(const ScriptedEventbus& bus) {
  config::Settings settings = authenticated(bus);
  settings.ingress.replay_window = 60s;
  return settings;
}

std::string signature(std::string_view body, std::chrono::seconds age = 0s,
                      std::string_view key = kToken) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return post_signature(key, (now - age).time_since_epoch().count(), body);
}

Headers signed_with(std::string value) {
  return {{"X-Cos-Signature", std::move(value)}};
}
// Signs in both versions; `headers` are those the post is sent with.
Headers signed_twice(Headers headers, std::string_view body, std::chrono::seconds age = 0s) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  std::vector<auth::SignedField> fields;
  for (const auto& field : headers.fields()) fields.push_back({field.name, field.value});
  auth::sort(fields);
  std::string text;
  auth::write_v2_prefix(text, std::to_string((now - age).time_since_epoch().count()), fields);
  const auto mac = cloud::hmac_sha256(kToken, text + std::string(body));
  headers.add("X-Cos-Signature", signature(body, age) + ",v2=" + cloud::hex(mac));
  return headers;
}
Headers bearer(std::string_view token) {
  return {{"Authorization", fmt::format("Bearer {}", token)}};
}

std::uint64_t refused(const RunningGateway& gateway, AuthFailure why) {
  return gateway.snapshot().unauthorized[static_cast<std::size_t>(why)];
}

void expect_unauthorized(const Response& answer, std::string_view text) {
  EXPECT_EQ(answer.status, 401u);
  EXPECT_THAT(std::string(answer.headers["WWW-Authenticate"]), testing::StartsWith("Bearer"));
  EXPECT_EQ(answer.headers["Content-Type"], "application/json");
  EXPECT_THAT(answer.body, testing::StartsWith("{\"error\":\""));
  EXPECT_THAT(answer.body, HasSubstr(text));
}

std::string head_with(std::size_t length, std::string_view fields) {
  return fmt::format("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{}\r\n", length, fields);
}

TEST_F(Authentication, ASignedPostIsTaken) {
  const RunningGateway gateway(authenticated(bus));
  HttpClient client = gateway.connect();
  for (const std::size_t records : {1u, 3u, 0u, 200u}) {
    const std::string body = cos_payload(records);
    EXPECT_EQ(client.post(body, signed_with(signature(body))).status, 200u) << records;
    EXPECT_EQ(client.post(body, bearer(kToken)).status, 200u) << records;
  }
}

TEST_F(Authentication, TheSignatureIsOfTheBodyWithoutItsFraming) {
  const RunningGateway gateway(authenticated(bus));
  const std::string body = cos_payload(20);
  HttpClient client = gateway.connect();
  client.send(chunked_post_text(body, 100, signed_with(signature(body))));
  EXPECT_EQ(client.response().status, 200u);
  client.send_bytewise(post_text(body, signed_with(signature(body))));
  EXPECT_EQ(client.response().status, 200u);
}

TEST_F(Authentication, ARefusedPostReachesNobody) {
  const std::string body = cos_payload(2);
  const struct {
    const char* what;
    Headers headers;
    AuthFailure why;
    const char* text;
  } rows[] = {
      {"nothing", {}, AuthFailure::missing, "not signed"},
      {"of another body", signed_with(signature(cos_payload(3))), AuthFailure::signature,
       "wrong signature"},
      {"by another key", signed_with(signature(body, 0s, "another")), AuthFailure::signature,
       "wrong signature"},
      {"too old", signed_with(signature(body, 310s)), AuthFailure::time, "too long ago"},
      {"from the future", signed_with(signature(body, -310s)), AuthFailure::time, "clocks"},
      {"nonsense", signed_with("nonsense"), AuthFailure::malformed, "malformed"},
      {"two signatures",
       {{"X-Cos-Signature", signature(body)}, {"X-Cos-Signature", signature(body)}},
       AuthFailure::malformed,
       "malformed"},
      {"wrong token", bearer("the-token-of-this-tesT"), AuthFailure::token, "wrong bearer token"},
      {"password", {{"Authorization", "Basic eDp5"}}, AuthFailure::malformed, "malformed"},
  };
  const RunningGateway gateway(authenticated(bus));
  HttpClient client = gateway.connect();
  std::uint64_t total = 0;
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const std::uint64_t before = refused(gateway, row.why);
    expect_unauthorized(client.post(body, row.headers), row.text);
    EXPECT_EQ(refused(gateway, row.why), before + 1);
    ++total;
    EXPECT_EQ(gateway.snapshot().posts[401], total);
  }
  EXPECT_EQ(client.post(body, signed_with(signature(body))).status, 200u)
      << "on the same connection";
  EXPECT_EQ(bus.requests().size(), 2u);
  EXPECT_EQ(gateway.snapshot().received, 2u);
}

TEST_F(Authentication, WhatTheHeadShowsIsRefusedBeforeTheBody) {
  const RunningGateway gateway(authenticated(bus));
  for (const std::string& fields :
       {std::string(), std::string("Authorization: Bearer wrong\r\n"),
        std::string("X-Cos-Signature: t=1\r\n"),
        "X-Cos-Signature: " + signature("x", 400s) + "\r\n",
        std::string("Authorization: Bearer wrong\r\nExpect: 100-continue\r\n")}) {
    HttpClient client = gateway.connect();
    client.send(head_with(1000, fields));
    EXPECT_EQ(client.response().status, 401u) << fields;
  }
}

TEST_F(Authentication, ASignatureIsCheckedBeforeTheBodyIsLookedAt) {
  const RunningGateway gateway(authenticated(bus));
  EXPECT_EQ(gateway.post("no JSON at all", signed_with(signature("other"))).status, 401u);
  EXPECT_EQ(gateway.post("no JSON at all", signed_with(signature("no JSON at all"))).status, 400u);
}

TEST_F(Authentication, HoldsForCloudEventsToo) {
  const RunningGateway gateway(authenticated(bus));
  const std::string body =
      R"({"specversion":"1.0","id":"1","source":"s","type":"t","data":{"a":1}})";
  Headers headers{{"Content-Type", "application/cloudevents+json"}};
  EXPECT_EQ(gateway.post(body, headers).status, 401u);
  headers.add("X-Cos-Signature", signature(body));
  EXPECT_EQ(gateway.post(body, headers).status, 200u);

  Headers binary{{"ce-specversion", "1.0"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-type", "t"}};
  EXPECT_EQ(gateway.post("data", binary).status, 401u);
  binary.add("Authorization", "Bearer " + std::string(kToken));
  EXPECT_EQ(gateway.post("data", binary).status, 200u);
  EXPECT_EQ(bus.requests().size(), 2u);
}

const Headers kEvent{{"ce-specversion", "1.0"},
                     {"ce-id", "1"},
                     {"ce-source", "/bank"},
                     {"ce-type", "com.example.payment.approved"}};

Headers joined(Headers headers, const Headers& more) {
  for (const auto& field : more.fields()) headers.add(field.name, field.value);
  return headers;
}

TEST_F(Authentication, ACapturedSignatureCarriesNoOtherEvent) {
  const RunningGateway gateway(authenticated(bus));
  HttpClient client = gateway.connect();
  const std::string body = cos_payload(1);
  const Headers type{{"content-type", "application/json"}};
  const Headers both = signed_twice(type, body);
  for (const auto& captured : {signed_with(signature(body)), both}) {
    expect_unauthorized(client.post(body, joined(kEvent, captured)), "");
    expect_unauthorized(client.post(body, joined({{"ce-id", "1"}}, captured)), "");
    expect_unauthorized(client.post(body, joined({{"Ce-Type", "t"}}, captured)), "");
  }
  EXPECT_EQ(refused(gateway, AuthFailure::version), 3u);
  EXPECT_EQ(refused(gateway, AuthFailure::signature), 3u);
  EXPECT_THAT(bus.requests(), IsEmpty());

  // An event that was signed, with one attribute changed, added or left out.
  Headers event = kEvent;
  event.add("content-type", "text/plain");
  const Headers good = signed_twice(event, "data");
  EXPECT_EQ(client.post("data", good).status, 200u);
  EXPECT_EQ(client.post("data", joined(good, {{"ce-subject", "s"}})).status, 401u);
  for (const char* name : {"ce-id", "ce-type", "ce-source", "content-type"}) {
    Headers changed;
    Headers shorter;
    for (const auto& field : good.fields()) {
      changed.add(field.name, field.name == name ? "x" : field.value);
      if (field.name != name) shorter.add(field.name, field.value);
    }
    EXPECT_EQ(client.post("data", changed).status, 401u) << name;
    EXPECT_EQ(client.post("data", shorter).status, 401u) << name;
  }
  EXPECT_EQ(bus.requests().size(), 1u);
}

TEST_F(Authentication, ASignatureIsTakenOnceWithinTheReplayWindow) {
  settings = with_replay_window(bus);
  settings.ingress.threads = 2;
  const RunningGateway gateway(settings);
  const std::string body = cos_payload(1);
  const Headers type{{"content-type", "application/json"}};
  const Headers both = signed_twice(type, body);
  EXPECT_EQ(gateway.post(body, both).status, 200u);
  expect_unauthorized(gateway.post(body, both), "seen already");
  // What is left of it when version 2 is taken away is the same post.
  const std::string_view field = both["X-Cos-Signature"];
  const std::string v1_only(field.substr(0, field.find(",v2")));
  expect_unauthorized(gateway.post(body, signed_with(v1_only)), "seen already");
  EXPECT_EQ(gateway.post(body, signed_twice(type, body, 1s)).status, 200u) << "signed anew";
  EXPECT_EQ(gateway.post(body, bearer(kToken)).status, 200u) << "a token may come again";
  EXPECT_EQ(refused(gateway, AuthFailure::replay), 2u);
}

TEST_F(Authentication, ASignatureOfAPostThatFailedMayComeAgain) {
  settings = with_replay_window(bus);
  const RunningGateway gateway(settings);
  const std::string body = cos_payload(1);
  const Headers headers = signed_with(signature(body));
  bus.next(reply(400));
  EXPECT_EQ(gateway.post(body, headers).status, 502u);
  EXPECT_EQ(gateway.post(body, headers).status, 200u);
  EXPECT_EQ(gateway.post(body, headers).status, 401u);
}

// Its sender does not know what became of the post.
TEST_F(Authentication, ASignatureMayComeAgainWhoseConnectionWasLostBeforeTheAnswer) {
  settings = with_replay_window(bus);
  const RunningGateway gateway(settings);
  const std::string body = cos_payload(1);
  const Headers headers = signed_with(signature(body));
  bus.hold();
  HttpClient lost = gateway.connect();
  lost.send(post_text(body, headers));
  ASSERT_TRUE(bus.wait_for_requests(1));
  lost.reset();
  ASSERT_TRUE(gateway.wait_for([](const auto& now) { return now.connections == 0; }));
  bus.release();
  EXPECT_EQ(gateway.post(body, headers).status, 200u);
  EXPECT_EQ(gateway.post(body, headers).status, 401u);
}

TEST_F(Authentication, IsOfPostsOnly) {
  const RunningGateway gateway(authenticated(bus));
  HttpClient client = gateway.connect();
  client.send(request_text("OPTIONS", "/", "", {{"WebHook-Request-Origin", "example.com"}}));
  EXPECT_EQ(client.response().status, 200u);
  client.send(request_text("PUT", "/", ""));
  EXPECT_EQ(client.response().status, 405u);
  for (const char* path : {"/healthz", "/readyz", "/metrics", "/status"}) {
    EXPECT_EQ(gateway.connect_admin().get(path).status, 200u) << path;
  }
}

TEST_F(Authentication, RequestsOfOneConnectionAreJudgedEachByItself) {
  const RunningGateway gateway(authenticated(bus));
  const std::string body = cos_payload(1);
  const std::string other = cos_payload(2);
  HttpClient client = gateway.connect();
  client.send(post_text(body, signed_with(signature(body))) +
              post_text(other, signed_with(signature(body))) + request_text("OPTIONS", "/", "") +
              post_text(body) + post_text(other, bearer(kToken)) +
              post_text(body, bearer("wrong")) + post_text(other, signed_with(signature(other))));
  for (const unsigned status : {200u, 401u, 200u, 401u, 200u, 401u, 200u}) {
    EXPECT_EQ(client.response().status, status);
  }
}

// The signature of a post that is turned away for want of room must not be compared with the next.
TEST_F(Authentication, ASignatureIsForgottenWithAPostThatIsTurnedAway) {
  settings = authenticated(bus);
  const std::string body = cos_payload(20);
  settings.ingress.max_in_flight = body.size() * 3 / 2;
  const RunningGateway gateway(settings);
  bus.hold();
  HttpClient first = gateway.connect();
  first.send(post_text(body, bearer(kToken)));
  ASSERT_TRUE(bus.wait_for_requests(1));
  HttpClient second = gateway.connect();
  EXPECT_EQ(second.post(body, signed_with(signature(body))).status, 503u);
  bus.release();
  EXPECT_EQ(first.response().status, 200u);
  second.send(request_text("OPTIONS", "/", ""));
  EXPECT_EQ(second.response().status, 200u);
  EXPECT_EQ(second.post(cos_payload(1), bearer(kToken)).status, 200u);
}

TEST_F(Authentication, BothTokensAreTakenDuringRotation) {
  settings = authenticated(bus);
  settings.ingress.previous_token = Secret(std::string("the-old-one"));
  const RunningGateway gateway(settings);
  const std::string body = cos_payload(1);
  EXPECT_EQ(gateway.post(body, signed_with(signature(body, 0s, "the-old-one"))).status, 200u);
  EXPECT_EQ(gateway.post(body, bearer("the-old-one")).status, 200u);
  EXPECT_EQ(gateway.post(body, signed_with(signature(body))).status, 200u);
  EXPECT_EQ(gateway.post(body, signed_with(signature(body, 0s, "the-oldest"))).status, 401u);
}

TEST_F(Authentication, AutoGoesByTheKeysThereAre) {
  settings.ingress.auth = config::Auth::automatic;
  const std::string body = cos_payload(1);
  EXPECT_EQ(RunningGateway(settings).post(body).status, 200u);
  settings.credentials.secret_key = Secret(std::string("sk"));
  settings.function.region = "ap-beijing";
  const std::string derived =
      cloud::hex(cloud::hmac_sha256("sk", "cos-gateway/v1/ap-beijing/default/relay"));
  const RunningGateway gateway(settings);
  EXPECT_EQ(gateway.post(body).status, 401u);
  EXPECT_EQ(gateway.post(body, signed_with(signature(body, 0s, derived))).status, 200u);
}

TEST_F(Authentication, EveryFailureHasItsSample) {
  const RunningGateway gateway(authenticated(bus));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 401u);
  const std::string metrics = gateway.connect_admin().get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("cos_gateway_posts_total{code=\"401\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("cos_gateway_posts_unauthorized_total{reason=\"missing\"} 1\n"));
  for (const char* reason : {"malformed", "time", "token", "signature", "version", "replay"}) {
    EXPECT_THAT(metrics,
                HasSubstr(fmt::format("posts_unauthorized_total{{reason=\"{}\"}} 0\n", reason)));
  }
  EXPECT_THAT(bus.requests(), IsEmpty());
}

}  // namespace
}  // namespace gateway::test

#include "gateway/egress/access/access_token.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/run_task.hpp"
#include "support/scripted_http_server.hpp"
#include "testkit/action.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::reply;

config::OAuth2 client() {
  config::OAuth2 oauth2;
  oauth2.client_id = "gateway:1";
  oauth2.client_secret = Secret(std::string("s&c ret"));
  oauth2.scope = "events.write bus/orders";
  return oauth2;
}

std::string field(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(TokenRequest, HasTheSecretInItsHeadOrItsBody) {
  const HttpRequest basic = token_request(client(), "/token?x=1", ClientSecretIn::authorization);
  EXPECT_EQ(basic.target, "/token?x=1");
  EXPECT_EQ(basic.body, "grant_type=client_credentials&scope=events.write%20bus%2Forders");
  EXPECT_EQ(field(basic, "Content-Type"), "application/x-www-form-urlencoded");
  // gateway%3A1:s%26c%20ret
  EXPECT_EQ(field(basic, "Authorization"), "Basic Z2F0ZXdheSUzQTE6cyUyNmMlMjByZXQ=");
  const HttpRequest body = token_request(client(), "/token", ClientSecretIn::body);
  EXPECT_EQ(body.body,
            "grant_type=client_credentials&scope=events.write%20bus%2Forders"
            "&client_id=gateway%3A1&client_secret=s%26c%20ret");
  EXPECT_EQ(field(body, "Authorization"), "");
}

TEST(TokenAnswer, HoldsATokenAndItsLife) {
  using Life = std::optional<std::chrono::seconds>;
  for (const auto& [body, life] :
       {std::pair(R"({"access_token":"a.b-c","token_type":"Bearer","expires_in":3600})",
                  Life(3600s)),
        std::pair(R"({"access_token":"a.b-c","token_type":"bearer","expires_in":"3599"})",
                  Life(3599s)),
        std::pair(R"({"access_token":"a.b-c","expires_in":1.5e3,"scope":"x"})", Life(1500s)),
        std::pair(R"({"access_token":"a.b-c","expires_in":-5})", Life(0s)),
        std::pair(R"({"access_token":"a.b-c","token_type":"Bearer"})", Life()),
        std::pair(R"({"access_token":"a.b-c","expires_in":null})", Life())}) {
    const TokenResult token = read_token_answer(200, body);
    ASSERT_TRUE(token) << body << token.error().text();
    EXPECT_EQ(token->text().reveal(), "a.b-c");
    EXPECT_EQ(token->lifetime(), life) << body;
  }
}

TEST(TokenAnswer, SaysWhyThereIsNone) {
  const auto problem = [](unsigned status, const char* body) {
    const TokenResult token = read_token_answer(status, body);
    return token ? "a token" : token.error().text();
  };
  EXPECT_EQ(problem(400, R"({"error":"invalid_scope","error_description":"no such scope"})"),
            "answers 400 invalid_scope: no such scope");
  EXPECT_EQ(problem(503, "<html>"), "answers 503");
  EXPECT_EQ(problem(302, ""), "answers 302; redirections are not followed");
  EXPECT_EQ(problem(401, "{\"error\":\"a\\nb\"}"), "answers 401 a?b");
  EXPECT_EQ(problem(200, "<html>"), "answers 200 and no JSON object");
  EXPECT_EQ(problem(200, "{}"), "answers 200 without an access_token");
  EXPECT_EQ(problem(200, R"({"access_token":"a\r\nb"})"),
            "gives an access_token that no header field may hold");
  EXPECT_EQ(problem(200, R"({"access_token":"a","token_type":"mac"})"),
            "gives a token of type mac; only Bearer is supported");
}

TEST(TokenClient, TriesTheOtherPlaceForTheSecretAndKeepsToIt) {
  test::ScriptedHttpServer server;
  server.script([](const test::ReceivedRequest& request) {
    if (request.headers.has("Authorization"))
      return reply(401, {}, R"({"error":"invalid_client"})");
    return reply(200, {}, R"({"access_token":"t","token_type":"Bearer","expires_in":60})");
  });
  config::Delivery delivery;
  delivery.oauth2 = client();
  delivery.oauth2.token_url = "http://127.0.0.1:" + std::to_string(server.port()) + "/token";
  asio::io_context context{1};
  TokenClient tokens(context.get_executor(), delivery);
  ASSERT_TRUE(test::run_task(context, tokens.fetch(5s)));
  EXPECT_EQ(server.requests().size(), 2U);
  ASSERT_TRUE(test::run_task(context, tokens.fetch(5s)));
  EXPECT_EQ(server.requests().size(), 3U);

  server.script([](const test::ReceivedRequest& request) {
    return reply(request.headers.has("Authorization") ? 400 : 401, {}, R"({"error":"nope"})");
  });
  const TokenResult failed = test::run_task(context, tokens.fetch(5s));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), "answers 401 nope") << "of the way that worked before";
}

}  // namespace
}  // namespace gateway::egress

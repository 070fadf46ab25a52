#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>

#include "support/payloads.hpp"
#include "support/running_gateway.hpp"
#include "support/scripted_eventbus.hpp"
#include "support/scripted_http_server.hpp"
#include "testkit/action.hpp"
#include "testkit/eventually.hpp"

namespace gateway::test {
namespace {

using namespace std::chrono_literals;

// A token server that counts, and an eventbus that wants what it gave last.
class OAuth2 : public testing::Test {
 protected:
  OAuth2() {
    tokens_.script([this](const ReceivedRequest&) {
      if (away_) return reply(503);
      return reply(200, {},
                   R"({"token_type":"Bearer","access_token":"t)" + std::to_string(++given_) +
                       R"(","expires_in":)" + std::to_string(life_) + "}");
    });
    bus_.script([this](const Request& request) {
      const std::string wanted = "Bearer t" + std::to_string(wanted_);
      return reply(request.headers["Authorization"] == wanted ? 200 : 401);
    });
  }
  [[nodiscard]] config::Settings settings() const {
    config::Settings settings = loopback_settings(bus_.port());
    settings.delivery.oauth2.token_url =
        "http://127.0.0.1:" + std::to_string(tokens_.port()) + "/token";
    settings.delivery.oauth2.client_id = "gateway";
    settings.delivery.oauth2.client_secret = Secret(std::string("the secret"));
    settings.delivery.deadline = 3s;
    return settings;
  }
  static bool status_says(const RunningGateway& gateway, const std::string& text) {
    return eventually([&] {
      return gateway.connect_admin().get("/status").body.find(text) != std::string::npos;
    });
  }

  std::atomic<int> given_{0};
  std::atomic<int> wanted_{1};
  std::atomic<int> life_{3600};
  std::atomic<bool> away_{false};
  ScriptedHttpServer tokens_;
  ScriptedEventbus bus_;
};

TEST_F(OAuth2, OneTokenIsFetchedForAllShards) {
  config::Settings wanted = settings();
  wanted.ingress.threads = 3;
  RunningGateway gateway(wanted);
  for (int i = 0; i < 12; ++i) EXPECT_EQ(gateway.post(cos_payload(2)).status, 200U);
  EXPECT_EQ(given_, 1);
  const auto request = tokens_.requests().at(0);
  EXPECT_EQ(request.target, "/token");
  EXPECT_EQ(request.body, "grant_type=client_credentials");
  EXPECT_EQ(gateway.connect_admin().get("/status").body.find("the secret"), std::string::npos);
}

TEST_F(OAuth2, ATokenIsReplacedBeforeItExpires) {
  life_ = 2;
  RunningGateway gateway(settings());
  bus_.script([](const Request& request) {
    return reply(request.headers["Authorization"].starts_with("Bearer t") ? 200 : 401);
  });
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
  EXPECT_TRUE(eventually([&] { return given_ >= 2; }));
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
    return bus_.requests().back().headers["Authorization"] != "Bearer t1";
  }));
}

TEST_F(OAuth2, A401HasAnotherFetchedOnce) {
  RunningGateway gateway(settings());
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
  wanted_ = 2;  // the first is revoked
  EXPECT_EQ(gateway.post(cos_payload(20)).status, 200U);
  EXPECT_EQ(given_, 2);
}

TEST_F(OAuth2, A401HasAnotherFetchedAlsoWhereItIsToBeRetried) {
  config::Settings wanted = settings();
  wanted.delivery.status = {{401, config::Treatment::retry}};
  RunningGateway gateway(wanted);
  wanted_ = 2;
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
  EXPECT_EQ(given_, 2);
}

TEST_F(OAuth2, AnEventThatIsRefusedWithTwoTokensIsRefused) {
  RunningGateway gateway(settings());
  wanted_ = 1000;
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 502U);
  EXPECT_EQ(given_, 2);
}

TEST_F(OAuth2, InABatchTheTokenIsNoReasonToSplit) {
  config::Settings wanted = settings();
  wanted.delivery.mode = config::Mode::batch;
  RunningGateway gateway(wanted);
  wanted_ = 2;
  EXPECT_EQ(gateway.post(cos_payload(10)).status, 200U);
}

TEST_F(OAuth2, EventsWaitForATokenAndItIsSaidWhy) {
  away_ = true;
  config::Settings wanted = settings();
  wanted.delivery.deadline = 10s;
  RunningGateway gateway(wanted);
  HttpClient client = gateway.connect();
  client.send(post_text(cos_payload(1)));
  EXPECT_TRUE(status_says(gateway, "no access token (delivery.oauth2)"));
  EXPECT_TRUE(status_says(gateway, "answers 503"));
  EXPECT_TRUE(bus_.requests().empty());
  away_ = false;
  EXPECT_EQ(client.response().status, 200U);
}

TEST_F(OAuth2, TheOldTokenIsUsedWhileItIsValidAndNoLonger) {
  life_ = 2;
  config::Settings wanted = settings();
  wanted.delivery.deadline = 400ms;
  RunningGateway gateway(wanted);
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U);
  away_ = true;
  EXPECT_TRUE(eventually([&] { return tokens_.requests().size() >= 2; }));
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 200U) << "within its life";
  EXPECT_TRUE(eventually([&] { return gateway.post(cos_payload(1)).status == 504U; }));
  const std::size_t sent = bus_.requests().size();
  EXPECT_EQ(gateway.post(cos_payload(1)).status, 504U);
  EXPECT_EQ(bus_.requests().size(), sent) << "nothing leaves without a token that is valid";
  away_ = false;
  wanted_ = 2;
  EXPECT_TRUE(eventually([&] { return gateway.post(cos_payload(1)).status == 200U; }));
}

}  // namespace
}  // namespace gateway::test

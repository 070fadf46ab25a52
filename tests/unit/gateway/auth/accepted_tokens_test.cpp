#include "gateway/auth/accepted_tokens.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "cloud/digest.hpp"
#include "cloud/relay_environment.hpp"

namespace gateway::auth {
namespace {

std::vector<std::string> tokens_of(const config::Settings& settings) {
  std::vector<std::string> tokens;
  for (const Secret& token : accepted_tokens(settings)) tokens.push_back(token.reveal());
  return tokens;
}

config::Settings with_secret_key() {
  config::Settings settings;
  settings.credentials.secret_key = Secret(std::string("sk"));
  settings.function.region = "ap-beijing";
  settings.function.space = "prod";
  settings.function.name = "relay";
  return settings;
}

using Tokens = std::vector<std::string>;

TEST(AcceptedTokens, AreDerivedFromTheSecretKey) {
  const std::string derived =
      cloud::hex(cloud::hmac_sha256("sk", "cos-gateway/v1/ap-beijing/prod/relay"));
  EXPECT_EQ(tokens_of(with_secret_key()), Tokens{derived});
}

TEST(AcceptedTokens, NeedASecretKeyOnly) {
  config::Settings settings = with_secret_key();
  settings.function.region.clear();
  settings.function.name.clear();
  settings.function.space = "default";
  EXPECT_EQ(tokens_of(settings),
            Tokens{cloud::hex(cloud::hmac_sha256("sk", "cos-gateway/v1//default/"))});
}

TEST(AcceptedTokens, AConfiguredOneComesFirst) {
  config::Settings settings = with_secret_key();
  settings.ingress.token = Secret(std::string("configured"));
  EXPECT_EQ(tokens_of(settings), Tokens{"configured"});
  settings.ingress.previous_token = Secret(std::string("previous"));
  EXPECT_EQ(tokens_of(settings), (Tokens{"configured", "previous"}));
  settings.ingress.auth = config::Auth::hmac;
  EXPECT_EQ(tokens_of(settings), (Tokens{"configured", "previous"}));
}

TEST(AcceptedTokens, ThereAreNoneWithoutAuthentication) {
  config::Settings settings = with_secret_key();
  settings.ingress.token = Secret(std::string("configured"));
  settings.ingress.previous_token = Secret(std::string("previous"));
  settings.ingress.auth = config::Auth::none;
  EXPECT_EQ(tokens_of(settings), Tokens{});
  EXPECT_EQ(tokens_of({}), Tokens{});
}

TEST(AcceptedTokens, AuthenticationWithoutAnyIsRefused) {
  config::Settings settings;
  settings.ingress.auth = config::Auth::hmac;
  EXPECT_THROW(static_cast<void>(accepted_tokens(settings)), std::invalid_argument);
}

TEST(OpenByDefault, OnlyWhereNothingSaysSoAndOthersReachThePort) {
  const struct {
    const char* host;
    bool open;
  } rows[] = {{"0.0.0.0", true},
              {"::", true},
              {"192.0.2.1", true},
              {"2001:db8::1", true},
              {"127.0.0.1", false},
              {"127.1.2.3", false},
              {"::1", false},
              {"::ffff:127.0.0.1", false},
              {"::ffff:192.0.2.1", true}};
  for (const auto& row : rows) {
    config::Settings settings;
    settings.ingress.listen.host = row.host;
    EXPECT_EQ(open_by_default(settings), row.open) << row.host;
  }
  config::Settings stated;
  stated.ingress.auth = config::Auth::none;
  EXPECT_FALSE(open_by_default(stated));
  EXPECT_FALSE(open_by_default(with_secret_key()));
  config::Settings certificates;
  certificates.ingress.tls.ca = "clients.pem";
  EXPECT_FALSE(open_by_default(certificates));
}

TEST(Described, SaysWhoMayPostWithoutTheSecret) {
  EXPECT_EQ(described({}), "none");
  EXPECT_EQ(described(with_secret_key()), "hmac or bearer, by a token derived from secret_key");
  config::Settings settings;
  settings.ingress.token = Secret(std::string("configured"));
  EXPECT_EQ(described(settings), "hmac or bearer, by gateway.token");
}

TEST(AcceptedTokens, AreThoseOfTheFunctionsOfAList) {
  config::Settings settings;
  settings.credentials.secret_key = Secret(std::string("key"));
  settings.buckets.resize(3);
  for (auto& entry : settings.buckets) entry.function.region = "ap-beijing";
  settings.buckets[0].function.name = "one";
  settings.buckets[1].function.name = "two";
  settings.buckets[2].function.name = "one";
  settings.function = settings.buckets[0].function;
  settings.ingress.previous_token = Secret(std::string("previous"));
  const auto tokens = accepted_tokens(settings);
  ASSERT_EQ(tokens.size(), 3U);
  EXPECT_EQ(function_tokens(settings), 2U);
  EXPECT_EQ(tokens[0].reveal(), cloud::derive_gateway_token("key", "ap-beijing", "default", "one"));
  EXPECT_EQ(tokens[2].reveal(), "previous");
  settings.ingress.token = Secret(std::string("token"));
  EXPECT_EQ(accepted_tokens(settings).size(), 2U);
  EXPECT_EQ(function_tokens(settings), 0U);
}

}  // namespace
}  // namespace gateway::auth

#include "gateway/auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/digest.hpp"
#include "gateway/auth/signature_field.hpp"

namespace gateway::auth {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds kNow{1'700'000'000s};
constexpr std::string_view kBody = R"({"Records":[]})";

Authenticator with(std::vector<std::string> tokens) {
  std::vector<Secret> secrets;
  for (auto& token : tokens) secrets.emplace_back(std::move(token));
  return Authenticator(std::move(secrets));
}

std::string v1(std::string_view key, std::string_view time, std::string_view body) {
  return ",v1=" + cloud::hex(cloud::hmac_sha256(key, std::string(time) + "." + std::string(body)));
}

std::string signature(std::string_view key, std::string_view time = "1700000000",
                      std::string_view body = kBody) {
  return "t=" + std::string(time) + v1(key, time, body);
}

std::optional<AuthFailure> refused(const Authenticator& authenticator, const std::string& field) {
  Shown shown;
  shown.signature = field;
  return authenticator.refuse_head(shown, kNow);
}

std::optional<AuthFailure> refused_bearer(const Authenticator& authenticator,
                                          std::string_view value) {
  Shown shown;
  shown.authorization = value;
  return authenticator.refuse_head(shown, kNow);
}

TEST(Authenticator, ASignatureOfTheBodyPasses) {
  Authenticator authenticator = with({"key"});
  EXPECT_EQ(refused(authenticator, signature("key")), std::nullopt);
  EXPECT_TRUE(authenticator.signs(signature("key"), kBody));
  EXPECT_TRUE(authenticator.signs(signature("key"), kBody)) << "again";
  EXPECT_TRUE(authenticator.signs(signature("key", "1700000000", ""), ""));
}

// An answer computed elsewhere: printf '1700000000.{"Records":[]}' | openssl dgst -sha256 -hmac key
TEST(Authenticator, AgreesWithAnotherImplementation) {
  EXPECT_TRUE(with({"key"}).signs(
      "t=1700000000,v1=f8870241637cdadeb66c304f31d35d58c533459c990f7c18cc32a6e33aa2519e", kBody));
}

TEST(Authenticator, WhatWasNotSignedByTheKeyDoesNotPass) {
  Authenticator authenticator = with({"key"});
  const std::string good = signature("key");
  std::string flipped = good;
  flipped.back() = flipped.back() == '0' ? '1' : '0';
  EXPECT_FALSE(authenticator.signs(flipped, kBody));
  EXPECT_FALSE(authenticator.signs(good, std::string(kBody) + " "));
  EXPECT_FALSE(authenticator.signs(good, kBody.substr(1)));
  EXPECT_FALSE(authenticator.signs(signature("other"), kBody));
  EXPECT_FALSE(authenticator.signs("t=1700000001" + v1("key", "1700000000", kBody), kBody))
      << "the time is signed, too";
  EXPECT_FALSE(authenticator.signs("t=01700000000" + v1("key", "1700000000", kBody), kBody))
      << "as it is written";
}

TEST(Authenticator, TheTimeMustBeWithinTheWindow) {
  const Authenticator authenticator = with({"key"});
  const struct {
    const char* time;
    std::optional<AuthFailure> failure;
  } rows[] = {
      {"1699999700", std::nullopt},
      {"1699999699", AuthFailure::time},
      {"1700000300", std::nullopt},
      {"1700000301", AuthFailure::time},
      {"0", AuthFailure::time},
      {"99999999999", AuthFailure::time},
      {"999999999999", AuthFailure::malformed},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(refused(authenticator, signature("key", row.time)), row.failure) << row.time;
  }
}

TEST(Authenticator, AnyOfSeveralSignaturesIsEnough) {
  Authenticator authenticator = with({"new"});
  const std::string old_first = signature("old") + v1("new", "1700000000", kBody);
  const std::string new_first = signature("new") + v1("old", "1700000000", kBody);
  for (const auto& field : {old_first, new_first}) {
    EXPECT_EQ(refused(authenticator, field), std::nullopt);
    EXPECT_TRUE(authenticator.signs(field, kBody));
  }
  EXPECT_FALSE(authenticator.signs(signature("old") + v1("older", "1700000000", kBody), kBody));
}

TEST(Authenticator, BothTokensAreAccepted) {
  Authenticator authenticator = with({"new", "old"});
  for (const std::string key : {"new", "old"}) {
    EXPECT_TRUE(authenticator.signs(signature(key), kBody)) << key;
    EXPECT_EQ(refused_bearer(authenticator, "Bearer " + key), std::nullopt) << key;
  }
  EXPECT_FALSE(authenticator.signs(signature("third"), kBody));
  EXPECT_EQ(refused_bearer(authenticator, "Bearer third"), AuthFailure::token);
}

TEST(Authenticator, ABearerTokenIsDecidedByTheHead) {
  const Authenticator authenticator = with({"token"});
  const struct {
    std::string_view value;
    std::optional<AuthFailure> failure;
  } rows[] = {
      {"Bearer token", std::nullopt},
      {"bearer token", std::nullopt},
      {"BEARER   token", std::nullopt},
      {"Bearer Token", AuthFailure::token},
      {"Bearer toke", AuthFailure::token},
      {"Bearer tokens", AuthFailure::token},
      {"Bearer token token", AuthFailure::token},
      {"Bearer", AuthFailure::malformed},
      {"Bearer ", AuthFailure::malformed},
      {"Bearertoken", AuthFailure::malformed},
      {"token", AuthFailure::malformed},
      {"Basic token", AuthFailure::malformed},
      {"", AuthFailure::missing},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(refused_bearer(authenticator, row.value), row.failure) << row.value;
  }
}

TEST(Authenticator, ASignatureDecidesWhereThereIsOne) {
  const Authenticator authenticator = with({"token"});
  Shown shown;
  shown.authorization = "Bearer token";
  shown.signature = "nonsense";
  EXPECT_EQ(authenticator.refuse_head(shown, kNow), AuthFailure::malformed);
  const std::string field = signature("token");
  shown.signature = field;
  shown.authorization = "Basic of-some-proxy";
  EXPECT_EQ(authenticator.refuse_head(shown, kNow), std::nullopt);
}

class Head {
 public:
  explicit Head(std::string fields) : text_("POST / HTTP/1.1\r\n" + std::move(fields) + "\r\n") {
    EXPECT_EQ(scan_.advance(text_.data(), text_.size()), http::HeadScan::State::complete);
  }
  [[nodiscard]] Shown shown() const { return shown_in({text_.data(), scan_}); }

 private:
  std::string text_;
  http::HeadScan scan_;
};

TEST(Shown, FindsTheFieldsInAnyLetterCase) {
  const Head head("Host: h\r\nX-COS-signature:  t=1 \r\naUTHORIZATION: Bearer x\r\nX-Cos: y\r\n");
  EXPECT_EQ(head.shown().signature, "t=1");
  EXPECT_EQ(head.shown().authorization, "Bearer x");
  EXPECT_FALSE(head.shown().repeated);
}

TEST(Shown, TellsWhenOneIsThereTwice) {
  for (const char* fields : {"Authorization: Bearer a\r\nAuthorization: Bearer a\r\n",
                             "X-Cos-Signature: a\r\nHost: h\r\nx-cos-signature: b\r\n",
                             "Authorization:\r\nAuthorization: Bearer a\r\n"}) {
    const Head head(fields);
    EXPECT_TRUE(head.shown().repeated) << fields;
    EXPECT_EQ(with({"a"}).refuse_head(head.shown(), kNow), AuthFailure::malformed);
  }
}

TEST(Shown, IsEmptyWithoutThem) {
  const Head head("Host: h\r\nX-Authorization: Bearer a\r\n");
  EXPECT_TRUE(head.shown().authorization.empty());
  EXPECT_TRUE(head.shown().signature.empty());
}

TEST(Authenticator, AcceptsOtherTokensForAsLongAsItIsTold) {
  std::vector<Secret> own;
  own.emplace_back(std::string("own-token"));
  Authenticator authenticator(std::move(own));
  const auto bearer = [&](std::string_view text) {
    Shown shown;
    shown.authorization = text;
    return !authenticator.refuse_head(shown, std::chrono::sys_seconds()).has_value();
  };
  EXPECT_FALSE(bearer("Bearer former"));
  std::vector<Secret> former;
  former.emplace_back(std::string("former"));
  former.emplace_back(std::string("own-token"));
  authenticator.also_accept(former);
  EXPECT_TRUE(bearer("Bearer former"));
  EXPECT_TRUE(bearer("Bearer own-token"));
  authenticator.also_accept({});
  EXPECT_FALSE(bearer("Bearer former"));
  EXPECT_TRUE(bearer("Bearer own-token"));
}

}  // namespace
}  // namespace gateway::auth

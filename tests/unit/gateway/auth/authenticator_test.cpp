#include "gateway/auth/authenticator.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/digest.hpp"
#include "gateway/auth/signature.hpp"

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

// A post without any field that version 2 signs.
SignedPost post(std::string_view field, std::string_view body) {
  return {field, {}, body};
}

std::optional<AuthFailure> refused(const Authenticator& authenticator, const std::string& field) {
  PostCredentials credentials;
  credentials.signature = field;
  return authenticator.refuse_head(credentials, kNow);
}

std::optional<AuthFailure> refused_bearer(const Authenticator& authenticator,
                                          std::string_view value) {
  PostCredentials credentials;
  credentials.authorization = value;
  return authenticator.refuse_head(credentials, kNow);
}

TEST(Authenticator, ASignatureOfTheBodyPasses) {
  Authenticator authenticator = with({"key"});
  EXPECT_EQ(refused(authenticator, signature("key")), std::nullopt);
  EXPECT_TRUE(authenticator.signs(post(signature("key"), kBody)));
  EXPECT_TRUE(authenticator.signs(post(signature("key"), kBody))) << "again";
  EXPECT_TRUE(authenticator.signs(post(signature("key", "1700000000", ""), "")));
}

// An answer computed elsewhere: printf '1700000000.{"Records":[]}' | openssl dgst -sha256 -hmac key
TEST(Authenticator, AgreesWithAnotherImplementation) {
  EXPECT_TRUE(with({"key"}).signs(post(
      "t=1700000000,v1=f8870241637cdadeb66c304f31d35d58c533459c990f7c18cc32a6e33aa2519e", kBody)));
}

TEST(Authenticator, WhatWasNotSignedByTheKeyDoesNotPass) {
  Authenticator authenticator = with({"key"});
  const std::string good = signature("key");
  std::string flipped = good;
  flipped.back() = flipped.back() == '0' ? '1' : '0';
  EXPECT_FALSE(authenticator.signs(post(flipped, kBody)));
  EXPECT_FALSE(authenticator.signs(post(good, std::string(kBody) + " ")));
  EXPECT_FALSE(authenticator.signs(post(good, kBody.substr(1))));
  EXPECT_FALSE(authenticator.signs(post(signature("other"), kBody)));
  EXPECT_FALSE(authenticator.signs(post("t=1700000001" + v1("key", "1700000000", kBody), kBody)))
      << "the time is signed, too";
  EXPECT_FALSE(authenticator.signs(post("t=01700000000" + v1("key", "1700000000", kBody), kBody)))
      << "as it is written";
}

TEST(Authenticator, FindsTheKeyWhereverItBegins) {
  Authenticator authenticator = with({"one", "two", "three"});
  for (const std::size_t likely : {0U, 1U, 2U, 3U, 100U}) {
    EXPECT_EQ(authenticator.key_of(post(signature("one"), kBody), likely), 0U);
    EXPECT_EQ(authenticator.key_of(post(signature("three"), kBody), likely), 2U);
    EXPECT_EQ(authenticator.key_of(post(signature("four"), kBody), likely), std::nullopt);
  }
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
    EXPECT_TRUE(authenticator.signs(post(field, kBody)));
  }
  EXPECT_FALSE(
      authenticator.signs(post(signature("old") + v1("older", "1700000000", kBody), kBody)));
}

TEST(Authenticator, BothTokensAreAccepted) {
  Authenticator authenticator = with({"new", "old"});
  for (const std::string key : {"new", "old"}) {
    EXPECT_TRUE(authenticator.signs(post(signature(key), kBody))) << key;
    EXPECT_EQ(refused_bearer(authenticator, "Bearer " + key), std::nullopt) << key;
  }
  EXPECT_FALSE(authenticator.signs(post(signature("third"), kBody)));
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
  PostCredentials credentials;
  credentials.authorization = "Bearer token";
  credentials.signature = "nonsense";
  EXPECT_EQ(authenticator.refuse_head(credentials, kNow), AuthFailure::malformed);
  const std::string field = signature("token");
  credentials.signature = field;
  credentials.authorization = "Basic of-some-proxy";
  EXPECT_EQ(authenticator.refuse_head(credentials, kNow), std::nullopt);
}

TEST(Authenticator, TheHighestVersionDecides) {
  Authenticator authenticator = with({"key"});
  const std::vector<SignedField> fields{{"content-type", "application/json"}};
  std::string prefix;
  write_v2_prefix(prefix, "1700000000", fields);
  const std::string v2 =
      ",v2=" + cloud::hex(cloud::hmac_sha256("key", prefix + std::string(kBody)));
  const std::string wrong = ",v2=" + std::string(64, '0');
  EXPECT_TRUE(authenticator.signs({"t=1700000000" + v2, fields, kBody}));
  EXPECT_TRUE(authenticator.signs({"t=1700000000" + wrong + v2, fields, kBody}));
  EXPECT_TRUE(authenticator.signs({signature("key") + v2, fields, kBody}));
  EXPECT_TRUE(authenticator.signs({signature("other") + v2, fields, kBody}));
  EXPECT_FALSE(authenticator.signs({signature("key") + wrong, fields, kBody}));
  EXPECT_FALSE(authenticator.signs({signature("key") + v2, {}, kBody}));
}

TEST(Authenticator, EventFieldsNeedVersion2) {
  const Authenticator authenticator = with({"key"});
  PostCredentials credentials;
  credentials.event_fields = true;
  const std::string v1_only = signature("key");
  credentials.signature = v1_only;
  EXPECT_EQ(authenticator.refuse_head(credentials, kNow), AuthFailure::version);
  const std::string both = v1_only + ",v2=" + std::string(64, 'a');
  credentials.signature = both;
  EXPECT_EQ(authenticator.refuse_head(credentials, kNow), std::nullopt);
  credentials = PostCredentials();
  credentials.event_fields = true;
  credentials.authorization = "Bearer key";
  EXPECT_EQ(authenticator.refuse_head(credentials, kNow), std::nullopt);
}

// A post can be sent again with less of its signature, or with another spelling of it.
TEST(Authenticator, AFingerprintIsOfWhatWasSigned) {
  Authenticator authenticator = with({"key", "old"});
  const std::vector<SignedField> type{{"content-type", "application/json"}};
  const std::vector<SignedField> event{{"ce-id", "1"}, {"content-type", "text/plain"}};
  const std::vector<SignedField> another{{"ce-id", "2"}, {"content-type", "text/plain"}};
  const std::string v2 = ",v2=" + std::string(64, 'a');
  const auto of = [&](const std::string& field, const std::vector<SignedField>& fields) {
    return authenticator.fingerprint({field, fields, kBody});
  };
  const auto plain = of(signature("key"), type);
  EXPECT_NE(plain, 0U);
  for (const auto& field : {signature("key") + v2, signature("old"), v2 + ",t=1700000000"}) {
    EXPECT_EQ(of(field, type), plain) << field;
  }
  EXPECT_NE(of(signature("key", "1700000001"), type), plain);
  EXPECT_NE(of(signature("key") + v2, event), plain);
  EXPECT_NE(of(signature("key") + v2, event), of(signature("key") + v2, another));
}

class Head {
 public:
  explicit Head(std::string fields) : text_("POST / HTTP/1.1\r\n" + std::move(fields) + "\r\n") {
    EXPECT_EQ(scan_.advance(text_.data(), text_.size()), http::HeadScan::State::complete);
  }
  [[nodiscard]] PostCredentials credentials() const {
    return credentials_in({text_.data(), scan_});
  }

 private:
  std::string text_;
  http::HeadScan scan_;
};

TEST(PostCredentials, FindsTheFieldsInAnyLetterCase) {
  const Head head("Host: h\r\nX-COS-signature:  t=1 \r\naUTHORIZATION: Bearer x\r\nX-Cos: y\r\n");
  EXPECT_EQ(head.credentials().signature, "t=1");
  EXPECT_EQ(head.credentials().authorization, "Bearer x");
  EXPECT_FALSE(head.credentials().repeated);
}

TEST(PostCredentials, TellsWhenOneIsThereTwice) {
  for (const char* fields : {"Authorization: Bearer a\r\nAuthorization: Bearer a\r\n",
                             "X-Cos-Signature: a\r\nHost: h\r\nx-cos-signature: b\r\n",
                             "Authorization:\r\nAuthorization: Bearer a\r\n"}) {
    const Head head(fields);
    EXPECT_TRUE(head.credentials().repeated) << fields;
    EXPECT_EQ(with({"a"}).refuse_head(head.credentials(), kNow), AuthFailure::malformed);
  }
}

TEST(PostCredentials, TellsWhetherThereAreEventFields) {
  EXPECT_TRUE(Head("Host: h\r\nCe-Id: 1\r\n").credentials().event_fields);
  EXPECT_FALSE(Head("Host: h\r\nCeiling: 1\r\nX-ce-id: 1\r\n").credentials().event_fields);
}

TEST(PostCredentials, IsEmptyWithoutThem) {
  const Head head("Host: h\r\nX-Authorization: Bearer a\r\n");
  EXPECT_TRUE(head.credentials().authorization.empty());
  EXPECT_TRUE(head.credentials().signature.empty());
}

TEST(Authenticator, AcceptsOtherTokensForAsLongAsItIsTold) {
  std::vector<Secret> own;
  own.emplace_back(std::string("own-token"));
  Authenticator authenticator(std::move(own));
  const auto bearer = [&](std::string_view text) {
    PostCredentials credentials;
    credentials.authorization = text;
    return !authenticator.refuse_head(credentials, std::chrono::sys_seconds()).has_value();
  };
  EXPECT_FALSE(bearer("Bearer former"));
  std::vector<Secret> former;
  former.emplace_back(std::string("former"));
  former.emplace_back(std::string("own-token"));
  authenticator.also_accept(former);
  EXPECT_TRUE(bearer("Bearer former"));
  EXPECT_TRUE(bearer("Bearer own-token"));
  EXPECT_TRUE(authenticator.also_accepts(0)) << "it is one of them as well";
  EXPECT_TRUE(authenticator.also_accepts(1));
  authenticator.also_accept({});
  EXPECT_FALSE(bearer("Bearer former"));
  EXPECT_TRUE(bearer("Bearer own-token"));
  EXPECT_FALSE(authenticator.also_accepts(0));
}

TEST(Authenticator, SaysWhichTokenItWas) {
  const Authenticator authenticator = with({"one", "two"});
  EXPECT_EQ(authenticator.token_of("Bearer two"), 1U);
  EXPECT_EQ(authenticator.token_of("Bearer one"), 0U);
  EXPECT_EQ(authenticator.token_of("Bearer three"), std::nullopt);
  EXPECT_EQ(authenticator.token_of("Bearer"), std::nullopt);
}

}  // namespace
}  // namespace gateway::auth

#include "gateway/egress/access/authorization.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;
using Meaning = TokenUse::Meaning;

Authorization token(unsigned number, Instant valid_until = Instant::max()) {
  Authorization authorization;
  authorization.value = Secret("Bearer " + std::to_string(number));
  authorization.number = number;
  authorization.valid_until = valid_until;
  return authorization;
}

Authorization failure(const char* why, Authorization last = {}) {
  last.problem = why;
  return last;
}

TEST(TokenUse, NeedsNoneWhereNoneIsConfigured) {
  const TokenUse use(false);
  EXPECT_TRUE(use.usable(kStart));
  EXPECT_FALSE(use.awaited());
}

TEST(TokenUse, WaitsForTheFirst) {
  TokenUse use(true);
  EXPECT_FALSE(use.usable(kStart));
  EXPECT_TRUE(use.awaited());
  EXPECT_FALSE(use.take(failure("https://idp answers 503"), kStart));
  EXPECT_FALSE(use.awaited());
  EXPECT_EQ(use.problem(), "no access token (delivery.oauth2): https://idp answers 503");
  EXPECT_TRUE(use.take(token(1, kStart + 10s), kStart));
  EXPECT_TRUE(use.usable(kStart + 9s));
  EXPECT_FALSE(use.usable(kStart + 10s));
}

TEST(TokenUse, KeepsTheOldOneWhileThereIsNoOther) {
  TokenUse use(true);
  EXPECT_TRUE(use.take(token(1, kStart + 10s), kStart));
  EXPECT_FALSE(use.take(failure("away", token(1, kStart + 10s)), kStart + 8s));
  EXPECT_TRUE(use.usable(kStart + 9s));
  EXPECT_FALSE(use.usable(kStart + 11s));
  EXPECT_EQ(use.problem(), "no access token (delivery.oauth2): away");
}

TEST(TokenUse, SendsAnEventAgainWithAnotherTokenOnce) {
  TokenUse use(true);
  use.take(token(1), kStart);
  EXPECT_EQ(use.rejected(7, kStart + 1s, kStart + 2s), Meaning::renew);
  EXPECT_EQ(use.rejected(7, kStart + 3s, kStart + 4s), Meaning::renew) << "with the same token";
  use.take(token(2), kStart + 5s);
  EXPECT_EQ(use.rejected(7, kStart + 4s, kStart + 6s), Meaning::resend) << "sent with the old one";
  EXPECT_EQ(use.rejected(7, kStart + 6s, kStart + 7s), Meaning::refused);
  EXPECT_EQ(use.rejected(8, kStart + 6s, kStart + 7s), Meaning::renew) << "another event";
}

TEST(TokenUse, ForgetsTheOldestEventOfMany) {
  TokenUse use(true);
  use.take(token(1), kStart);
  for (std::uint64_t event = 0; event < 1025; ++event) {
    EXPECT_EQ(use.rejected(event, kStart + 1s, kStart + 2s), Meaning::renew);
  }
  use.take(token(2), kStart + 5s);
  EXPECT_EQ(use.rejected(0, kStart + 6s, kStart + 7s), Meaning::renew);
  EXPECT_EQ(use.rejected(1024, kStart + 6s, kStart + 7s), Meaning::refused);
}

}  // namespace
}  // namespace gateway::egress

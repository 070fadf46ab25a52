#include "gateway/egress/access/token_life.hpp"

#include <gtest/gtest.h>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

TEST(TokenLife, BeginsAtOnce) {
  const TokenLife life(1);
  EXPECT_LE(life.fetch_at(), kStart);
  EXPECT_EQ(life.number(), 0U);
}

TEST(TokenLife, ReplacesATokenBeforeItsEndAndNotAllAtTheSameTime) {
  Instant earliest = Instant::max();
  Instant latest{};
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    TokenLife life(seed);
    life.fetched(1000s, kStart);
    EXPECT_EQ(life.valid_until(), kStart + 1000s);
    EXPECT_GE(life.fetch_at(), kStart + 750s);
    EXPECT_LE(life.fetch_at(), kStart + 850s);
    earliest = std::min(earliest, life.fetch_at());
    latest = std::max(latest, life.fetch_at());
  }
  EXPECT_GT(latest - earliest, 50s);
}

TEST(TokenLife, KeepsATokenThatDoesNotSayHowLongItLives) {
  TokenLife life(1);
  life.fetched(std::nullopt, kStart);
  EXPECT_EQ(life.fetch_at(), Instant::max());
  EXPECT_EQ(life.valid_until(), Instant::max());
  life.rejected(1, kStart + 1h);
  EXPECT_EQ(life.fetch_at(), kStart + 1h);
}

TEST(TokenLife, AsksNoServerWithoutAPause) {
  TokenLife life(1);
  life.fetched(0s, kStart);
  EXPECT_GE(life.fetch_at(), kStart + 700ms);
}

TEST(TokenLife, BacksOffAfterFailuresAndKeepsTheTokenMeanwhile) {
  TokenLife life(1);
  life.fetched(100s, kStart);
  Instant now = kStart + 80s;
  Instant::duration longest{};
  for (int i = 0; i < 12; ++i) {
    life.failed(now);
    const auto pause = life.fetch_at() - now;
    EXPECT_GE(pause, TokenLife::kFirstPause / 2);
    EXPECT_LE(pause, TokenLife::kMostPause);
    longest = std::max(longest, pause);
    now = life.fetch_at();
  }
  EXPECT_GE(longest, TokenLife::kMostPause / 2);
  EXPECT_EQ(life.valid_until(), kStart + 100s);
  EXPECT_EQ(life.number(), 1U);
  life.fetched(100s, now);
  life.failed(now + 80s);
  EXPECT_LE(life.fetch_at(), now + 80s + TokenLife::kFirstPause) << "the back-off begins anew";
}

TEST(TokenLife, ReplacesATokenThatWasRefusedOnce) {
  TokenLife life(1);
  life.fetched(1000s, kStart);
  life.rejected(1, kStart + 10s);
  EXPECT_EQ(life.fetch_at(), kStart + 10s);
  life.fetched(1000s, kStart + 10s);
  life.rejected(1, kStart + 11s);
  EXPECT_GT(life.fetch_at(), kStart + 700s)
      << "an answer to the old one says nothing about the new";
}

TEST(TokenLife, FetchesEverMoreRarelyWhereAllTokensAreRefused) {
  TokenLife life(1);
  life.fetched(24h, kStart);
  Instant now = kStart + 1s;
  int fetched = 0;
  while (now < kStart + 10min) {
    life.rejected(life.number(), now);
    if (life.fetch_at() <= now) {
      life.fetched(24h, now);
      ++fetched;
    }
    now += 100ms;
  }
  EXPECT_GT(fetched, 5);
  EXPECT_LT(fetched, 20);
  life.rejected(life.number(), now + 1h);
  EXPECT_LE(life.fetch_at(), now + 1h) << "after a while without, at once";
}

TEST(TokenLife, LetsAFailureGoOnWithItsPause) {
  TokenLife life(1);
  life.fetched(1000s, kStart);
  life.rejected(1, kStart + 10s);
  life.failed(kStart + 10s);
  const Instant at = life.fetch_at();
  life.rejected(1, kStart + 10s);
  EXPECT_EQ(life.fetch_at(), at);
}

}  // namespace
}  // namespace gateway::egress

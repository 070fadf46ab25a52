#include "gateway/auth/seen_signatures.hpp"

#include <gtest/gtest.h>

namespace gateway::auth {
namespace {

using namespace std::chrono_literals;
using Seen = SeenSignatures::Seen;

constexpr Instant kBegin{};

TEST(SeenSignatures, APostIsTakenOnceWithinTheWindow) {
  SeenSignatures seen(10s);
  EXPECT_EQ(seen.note(1, kBegin), Seen::never);
  EXPECT_EQ(seen.note(2, kBegin), Seen::never);
  EXPECT_EQ(seen.note(1, kBegin), Seen::before);
  EXPECT_EQ(seen.note(1, kBegin + 9999ms), Seen::before);
  EXPECT_EQ(seen.note(1, kBegin + 10s), Seen::never) << "the window is over";
  EXPECT_EQ(seen.note(1, kBegin + 11s), Seen::before);
}

TEST(SeenSignatures, ARefusalDoesNotMakeTheWindowLonger) {
  SeenSignatures seen(10s);
  EXPECT_EQ(seen.note(1, kBegin), Seen::never);
  EXPECT_EQ(seen.note(1, kBegin + 9s), Seen::before);
  EXPECT_EQ(seen.note(1, kBegin + 10s), Seen::never);
}

TEST(SeenSignatures, WhatWasNotTakenMayComeAgain) {
  SeenSignatures seen(10s);
  EXPECT_EQ(seen.note(1, kBegin), Seen::never);
  seen.forget(1);
  EXPECT_EQ(seen.note(1, kBegin + 5s), Seen::never);
  EXPECT_EQ(seen.note(2, kBegin + 10s), Seen::never) << "the first entry goes";
  EXPECT_EQ(seen.note(1, kBegin + 11s), Seen::before) << "the second one counts";
}

TEST(SeenSignatures, IsBounded) {
  SeenSignatures seen(10s, 2);
  EXPECT_EQ(seen.note(1, kBegin), Seen::never);
  EXPECT_EQ(seen.note(2, kBegin), Seen::never);
  EXPECT_EQ(seen.note(3, kBegin), Seen::full);
  EXPECT_EQ(seen.note(2, kBegin), Seen::before);
  EXPECT_EQ(seen.note(1, kBegin), Seen::full) << "it was the oldest";
}

TEST(SeenSignatures, ClocksOfShardsMayDiffer) {
  SeenSignatures seen(10s);
  EXPECT_EQ(seen.note(1, kBegin + 1s), Seen::never);
  EXPECT_EQ(seen.note(2, kBegin), Seen::never);
  EXPECT_EQ(seen.note(2, kBegin + 10s), Seen::never) << "although an older entry stands before it";
  EXPECT_EQ(seen.note(2, kBegin + 11s), Seen::before);
}

}  // namespace
}  // namespace gateway::auth

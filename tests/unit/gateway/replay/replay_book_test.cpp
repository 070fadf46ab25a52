#include "gateway/replay/replay_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::replay {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr Instant kStart{1000s};

TEST(ReplayBook, Balances) {
  ReplayBook book;
  for (int i = 0; i < 10; ++i) book.handed_over();
  book.delivered({1, kStart}, kStart + 1s);
  book.delivered({2, kStart}, kStart + 1s);
  book.refused(422, kStart + 1s);
  book.refused(404, kStart + 1s);
  book.refused(422, kStart + 1s);
  book.missed({6, kStart});
  book.left();
  const ReplayCounts& counts = book.counts();
  EXPECT_EQ(counts.delivered, 2u);
  EXPECT_EQ(counts.refused, 3u);
  EXPECT_THAT(counts.refusals, ElementsAre(Pair(404, 1), Pair(422, 2)));
  EXPECT_EQ(counts.failed, 1u);
  EXPECT_EQ(counts.left, 1u);
  EXPECT_EQ(counts.in_flight(), 3u);
}

TEST(ReplayBook, NotesDeliveredRowsOnly) {
  ReplayBook book;
  book.delivered({5, kStart}, kStart);
  book.refused(400, kStart);
  book.missed({7, kStart - 1s});
  book.left();
  EXPECT_THAT(book.unnoted(), ElementsAre(5));
}

TEST(ReplayBook, NotesInBatchesButNotLate) {
  ReplayBook book;
  EXPECT_FALSE(book.must_note(kStart + 1h)) << "there is nothing to note";
  book.delivered({1, kStart}, kStart);
  EXPECT_FALSE(book.must_note(kStart + 499ms));
  EXPECT_TRUE(book.must_note(kStart + 500ms));
  book.noted();
  EXPECT_THAT(book.unnoted(), IsEmpty());
  EXPECT_FALSE(book.must_note(kStart + 1h));
  for (int i = 0; i < 499; ++i) book.delivered({i, kStart}, kStart + 1h);
  EXPECT_FALSE(book.must_note(kStart + 1h));
  book.delivered({500, kStart}, kStart + 1h);
  EXPECT_TRUE(book.must_note(kStart + 1h));
}

TEST(ReplayBook, GivesUpOnAnEventbusThatTakesNothing) {
  ReplayBook book;
  book.missed({1, kStart});
  EXPECT_TRUE(book.unavailable());
}

TEST(ReplayBook, GoesOnAsLongAsTheEventbusTakesAStand) {
  ReplayBook book;
  book.delivered({1, kStart}, kStart + 5s);
  book.missed({2, kStart + 1s});
  EXPECT_FALSE(book.unavailable()) << "others were delivered meanwhile";
  book.refused(400, kStart + 20s);
  book.missed({3, kStart + 10s});
  EXPECT_FALSE(book.unavailable()) << "others were refused meanwhile";
  book.missed({4, kStart + 21s});
  EXPECT_TRUE(book.unavailable()) << "nothing since";
}

}  // namespace
}  // namespace gateway::replay

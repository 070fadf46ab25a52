#include "gateway/egress/address/address_book.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "support/start.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;
using test::kStart;

config::Retry retry() {
  config::Retry retry;
  retry.initial = 100ms;
  retry.max = 10s;
  retry.multiplier = 2;
  return retry;
}

tcp::endpoint at(const std::string& address) {
  return {asio::ip::make_address(address), 8080};
}
std::vector<tcp::endpoint> all_at(std::initializer_list<const char*> addresses) {
  std::vector<tcp::endpoint> all;
  for (const char* address : addresses) all.push_back(at(address));
  return all;
}

const tcp::endpoint kA = at("10.0.0.1");
const tcp::endpoint kB = at("10.0.0.2");
const tcp::endpoint kC = at("10.0.0.3");

class AddressBookTest : public testing::Test {
 protected:
  AddressBookTest() { book_.found({kA, kB}); }
  // Fails until no back-off is the shortest one any more.
  void fail(const tcp::endpoint& address, int times = 1) {
    for (int i = 0; i < times; ++i) book_.failed(address, kStart);
  }

  AddressBook book_{retry(), 3};
};

TEST_F(AddressBookTest, LetsFamiliesTakeTurns) {
  book_.found(all_at({"fd00::1", "fd00::2", "fd00::3", "10.0.0.1", "10.0.0.2"}));
  for (int i = 0; i < 20; ++i) {
    const auto order = book_.order(kStart);
    ASSERT_EQ(order.size(), 5U);
    // Three of one and two of the other: whichever is first, the next one is the other.
    EXPECT_NE(order[0].protocol(), order[1].protocol());
    EXPECT_NE(order[1].protocol(), order[2].protocol());
    EXPECT_NE(order[2].protocol(), order[3].protocol());
  }
}

TEST_F(AddressBookTest, BeginsEverywhere) {
  std::map<tcp::endpoint, int> first;
  for (int i = 0; i < 100; ++i) ++first[book_.order(kStart).front()];
  EXPECT_GT(first[kA], 20);
  EXPECT_GT(first[kB], 20);
}

TEST_F(AddressBookTest, SharesConnectionsOut) {
  book_.found({kA, kB, kC});
  std::map<tcp::endpoint, int> connections;
  for (int i = 0; i < 9; ++i) {
    const tcp::endpoint chosen = book_.order(kStart).front();
    book_.opened(chosen);
    ++connections[chosen];
  }
  EXPECT_EQ(connections[kA], 3);
  EXPECT_EQ(connections[kB], 3);
  EXPECT_EQ(connections[kC], 3);
}

TEST_F(AddressBookTest, LeavesAloneWhatFailedAsLongAsAnotherWorks) {
  fail(kA);
  EXPECT_EQ(book_.healthy(), 1U);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(book_.order(kStart + 1h), std::vector{kB}) << "a probe finds out, no connection";
  }
  EXPECT_TRUE(book_.has_other(kA));
  EXPECT_FALSE(book_.has_other(kB));
  book_.recovered(kA);
  EXPECT_EQ(book_.order(kStart).size(), 2U);
}

TEST_F(AddressBookTest, TriesAllWhereNoneWorks) {
  fail(kA, 20);
  fail(kB);
  EXPECT_EQ(book_.healthy(), 0U);
  EXPECT_EQ(book_.order(kStart), (std::vector{kB, kA})) << "the one that is due first";
}

TEST_F(AddressBookTest, ProbesAnAddressAfterABackOffOfItsOwn) {
  EXPECT_FALSE(book_.probe(kStart));
  fail(kA);
  EXPECT_FALSE(book_.probe(kStart));
  EXPECT_EQ(book_.probe(kStart + 100ms), kA);
  EXPECT_FALSE(book_.probe(kStart + 1h)) << "one at a time";
  book_.failed(kA, kStart + 200ms);
  EXPECT_FALSE(book_.probe(kStart + 200ms));
  EXPECT_LE(book_.next_probe(), kStart + 500ms);
  EXPECT_EQ(book_.probe(kStart + 500ms), kA);
  EXPECT_EQ(book_.next_probe(), Instant::max());
  book_.recovered(kA);
  EXPECT_FALSE(book_.probe(kStart + 1h));
  fail(kA, 100);
  EXPECT_EQ(book_.probe(kStart + AddressBook::kMostWait), kA) << "never longer than that";
}

// It hangs for events alone.
TEST_F(AddressBookTest, WaitsLongerForAnAddressThatAnswersProbesOnly) {
  Instant::duration longest{0};
  Instant now = kStart;
  for (int i = 0; i < 40; ++i) {
    book_.failed(kA, now);
    longest = std::max(longest, book_.next_probe() - now);
    now = book_.next_probe();
    ASSERT_EQ(book_.probe(now), kA);
    book_.recovered(kA);
    EXPECT_TRUE(book_.is_healthy(kA));
  }
  EXPECT_GT(longest, 5s);
  book_.answered(kA);
  book_.failed(kA, now);
  EXPECT_EQ(book_.next_probe(), now + 100ms);
}

TEST_F(AddressBookTest, KeepsWhatItKnowsWhenTheNameIsLookedUpAgain) {
  fail(kA);
  book_.opened(kB);
  book_.found({kC, kB, kA});
  EXPECT_FALSE(book_.is_healthy(kA));
  EXPECT_EQ(book_.order(kStart), (std::vector{kC, kB})) << "the one without a connection first";
}

TEST_F(AddressBookTest, LeavesAnAddressThatIsNotFoundAnyMore) {
  book_.opened(kA);
  book_.found({kB});
  EXPECT_EQ(book_.order(kStart), std::vector{kB});
  EXPECT_TRUE(book_.misplaced(kA));
  EXPECT_EQ(book_.size(), 2U);
  book_.closed(kA);
  EXPECT_EQ(book_.size(), 1U);
  fail(kA);
  EXPECT_FALSE(book_.probe(kStart + 1h));
}

TEST_F(AddressBookTest, CountsAConnectionToAnAddressThatWasForgottenMeanwhile) {
  book_.found({kB});
  book_.opened(kA);
  EXPECT_TRUE(book_.misplaced(kA));
  EXPECT_EQ(book_.order(kStart), std::vector{kB});
  book_.found({kA, kB});
  book_.closed(kA);
  book_.opened(kB);
  EXPECT_EQ(book_.order(kStart), (std::vector{kA, kB})) << "the one without a connection first";
  EXPECT_FALSE(book_.misplaced(kB));
}

TEST_F(AddressBookTest, MovesConnectionsToWhereThereAreFewer) {
  book_.opened(kA);
  book_.opened(kB);
  EXPECT_FALSE(book_.misplaced(kA));
  book_.opened(kA);
  EXPECT_FALSE(book_.misplaced(kA)) << "one more is as even as it gets";
  book_.found({kA, kB, kC});
  EXPECT_TRUE(book_.misplaced(kA));
  EXPECT_FALSE(book_.misplaced(kB));
  fail(kC);
  EXPECT_FALSE(book_.misplaced(kA)) << "not to one that does not work";
}

TEST_F(AddressBookTest, TakesAnAddressThatIsFoundTwiceForOne) {
  book_.found({kA, kA, kB});
  EXPECT_EQ(book_.size(), 2U);
}

}  // namespace
}  // namespace gateway::egress

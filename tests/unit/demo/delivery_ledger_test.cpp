#include "demo/delivery_ledger.hpp"

#include <gtest/gtest.h>

namespace gateway::demo {
namespace {

using std::chrono::milliseconds;

const DeliveryLedger::TimePoint kStart{};

// Post 0 carries "a" and "b", post 1 carries "c".
DeliveryLedger two_posts() {
  DeliveryLedger ledger;
  ledger.sent(0, kStart);
  ledger.sent_record(0, "a");
  ledger.sent_record(0, "b");
  ledger.sent(1, kStart + milliseconds(10));
  ledger.sent_record(1, "c");
  return ledger;
}

TEST(DeliveryLedger, EverythingAcknowledgedAndArrivedIsGood) {
  DeliveryLedger ledger = two_posts();
  EXPECT_EQ(ledger.arrived("a", kStart + milliseconds(1)), milliseconds(1));
  EXPECT_EQ(ledger.arrived("b", kStart + milliseconds(2)), milliseconds(2));
  EXPECT_EQ(ledger.arrived("c", kStart + milliseconds(15)), milliseconds(5));
  ledger.answered(0, 200);
  ledger.answered(1, 200);
  const Balance balance = ledger.close();
  EXPECT_TRUE(balance.good());
  EXPECT_EQ(balance.records, 3U);
  EXPECT_EQ(balance.delivered, 3U);
  EXPECT_EQ(balance.lost, 0U);
  EXPECT_EQ(balance.p50, milliseconds(2));
  EXPECT_EQ(balance.p99, milliseconds(5));
}

TEST(DeliveryLedger, ARecordOfAnAcknowledgedPostThatDidNotArriveIsLost) {
  DeliveryLedger ledger = two_posts();
  ledger.arrived("a", kStart);
  ledger.arrived("c", kStart);
  ledger.answered(0, 200);
  ledger.answered(1, 200);
  const Balance balance = ledger.close();
  EXPECT_EQ(balance.lost, 1U);
  EXPECT_FALSE(balance.good());
}

TEST(DeliveryLedger, ARecordOfARefusedPostIsNotLost) {
  DeliveryLedger ledger = two_posts();
  ledger.arrived("c", kStart);
  ledger.answered(0, 503);
  ledger.answered(1, 200);
  const Balance balance = ledger.close();
  EXPECT_EQ(balance.lost, 0U);
  EXPECT_EQ(balance.answered_otherwise, 1U);
  EXPECT_FALSE(balance.good());
}

TEST(DeliveryLedger, CountsDuplicatesUnansweredPostsAndAlteredData) {
  DeliveryLedger ledger = two_posts();
  ledger.arrived("a", kStart);
  ledger.arrived("a", kStart);
  EXPECT_FALSE(ledger.arrived("B", kStart));
  ledger.answered(0, 200);
  ledger.answered(1, 0);
  const Balance balance = ledger.close();
  EXPECT_EQ(balance.duplicates, 1U);
  EXPECT_EQ(balance.strangers, 1U);
  EXPECT_EQ(balance.unanswered, 1U);
  EXPECT_EQ(balance.lost, 1U);
}

}  // namespace
}  // namespace gateway::demo

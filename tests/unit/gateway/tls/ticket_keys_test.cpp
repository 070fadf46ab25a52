#include "gateway/tls/ticket_keys.hpp"

#include <gtest/gtest.h>

namespace gateway::tls {
namespace {

class TicketKeysTest : public testing::Test {
 protected:
  Instant at(std::chrono::hours since) const { return begin_ + since; }

  const Instant begin_{std::chrono::hours(1000)};
  TicketKeys keys_{begin_};
};

TEST_F(TicketKeysTest, OneKeyServesForALifetime) {
  const auto first = keys_.current(begin_);
  const auto later = keys_.current(at(TicketKeys::kLifetime) - std::chrono::seconds(1));
  EXPECT_EQ(first.name, later.name);
  EXPECT_EQ(first.cipher, later.cipher);
  EXPECT_TRUE(keys_.find(first.name, begin_)->current);
}

TEST_F(TicketKeysTest, AnOldKeyIsReadForAnotherLifetimeButNotUsed) {
  const auto first = keys_.current(begin_);
  const auto second = keys_.current(at(TicketKeys::kLifetime));
  EXPECT_NE(first.name, second.name);
  EXPECT_NE(first.cipher, second.cipher);
  EXPECT_NE(first.mac, second.mac);
  const auto found = keys_.find(first.name, at(TicketKeys::kLifetime));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->cipher, first.cipher);
  EXPECT_FALSE(found->current);
  EXPECT_FALSE(keys_.find(first.name, at(2 * TicketKeys::kLifetime)));
}

TEST_F(TicketKeysTest, AfterALongQuietNothingOldIsRead) {
  const auto first = keys_.current(begin_);
  EXPECT_FALSE(keys_.find(first.name, at(2 * TicketKeys::kLifetime)));
}

TEST_F(TicketKeysTest, AForeignNameIsUnknown) {
  EXPECT_FALSE(keys_.find(TicketKeys(begin_).current(begin_).name, begin_));
}

}  // namespace
}  // namespace gateway::tls

#include "gateway/ingress/connection_count.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gateway::ingress {
namespace {

Source source(const std::string& address) {
  return Source(boost::asio::ip::make_address(address));
}

TEST(Source, IsAnAddressOrTheFirstHalfOfOne) {
  const struct {
    const char* a;
    const char* b;
    bool same;
  } rows[] = {
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"192.0.2.1", "::ffff:192.0.2.1", true},
      {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
      {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
      {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
      {"::1", "0.0.0.0", false},
      {"::c000:201", "192.0.2.1", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(source(row.a) == source(row.b), row.same) << row.a << " " << row.b;
    const Source::Hash hash;
    if (row.same) {
      EXPECT_EQ(hash(source(row.a)), hash(source(row.b)));
    }
  }
}

TEST(ConnectionCount, CountsUpToItsLimitAndGivesPlacesBack) {
  ConnectionCount count(2, 0);
  EXPECT_FALSE(count.counts_sources());
  auto first = std::optional(count.add());
  const auto second = count.add();
  EXPECT_EQ(first->beyond(), std::nullopt);
  EXPECT_EQ(second.beyond(), std::nullopt);
  EXPECT_EQ(count.add().beyond(), ConnectionLimit::total);
  first.reset();
  EXPECT_EQ(count.add().beyond(), std::nullopt);
}

TEST(ConnectionCount, AMovedPlaceIsGivenBackOnce) {
  ConnectionCount count(1, 0);
  {
    auto permit = count.add();
    const auto moved = std::move(permit);
    EXPECT_EQ(count.add().beyond(), ConnectionLimit::total);
  }
  EXPECT_EQ(count.add().beyond(), std::nullopt);
  EXPECT_EQ(count.add().beyond(), std::nullopt) << "not below none either";
}

TEST(ConnectionCount, LimitsEachSourceByItself) {
  ConnectionCount count(100, 2);
  EXPECT_TRUE(count.counts_sources());
  const Source one = source("192.0.2.1");
  const Source other = source("192.0.2.2");
  auto first = std::optional(count.add(one));
  const auto second = count.add(one);
  EXPECT_EQ(count.add(one).beyond(), ConnectionLimit::source);
  EXPECT_EQ(count.add(other).beyond(), std::nullopt);
  first.reset();
  EXPECT_EQ(count.add(one).beyond(), std::nullopt);
}

TEST(ConnectionCount, ThoseFarBeyondALimitAreNotEvenTold) {
  ConnectionCount total(8, 0);
  ConnectionCount per_source(1000, 8);
  const Source one = source("192.0.2.1");
  std::vector<ConnectionCount::Permit> places;
  for (int i = 0; i < 8 + 1 + 16; ++i) {
    places.push_back(total.add());
    places.push_back(per_source.add(one));
    EXPECT_FALSE(places[places.size() - 1].far_beyond()) << i;
    EXPECT_FALSE(places[places.size() - 2].far_beyond()) << i;
  }
  EXPECT_TRUE(total.add().far_beyond());
  EXPECT_TRUE(per_source.add(one).far_beyond());
  auto forgiven = total.add();
  forgiven.forgive();
  EXPECT_FALSE(forgiven.far_beyond());
  EXPECT_EQ(forgiven.beyond(), std::nullopt);
}

TEST(ConnectionCount, IsSharedByThreads) {
  ConnectionCount count(1, 1);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&count, i] {
        const Source own = source("192.0.2." + std::to_string(i % 2));
        for (int n = 0; n < 2000; ++n) static_cast<void>(count.add(own));
      });
    }
  }
  EXPECT_EQ(count.add(source("192.0.2.0")).beyond(), std::nullopt);
}

TEST(ConnectionCount, CountsTheSourceOnceItIsKnown) {
  ConnectionCount count(100, 1);
  std::optional<ConnectionCount::Permit> first(count.add());
  ConnectionCount::Permit second = count.add();
  EXPECT_FALSE(second.beyond());
  first->attribute_to(source("192.0.2.1"));
  EXPECT_FALSE(first->beyond());
  second.attribute_to(source("192.0.2.1"));
  EXPECT_EQ(second.beyond(), ConnectionLimit::source);
  EXPECT_EQ(count.total(), 2U);
  first.reset();
  EXPECT_EQ(count.total(), 1U);
}

}  // namespace
}  // namespace gateway::ingress

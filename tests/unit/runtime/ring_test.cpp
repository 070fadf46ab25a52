#include "runtime/ring.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace gateway {
namespace {

template <class T>
std::vector<T> contents(Ring<T>& ring) {
  std::vector<T> all;
  for (std::size_t i = 0; i < ring.size(); ++i) all.push_back(ring[i]);
  return all;
}

TEST(Ring, IsFirstInFirstOut) {
  Ring<int> ring;
  EXPECT_TRUE(ring.empty());
  for (int i = 0; i < 3; ++i) ring.push_back(i);
  EXPECT_EQ(ring.size(), 3U);
  EXPECT_EQ(ring.front(), 0);
  EXPECT_EQ(ring.back(), 2);
  ring.pop_front();
  EXPECT_EQ(contents(ring), (std::vector{1, 2}));
}

TEST(Ring, KeepsOrderAcrossItsEndAndThroughGrowth) {
  // At every place of its first capacity, so that growth finds it wrapped in every way.
  for (int start = 0; start < 64; ++start) {
    SCOPED_TRACE(start);
    Ring<int> ring;
    for (int i = 0; i < start; ++i) {
      ring.push_back(i);
      ring.pop_front();
    }
    std::vector<int> expected;
    for (int i = 0; i < 200; ++i) {
      ring.push_back(i);
      expected.push_back(i);
    }
    ASSERT_EQ(contents(ring), expected);
  }
}

TEST(Ring, PutsBackAtTheFront) {
  Ring<int> ring;
  ring.push_front(2);  // wraps around at once
  ring.push_back(3);
  ring.push_front(1);
  EXPECT_EQ(contents(ring), (std::vector{1, 2, 3}));
}

TEST(Ring, GrowsFromTheFrontToo) {
  Ring<int> ring;
  std::vector<int> expected;
  for (int i = 299; i >= 0; --i) ring.push_front(i);
  for (int i = 0; i < 300; ++i) expected.push_back(i);
  EXPECT_EQ(contents(ring), expected);
}

TEST(Ring, RemovesSomeAndKeepsTheOrderOfTheOthers) {
  Ring<int> ring;
  for (int i = 0; i < 60; ++i) {
    ring.push_back(i);
    ring.pop_front();
  }
  for (int i = 0; i < 20; ++i) ring.push_back(i);  // wrapped
  ring.remove_if([](int i) { return i % 3 != 0; });
  EXPECT_EQ(contents(ring), (std::vector{0, 3, 6, 9, 12, 15, 18}));
  ring.push_back(20);
  EXPECT_EQ(ring.back(), 20);
  ring.remove_if([](int) { return true; });
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, IsUsableAfterClear) {
  Ring<int> ring;
  for (int i = 0; i < 100; ++i) ring.push_back(i);
  ring.clear();
  EXPECT_TRUE(ring.empty());
  ring.push_front(7);
  EXPECT_EQ(contents(ring), std::vector{7});
}

TEST(Ring, BehavesLikeADequeOverALongMixOfSteps) {
  Ring<unsigned> ring;
  std::deque<unsigned> model;
  unsigned random = 1;
  for (unsigned step = 0; step < 20'000; ++step) {
    random = random * 1664525 + 1013904223;
    switch ((random >> 16) % 5) {
      case 0:
      case 1:
        ring.push_back(step);
        model.push_back(step);
        break;
      case 2:
        ring.push_front(step);
        model.push_front(step);
        break;
      default:
        if (model.empty()) break;
        ASSERT_EQ(ring.front(), model.front());
        ring.pop_front();
        model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    if (!model.empty()) {
      ASSERT_EQ(ring.back(), model.back());
    }
  }
}

}  // namespace
}  // namespace gateway

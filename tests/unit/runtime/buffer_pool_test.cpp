#include "runtime/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <utility>
#include <vector>

namespace gateway {
namespace {

constexpr std::size_t kPadding = BufferPool::kPadding;
constexpr std::size_t kSmallest = BufferPool::kSmallest;

TEST(BufferPool, GivesTheSmallestClassThatFitsWithItsPadding) {
  BufferPool pool;
  const std::pair<std::size_t, std::size_t> cases[] = {
      {0, kSmallest - kPadding},
      {1, kSmallest - kPadding},
      {kSmallest - kPadding, kSmallest - kPadding},
      {kSmallest - kPadding + 1, 2 * kSmallest - kPadding},
      {2 * kSmallest - kPadding, 2 * kSmallest - kPadding},
      {2 * kSmallest, 4 * kSmallest - kPadding},
      {std::size_t{8} << 20, (std::size_t{16} << 20) - kPadding},
  };
  for (const auto& [asked, given] : cases) EXPECT_EQ(pool.take(asked).size(), given) << asked;
}

TEST(BufferPool, EveryByteAndThePaddingCanBeUsed) {
  BufferPool pool;
  const Buffer buffer = pool.take(10'000);
  std::memset(buffer.data(), 'x', buffer.size());
  unsigned sum = 0;
  for (std::size_t i = 0; i < kPadding; ++i) {
    sum += static_cast<unsigned char>(buffer.data()[buffer.size() + i]);
  }
  EXPECT_EQ(sum, 0U) << "padding is zero in a new buffer";
}

TEST(BufferPool, GivesOutFirstWhatCameBackLast) {
  BufferPool pool;
  Buffer a = pool.take(100);
  Buffer b = pool.take(100);
  Buffer large = pool.take(kSmallest);
  const char* const first = a.data();
  const char* const second = b.data();
  b.release();
  a.release();
  large.release();
  const Buffer again = pool.take(50);
  EXPECT_EQ(again.data(), first);
  EXPECT_EQ(pool.take(4000).data(), second);
}

TEST(BufferPool, KeepsNoMoreThanItsBound) {
  BufferPool pool(3 * kSmallest);
  {
    std::vector<Buffer> buffers;
    for (int i = 0; i < 10; ++i) buffers.push_back(pool.take(1));
    EXPECT_EQ(pool.kept_bytes(), 0U);
  }
  EXPECT_EQ(pool.kept_bytes(), 3 * kSmallest);
  pool.take(100 * kSmallest).release();
  EXPECT_EQ(pool.kept_bytes(), 3 * kSmallest) << "too large to be kept";
  const Buffer one = pool.take(1);
  EXPECT_EQ(pool.kept_bytes(), 2 * kSmallest);
}

TEST(BufferPool, KeepsNothingWhenAskedTo) {
  BufferPool pool(0);
  pool.take(1).release();
  EXPECT_EQ(pool.kept_bytes(), 0U);
}

TEST(Buffer, MovesWithItsBytes) {
  BufferPool pool;
  Buffer a = pool.take(1);
  a.data()[0] = 'a';
  Buffer b = std::move(a);
  ASSERT_TRUE(b);
  EXPECT_EQ(b.data()[0], 'a');
  Buffer c;
  EXPECT_FALSE(c);
  EXPECT_EQ(c.size(), 0U);
  c = std::move(b);
  EXPECT_EQ(c.data()[0], 'a');
  c.release();
  EXPECT_FALSE(c);
  c.release();  // twice is once
  EXPECT_EQ(pool.kept_bytes(), kSmallest);
}

}  // namespace
}  // namespace gateway

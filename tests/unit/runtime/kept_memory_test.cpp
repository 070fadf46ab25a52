#include "runtime/kept_memory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gateway {
namespace {

TEST(KeptMemory, IsNoneOnceItIsFreed) {
  std::vector<int> numbers(1000);
  std::string text(1000, 'x');
  free_memory(numbers);
  free_memory(text);
  EXPECT_EQ(numbers.capacity(), 0U);
  EXPECT_EQ(text.capacity(), std::string().capacity());
  EXPECT_TRUE(text.empty());
}

TEST(KeptMemory, IsBoundedWhereItIsToBeUsedAgain) {
  std::vector<int> numbers(1000);
  clear_keeping(numbers, 1000);
  EXPECT_TRUE(numbers.empty());
  EXPECT_EQ(numbers.capacity(), 1000U);
  clear_keeping(numbers, 999);
  EXPECT_EQ(numbers.capacity(), 0U);
}

}  // namespace
}  // namespace gateway

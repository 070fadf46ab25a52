#include "gateway/tls/record_buffers.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <thread>

namespace gateway::tls {
namespace {

constexpr std::size_t kBuffer = std::size_t{17} << 10;

TEST(RecordBuffers, GiveBackWhatWasKept) {
  RecordBuffers buffers;
  EXPECT_EQ(buffers.take(), nullptr);
  void* const buffer = std::malloc(kBuffer);
  ASSERT_TRUE(buffers.keep(buffer));
  EXPECT_EQ(buffers.take(), buffer);
  EXPECT_EQ(buffers.take(), nullptr);
  std::free(buffer);
}

TEST(RecordBuffers, KeepAFewOfTheSizeOfRecords) {
  RecordBuffers buffers;
  for (const std::size_t size : {std::size_t{100}, kBuffer - 1024, std::size_t{1} << 20}) {
    void* const other = std::malloc(size);
    EXPECT_FALSE(buffers.keep(other)) << size;
    std::free(other);
  }
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(buffers.keep(std::malloc(kBuffer)));
  void* const fifth = std::malloc(kBuffer);
  EXPECT_FALSE(buffers.keep(fifth));
  std::free(fifth);
}

// The sizes OpenSSL 3 asks for to read and to write a record.
TEST(RecordBuffers, ServeOpenSslInEveryThread) {
  ASSERT_TRUE(RecordBuffers::in_use());
  std::thread([] {
    void* const first = OPENSSL_malloc(16'716);
    OPENSSL_free(first);
    void* const second = OPENSSL_malloc(16'568);
    EXPECT_EQ(first, second);
    OPENSSL_free(second);
  }).join();
}

}  // namespace
}  // namespace gateway::tls

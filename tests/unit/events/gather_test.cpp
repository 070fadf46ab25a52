#include "events/gather.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "support/encoded_request.hpp"

namespace gateway::events {
namespace {

using test::joined;

TEST(Gather, KeepsOwnAndReferredBytesInOrder) {
  const std::string record = "record";
  Gather gather;
  gather.copy("head ");
  gather.refer(record);
  std::memcpy(gather.room(6), " tail!", 6);
  gather.own(5);
  EXPECT_EQ(joined(gather), "head record tail");
  EXPECT_EQ(gather.bytes(), 16U);
  ASSERT_EQ(gather.pieces().size(), 3U);
  EXPECT_EQ(gather.pieces()[1].iov_base, record.data()) << "referred, not copied";
}

TEST(Gather, JoinsOwnPiecesThatLieTogether) {
  Gather gather;
  gather.copy("a");
  gather.copy("b");
  EXPECT_EQ(gather.pieces().size(), 1U);
  gather.refer("-");
  gather.copy("c");
  gather.copy("d");
  EXPECT_EQ(gather.pieces().size(), 3U);
  EXPECT_EQ(joined(gather), "ab-cd");
}

TEST(Gather, HasNoEmptyPieces) {
  Gather gather;
  gather.refer({});
  gather.copy({});
  static_cast<void>(gather.room(10));
  gather.own(0);
  EXPECT_TRUE(gather.empty());
  EXPECT_TRUE(gather.pieces().empty());
  gather.sent(0);
  EXPECT_TRUE(gather.empty());
}

TEST(Gather, CutsAPieceWhenAWriteEndsWithinIt) {
  Gather gather;
  gather.copy("head ");
  gather.refer("record");
  gather.sent(7);
  EXPECT_EQ(joined(gather), "cord");
  EXPECT_EQ(gather.bytes(), 4U);
  gather.copy("!");
  EXPECT_EQ(joined(gather), "cord!");
  gather.sent(5);
  EXPECT_TRUE(gather.empty());
  EXPECT_TRUE(gather.pieces().empty());
}

TEST(Gather, JoinsToAPieceThatWasCut) {
  Gather gather;
  gather.copy("abc");
  gather.sent(1);
  gather.copy("d");
  EXPECT_EQ(gather.pieces().size(), 1U);
  EXPECT_EQ(joined(gather), "bcd");
}

TEST(Gather, GivesRoomLargerThanAChunk) {
  const std::string large(3 * Gather::kChunk + 1, 'x');
  Gather gather;
  gather.copy("<");
  gather.copy(large);
  gather.copy(">");
  EXPECT_EQ(joined(gather), "<" + large + ">");
  gather.sent(gather.bytes());
  gather.copy("small");
  EXPECT_EQ(joined(gather), "small");
}

TEST(Gather, ReusesItsChunkOnceAllHasBeenSent) {
  Gather gather;
  gather.copy("one");
  const void* const first = gather.pieces()[0].iov_base;
  gather.sent(3);
  gather.copy("two");
  EXPECT_EQ(gather.pieces()[0].iov_base, first);
  gather.clear();
  gather.copy("three");
  EXPECT_EQ(gather.pieces()[0].iov_base, first);
  EXPECT_EQ(joined(gather), "three");
}

TEST(Gather, StaysBoundedThoughItIsNeverEmpty) {
  const std::string head(1000, 'h');
  Gather gather;
  std::vector<const void*> addresses;  // of the chunks seen
  gather.copy(head);
  for (int i = 0; i < 20000; ++i) {
    gather.copy(head);
    gather.refer("r");
    const auto* const base = static_cast<const char*>(gather.pieces().front().iov_base);
    bool known = false;
    for (const void* address : addresses) {
      const auto* const chunk = static_cast<const char*>(address);
      known = known || (base >= chunk && base < chunk + Gather::kChunk);
    }
    if (!known) addresses.push_back(base);
    gather.sent(head.size() + (i == 0 ? 0 : 1));
    ASSERT_FALSE(gather.empty());
    ASSERT_LE(gather.pieces().size(), 4U);
  }
  // 20 MB of heads went through; two chunks would do, and the notes above count each about twice.
  EXPECT_LE(addresses.size(), 6U);
}

TEST(Gather, AnyInterleavingOfAppendingAndSendingKeepsTheBytes) {
  std::mt19937 random(7);  // the same in every run
  const std::string pool(200000, '\0');
  std::string source = pool;
  for (char& c : source) c = static_cast<char>('a' + random() % 26);
  Gather gather;
  std::string expected;
  for (int round = 0; round < 20000; ++round) {
    const std::size_t size = random() % 20 == 0 ? random() % 150000 : random() % 500;
    const std::string_view text = std::string_view(source).substr(random() % 50000, size);
    switch (random() % 4) {
      case 0: gather.refer(text); break;
      case 1: gather.copy(text); break;
      default: {
        const std::size_t sent = std::min<std::size_t>(expected.size(), random() % 100000);
        ASSERT_EQ(joined(gather).substr(0, 64), expected.substr(0, 64));
        if (round % 500 == 2) {
          ASSERT_EQ(joined(gather), expected);
        }
        gather.sent(sent);
        expected.erase(0, sent);
        ASSERT_EQ(gather.bytes(), expected.size());
        continue;
      }
    }
    expected += text;
  }
  EXPECT_EQ(joined(gather), expected);
}

}  // namespace
}  // namespace gateway::events

#include "events/uuid.hpp"

#include <gtest/gtest.h>

#include <set>

namespace gateway::events {
namespace {

TEST(Uuid, IsWrittenInLowerCaseGroups) {
  EXPECT_EQ(Uuid(0x0123456789abcdef, 0xfedcba9876543210).text(),
            "01234567-89ab-cdef-fedc-ba9876543210");
  EXPECT_EQ(Uuid().text(), "00000000-0000-0000-0000-000000000000");
}

TEST(Uuid, ReadsWhatItWritesAndNothingElse) {
  const Uuid id(0x0123456789abcdef, 0xfedcba9876543210);
  EXPECT_EQ(Uuid::read(id.text()), id);
  EXPECT_EQ(Uuid::read(Uuid().text()), Uuid());
  for (std::size_t at = 0; at < Uuid::kTextSize; ++at) {
    for (const char c : {'-', 'g', 'A', ' ', '\0', '\xFF'}) {
      std::string text = id.text();
      if (text[at] == c) continue;
      text[at] = c;
      EXPECT_EQ(Uuid::read(text), std::nullopt) << text;
    }
  }
  EXPECT_EQ(Uuid::read(id.text() + "0"), std::nullopt);
  EXPECT_EQ(Uuid::read(id.text().substr(1)), std::nullopt);
  EXPECT_EQ(Uuid::read(""), std::nullopt);
}

TEST(Uuid, FromANameNeverChanges) {
  // Reckoned independently: Python's uuid.uuid5(UUID("fd0818fd-0bfd-49fe-8710-a281fad708aa"),
  // name).
  EXPECT_EQ(Uuid::from_name_in(Uuid::kNamespace).text(), "e998158b-72fa-5baf-b447-82be6768a110");
  EXPECT_EQ(Uuid::from_name_in(std::string(Uuid::kNamespace) + "cos-gateway").text(),
            "82610a80-4a9a-5f4c-b15b-00eefd21d65c");
}

TEST(RandomUuids, AreVersion4AndDiffer) {
  RandomUuids ids;
  RandomUuids others;
  std::set<std::string> seen;
  for (int i = 0; i < 10000; ++i) {
    for (auto* source : {&ids, &others}) {
      const std::string text = source->next().text();
      ASSERT_EQ(text[14], '4') << text;
      ASSERT_NE(std::string_view("89ab").find(text[19]), std::string_view::npos) << text;
      ASSERT_TRUE(seen.insert(text).second) << text;
    }
  }
}

TEST(RandomUuids, VaryInEveryBitThatIsFree) {
  RandomUuids ids;
  const Uuid first = ids.next();
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  for (int i = 0; i < 200; ++i) {
    const Uuid id = ids.next();
    high |= id.high() ^ first.high();
    low |= id.low() ^ first.low();
  }
  EXPECT_EQ(high, ~std::uint64_t{0xF000});
  EXPECT_EQ(low, ~std::uint64_t{0} >> 2);
}

}  // namespace
}  // namespace gateway::events

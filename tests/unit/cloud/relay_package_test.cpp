#include "cloud/relay_package.hpp"

#include <gtest/gtest.h>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "support/sample_payloads.hpp"

namespace gateway::cloud {
namespace {

namespace zlib = boost::beast::zlib;

// A zip of one entry, read as PKWARE's APPNOTE.TXT has it (4.3.7, 4.3.12, 4.3.16).
class OneEntryZip {
 public:
  explicit OneEntryZip(std::string_view zip) : zip_(zip), end_(zip.size() - kEndSize) {
    require(zip.size() > kEndSize && number(end_, 4) == 0x06054b50, "no end record, or a comment");
    require(number(end_ + 8, 2) == 1 && number(end_ + 10, 2) == 1, "not one entry");
    central_ = number(end_ + 16, 4);
    require(central_ + number(end_ + 12, 4) == end_, "the directory is not where it should be");
    require(number(central_, 4) == 0x02014b50, "no directory entry");
    require(number(central_ + 42, 4) == 0 && number(0, 4) == 0x04034b50, "no entry at the front");
  }

  [[nodiscard]] std::string_view name() const {
    return zip_.substr(central_ + 46, number(central_ + 28, 2));
  }
  [[nodiscard]] std::string_view local_name() const { return zip_.substr(30, number(26, 2)); }
  [[nodiscard]] std::size_t extra_size() const {
    return number(28, 2) + number(central_ + 30, 2) + number(central_ + 32, 2);
  }
  [[nodiscard]] std::uint32_t made_by_system() const { return number(central_ + 5, 1); }
  [[nodiscard]] std::uint32_t unix_mode() const { return number(central_ + 40, 2); }
  [[nodiscard]] std::uint32_t time_and_date() const { return number(central_ + 12, 4); }
  [[nodiscard]] std::uint32_t crc() const { return number(central_ + 16, 4); }
  [[nodiscard]] std::uint32_t local_crc() const { return number(14, 4); }

  [[nodiscard]] std::string content() const {
    require(number(central_ + 10, 2) == 8, "not deflated");
    const auto packed = zip_.substr(30 + name().size(), number(central_ + 20, 4));
    require(30 + name().size() + packed.size() == central_, "something is between the parts");
    std::string text(number(central_ + 24, 4), '\0');
    zlib::z_params state;
    state.next_in = packed.data();
    state.avail_in = packed.size();
    state.next_out = text.data();
    state.avail_out = text.size();
    zlib::inflate_stream inflate;
    boost::beast::error_code error;
    inflate.write(state, zlib::Flush::finish, error);
    require(error == zlib::error::end_of_stream && state.avail_in == 0 && state.avail_out == 0,
            "does not inflate to the size it states");
    return text;
  }

 private:
  static constexpr std::size_t kEndSize = 22;

  static void require(bool holds, const char* otherwise) {
    if (!holds) throw std::runtime_error(otherwise);
  }

  [[nodiscard]] std::uint32_t number(std::size_t offset, std::size_t bytes) const {
    require(offset + bytes <= zip_.size(), "cut off");
    std::uint32_t value = 0;
    for (std::size_t i = bytes; i > 0; --i) {
      value = value << 8U | static_cast<unsigned char>(zip_[offset + i - 1]);
    }
    return value;
  }

  std::string_view zip_;
  std::size_t end_;
  std::size_t central_ = 0;
};

std::string source() {
  return test::read_file(COS_GATEWAY_RELAY_SOURCE);
}

TEST(RelayPackage, HoldsTheSourceAsIndexJsAtItsRoot) {
  const OneEntryZip zip(relay_zip());
  EXPECT_EQ(zip.name(), "index.js");
  EXPECT_EQ(zip.local_name(), "index.js");
  EXPECT_EQ(zip.content(), source());
}

TEST(RelayPackage, StatesTheChecksumOfTheSource) {
  const OneEntryZip zip(relay_zip());
  const auto text = source();
  boost::crc_32_type crc;
  crc.process_bytes(text.data(), text.size());
  EXPECT_EQ(zip.crc(), crc.checksum());
  EXPECT_EQ(zip.local_crc(), crc.checksum());
}

TEST(RelayPackage, MakesAFileEverybodyMayRead) {
  const OneEntryZip zip(relay_zip());
  EXPECT_EQ(zip.made_by_system(), 3U);  // Unix: the attributes hold a mode
  EXPECT_EQ(zip.unix_mode(), 0100644U);
}

TEST(RelayPackage, SaysNothingAboutItsBuilder) {
  const OneEntryZip zip(relay_zip());
  EXPECT_EQ(zip.extra_size(), 0U);  // neither exact times nor user ids
  constexpr std::uint32_t kFirstOfJanuary2020 = (40U << 9U | 1U << 5U | 1U) << 16U;
  EXPECT_EQ(zip.time_and_date(), kFirstOfJanuary2020);
}

TEST(RelayPackage, IsSmall) {
  EXPECT_LT(relay_zip().size(), 8U * 1024);
}

}  // namespace
}  // namespace gateway::cloud

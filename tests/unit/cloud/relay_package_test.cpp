#include "cloud/relay_package.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <boost/crc.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/sample_payloads.hpp"

namespace gateway::cloud {
namespace {

namespace zlib = boost::beast::zlib;

// One file of a zip, read as PKWARE's APPNOTE.TXT has it (4.3.7, 4.3.12, 4.3.16).
class ZipEntry {
 public:
  ZipEntry(std::string_view zip, std::size_t central) : zip_(zip), central_(central) {
    local_ = number(central + 42, 4);
    require(number(central, 4) == 0x02014b50, "no directory entry");
    require(number(local_, 4) == 0x04034b50, "no entry where the directory says");
  }

  [[nodiscard]] std::string name() const {
    return std::string(zip_.substr(central_ + 46, number(central_ + 28, 2)));
  }
  [[nodiscard]] std::string_view local_name() const {
    return zip_.substr(local_ + 30, number(local_ + 26, 2));
  }
  [[nodiscard]] std::size_t extra_size() const {
    return number(local_ + 28, 2) + number(central_ + 30, 2) + number(central_ + 32, 2);
  }
  [[nodiscard]] std::size_t directory_size() const { return 46 + name().size() + extra_size(); }
  [[nodiscard]] std::uint32_t made_by_system() const { return number(central_ + 5, 1); }
  [[nodiscard]] std::uint32_t unix_mode() const { return number(central_ + 40, 2); }
  [[nodiscard]] std::uint32_t time_and_date() const { return number(central_ + 12, 4); }
  [[nodiscard]] std::uint32_t crc() const { return number(central_ + 16, 4); }
  [[nodiscard]] std::uint32_t local_crc() const { return number(local_ + 14, 4); }

  [[nodiscard]] std::string content() const {
    require(number(central_ + 10, 2) == 8, "not deflated");
    const auto packed = zip_.substr(local_ + 30 + name().size(), number(central_ + 20, 4));
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

  static void require(bool holds, const char* otherwise) {
    if (!holds) throw std::runtime_error(otherwise);
  }

 private:
  [[nodiscard]] std::uint32_t number(std::size_t offset, std::size_t bytes) const {
    require(offset + bytes <= zip_.size(), "cut off");
    std::uint32_t value = 0;
    for (std::size_t i = bytes; i > 0; --i) {
      value = value << 8U | static_cast<unsigned char>(zip_[offset + i - 1]);
    }
    return value;
  }

  std::string_view zip_;
  std::size_t central_;
  std::size_t local_ = 0;
};

// The relay's files, which follow each other in the directory at the zip's end.
std::vector<ZipEntry> entries() {
  const std::string_view zip = relay_zip();
  const auto directory = zip.find("PK\x01\x02");
  const auto end = zip.size() - 22;
  ZipEntry::require(directory < end && zip.substr(end).starts_with("PK\x05\x06"),
                    "no end record, or a comment");
  std::vector<ZipEntry> all;
  for (std::size_t at = directory; at < end; at += all.back().directory_size()) {
    all.emplace_back(zip, at);
  }
  return all;
}

std::string source(const std::string& name) {
  const std::string index = COS_GATEWAY_RELAY_SOURCE;
  return test::read_file(index.substr(0, index.rfind('/') + 1) + name);
}

TEST(RelayPackage, HoldsTheSourcesAtItsRoot) {
  std::vector<std::string> names;
  for (const ZipEntry& entry : entries()) {
    names.push_back(entry.name());
    EXPECT_EQ(entry.local_name(), entry.name());
    EXPECT_EQ(entry.content(), source(entry.name()));
  }
  EXPECT_THAT(names, testing::ElementsAre("cloud_events.js", "index.js"));
}

TEST(RelayPackage, StatesTheChecksumsOfTheSources) {
  for (const ZipEntry& entry : entries()) {
    const auto text = source(entry.name());
    boost::crc_32_type crc;
    crc.process_bytes(text.data(), text.size());
    EXPECT_EQ(entry.crc(), crc.checksum());
    EXPECT_EQ(entry.local_crc(), crc.checksum());
  }
}

TEST(RelayPackage, MakesFilesEverybodyMayReadAndSaysNothingAboutItsBuilder) {
  constexpr std::uint32_t kFirstOfJanuary2020 = (40U << 9U | 1U << 5U | 1U) << 16U;
  for (const ZipEntry& entry : entries()) {
    EXPECT_EQ(entry.made_by_system(), 3U);  // Unix: the attributes hold a mode
    EXPECT_EQ(entry.unix_mode(), 0100644U);
    EXPECT_EQ(entry.extra_size(), 0U);  // neither exact times nor user ids
    EXPECT_EQ(entry.time_and_date(), kFirstOfJanuary2020);
  }
}

TEST(RelayPackage, IsSmall) {
  EXPECT_LT(relay_zip().size(), 12U * 1024);
}

}  // namespace
}  // namespace gateway::cloud

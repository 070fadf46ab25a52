#include "events/header_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace gateway::events {
namespace {

using namespace std::string_literals;

std::string header_value_of(std::string_view text) {
  std::string out;
  append_header_value(out, text);
  return out;
}

TEST(HeaderText, EncodesWhatTheHttpBindingNames) {
  // The example of CloudEvents HTTP binding 1.0.2, section 3.1.3.2.
  EXPECT_EQ(header_value_of("Euro \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "Euro%20%E2%82%AC%20%F0%9F%98%80");
  EXPECT_EQ(header_value_of("100% \"sure\""), "100%25%20%22sure%22");
  EXPECT_EQ(header_value_of("!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"),
            "!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~");
}

TEST(HeaderText, LetsNoControlCharacterThrough) {
  EXPECT_EQ(header_value_of("a\r\nX: y\0\x7F\t"s), "a%0D%0AX:%20y%00%7F%09");
}

TEST(HeaderText, ReadsBackEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_header_value(header_value_of(all)), all);
}

TEST(HeaderText, DecodesAsReceiversShould) {
  EXPECT_EQ(decode_header_value("%e2%82%AC"), "\xE2\x82\xAC") << "either case of digits";
  EXPECT_EQ(decode_header_value("%41"), "A") << "needlessly header_value_of";
  EXPECT_EQ(decode_header_value("%2541"), "%41") << "a single round";
  EXPECT_EQ(decode_header_value("50% %zz %4"), "50% %zz %4") << "not an encoding";
  EXPECT_EQ(decode_header_value(R"("a \"b\" \\ c%20d")"), R"(a "b" \ c d)");
  EXPECT_EQ(decode_header_value(R"("ends\")"), R"(ends\)");
  EXPECT_EQ(decode_header_value(R"(")"), R"(")");
  EXPECT_EQ(decode_header_value(R"("")"), "");
}

}  // namespace
}  // namespace gateway::events

#include "gateway/ingress/proxy_header.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace gateway::ingress {
namespace {

using State = ProxyHeader::State;

std::string client_of(std::string_view bytes) {
  const ProxyHeader header = ProxyHeader::read(bytes);
  EXPECT_EQ(header.state(), State::complete);
  if (!header.client()) return "socket";
  return header.client()->address().to_string() + " " + std::to_string(header.client()->port());
}

std::string v2(unsigned command, unsigned family, std::string_view rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8U);
  bytes += static_cast<char>(rest.size() & 0xffU);
  return bytes.append(rest);
}

constexpr std::string_view kTcp4("\xc0\x00\x02\x07\x0a\x00\x00\x01\x30\x39\x1f\x90", 12);
const std::string kTcp6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                          std::string(16, '\1') + std::string("\x30\x39\x1f\x90", 4);

TEST(ProxyHeader, ReadsALine) {
  EXPECT_EQ(client_of("PROXY TCP4 192.0.2.7 10.0.0.1 12345 8080\r\n"), "192.0.2.7 12345");
  EXPECT_EQ(client_of("PROXY TCP6 2001:DB8::7 ::1 0 65535\r\nPOST /"), "2001:db8::7 0");
  EXPECT_EQ(ProxyHeader::read("PROXY TCP4 192.0.2.7 10.0.0.1 12345 8080\r\nPOST /").size(), 42U);
}

TEST(ProxyHeader, UnknownMeansTheSocketsPeer) {
  EXPECT_EQ(client_of("PROXY UNKNOWN\r\n"), "socket");
  EXPECT_EQ(client_of("PROXY UNKNOWN ffff::1 ffff::2 65535 65535 and more\r\n"), "socket");
}

TEST(ProxyHeader, SeesThatThereIsNone) {
  for (const std::string_view bytes : {"PROXYTCP4 192.0.2.7 10.0.0.1 1 2\r\n",
                                       "POST / HTTP/1.1\r\n", "GET", "\x16\x03\x01", "\r\n\r\nP"}) {
    EXPECT_EQ(ProxyHeader::read(bytes).state(), State::absent) << bytes;
  }
}

TEST(ProxyHeader, RefusesLinesThatAreNotAsSpecified) {
  for (const std::string_view line : {
           "PROXY \r\n",
           "PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n",
           "PROXY tcp4 192.0.2.7 10.0.0.1 1 2\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 1\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 1 \r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n",
           "PROXY TCP4 192.0.2.7  10.0.0.1 1 2\r\n",
           "PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n",
           "PROXY TCP4 192.0.2.7 ::1 1 2\r\n",
           "PROXY TCP4 ::1 ::1 1 2\r\n",
           "PROXY TCP6 192.0.2.7 10.0.0.1 1 2\r\n",
           "PROXY TCP6 fe80::1%1 ::1 1 2\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 1 -2\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n",
           "PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n\r\n",
       }) {
    EXPECT_EQ(ProxyHeader::read(line).state(), State::malformed) << line;
  }
  EXPECT_EQ(ProxyHeader::read("PROXY UNKNOWN" + std::string(94, 'x')).state(), State::malformed);
  EXPECT_EQ(ProxyHeader::read("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n").state(),
            State::complete)
      << "107 bytes are allowed";
}

TEST(ProxyHeader, ReadsTheBinaryForm) {
  EXPECT_EQ(client_of(v2(0x21, 0x11, kTcp4)), "192.0.2.7 12345");
  EXPECT_EQ(client_of(v2(0x21, 0x21, kTcp6)), "2001:db8::7 12345");
  EXPECT_EQ(ProxyHeader::read(v2(0x21, 0x11, kTcp4) + "POST /").size(), 28U);
}

TEST(ProxyHeader, PassesOverTypeLengthValues) {
  const std::string more = std::string(kTcp4) + std::string("\x03\x00\x04....", 7) +
                           std::string(
                               "\x02\x00\x07"
                               "gateway",
                               10);
  const std::string bytes = v2(0x21, 0x11, more);
  EXPECT_EQ(client_of(bytes), "192.0.2.7 12345");
  EXPECT_EQ(ProxyHeader::read(bytes).size(), bytes.size());
}

TEST(ProxyHeader, LocalAndOtherFamiliesMeanTheSocketsPeer) {
  EXPECT_EQ(client_of(v2(0x20, 0x00, "")), "socket");
  EXPECT_EQ(client_of(v2(0x20, 0x11, kTcp4)), "socket") << "the balancer's health check";
  EXPECT_EQ(client_of(v2(0x20, 0x11, "short")), "socket");
  EXPECT_EQ(client_of(v2(0x21, 0x00, "")), "socket");
  EXPECT_EQ(client_of(v2(0x21, 0x31, std::string(216, 'u'))), "socket");
  EXPECT_EQ(client_of(v2(0x21, 0x12, kTcp4)), "socket");
}

TEST(ProxyHeader, RefusesBinaryHeadersThatAreNotAsSpecified) {
  EXPECT_EQ(ProxyHeader::read(v2(0x11, 0x11, kTcp4)).state(), State::malformed) << "version 1";
  EXPECT_EQ(ProxyHeader::read(v2(0x22, 0x11, kTcp4)).state(), State::malformed) << "command";
  EXPECT_EQ(ProxyHeader::read(v2(0x21, 0x11, kTcp4.substr(1))).state(), State::malformed);
  EXPECT_EQ(ProxyHeader::read(v2(0x21, 0x21, kTcp6.substr(1))).state(), State::malformed);
  EXPECT_EQ(ProxyHeader::read(v2(0x21, 0x11, std::string(4081, 'x'))).state(), State::malformed);
  EXPECT_EQ(ProxyHeader::read(v2(0x21, 0x11, std::string(4080, 'x'))).state(), State::complete);
}

TEST(ProxyHeader, EveryBeginningIsIncomplete) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.7 10.0.0.1 12345 8080\r\n"), v2(0x21, 0x11, kTcp4),
        v2(0x21, 0x21, kTcp6 + "tlvs"), v2(0x20, 0x00, "")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_EQ(ProxyHeader::read(whole.substr(0, size)).state(), State::incomplete) << size;
    }
    EXPECT_EQ(ProxyHeader::read(whole).state(), State::complete);
    EXPECT_EQ(ProxyHeader::read(whole).size(), whole.size());
  }
}

}  // namespace
}  // namespace gateway::ingress

#include "gateway/ingress/proxy_header.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cstring>
#include <string>

#include "events/number_text.hpp"

namespace gateway::ingress {
namespace {

namespace ip = boost::asio::ip;

// Sections 2.1 and 2.2 of the specification (haproxy.org, proxy-protocol.txt).
constexpr std::string_view kLineBegin = "PROXY ";
constexpr std::size_t kMostLine = 107;  // with CRLF
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;  // signature, version and command, family, length

constexpr unsigned kLocal = 0x20;
constexpr unsigned kProxy = 0x21;
constexpr unsigned kTcp4 = 0x11;
constexpr unsigned kTcp6 = 0x21;
constexpr std::size_t kTcp4Bytes = 12;
constexpr std::size_t kTcp6Bytes = 36;

unsigned byte_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

// Whether `bytes` are the beginning of `whole`, or begin with it.
bool agrees(std::string_view bytes, std::string_view whole) noexcept {
  const std::size_t size = std::min(bytes.size(), whole.size());
  return bytes.substr(0, size) == whole.substr(0, size);
}

// Decimal, without sign and leading zeros.
std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return read_number<std::uint16_t>(text);
}

std::optional<ip::address> read_address(std::string_view text, bool v6) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  // A scope (fe80::1%eth0) means nothing on this machine.
  if (error || address.is_v6() != v6 || text.find('%') != std::string_view::npos) {
    return std::nullopt;
  }
  return address;
}

// Takes the next word of a line; words are parted by one blank each.
std::string_view take_word(std::string_view& line) noexcept {
  const std::size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

}  // namespace

ProxyHeader ProxyHeader::read(std::string_view bytes) {
  if (bytes.empty()) return ProxyHeader(State::incomplete);
  if (bytes.front() == kLineBegin.front()) return read_line(bytes);
  return read_binary(bytes);
}

ProxyHeader ProxyHeader::read_line(std::string_view bytes) {
  if (!agrees(bytes, kLineBegin)) return ProxyHeader(State::absent);
  const std::size_t end = bytes.substr(0, kMostLine).find("\r\n");
  if (end == std::string_view::npos) {
    return ProxyHeader(bytes.size() < kMostLine ? State::incomplete : State::malformed);
  }
  ProxyHeader header(State::complete);
  header.size_ = end + 2;
  std::string_view line = bytes.substr(0, end);
  line.remove_prefix(std::min(line.size(), kLineBegin.size()));
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return header;  // whatever else the line says
  const bool v6 = protocol == "TCP6";
  if (!v6 && protocol != "TCP4") return ProxyHeader(State::malformed);
  const auto source = read_address(take_word(line), v6);
  const auto target = read_address(take_word(line), v6);
  const auto source_port = read_port(take_word(line));
  const auto target_port = read_port(line);
  if (!source || !target || !source_port || !target_port) return ProxyHeader(State::malformed);
  header.client_.emplace(*source, *source_port);
  return header;
}

ProxyHeader ProxyHeader::read_binary(std::string_view bytes) {
  if (!agrees(bytes, kSignature)) return ProxyHeader(State::absent);
  if (bytes.size() < kFixed) return ProxyHeader(State::incomplete);
  const unsigned command = byte_at(bytes, 12);
  const unsigned family = byte_at(bytes, 13);
  const std::size_t length = number_at(bytes, 14);
  if ((command != kLocal && command != kProxy) || kFixed + length > kMost) {
    return ProxyHeader(State::malformed);
  }
  const bool tcp4 = command == kProxy && family == kTcp4;
  const bool tcp6 = command == kProxy && family == kTcp6;
  if ((tcp4 && length < kTcp4Bytes) || (tcp6 && length < kTcp6Bytes)) {
    return ProxyHeader(State::malformed);
  }
  if (bytes.size() < kFixed + length) return ProxyHeader(State::incomplete);
  ProxyHeader header(State::complete);
  header.size_ = kFixed + length;
  // Source address, target address, source port, target port; type-length-values follow.
  const std::string_view addresses = bytes.substr(kFixed);
  if (tcp4) {
    ip::address_v4::bytes_type source;
    std::memcpy(source.data(), addresses.data(), source.size());
    header.client_.emplace(ip::address_v4(source), number_at(addresses, 8));
  } else if (tcp6) {
    ip::address_v6::bytes_type source;
    std::memcpy(source.data(), addresses.data(), source.size());
    header.client_.emplace(ip::address_v6(source), number_at(addresses, 32));
  }
  return header;
}

}  // namespace gateway::ingress

#include "floor/event_heads.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstring>
#include <random>

namespace gateway::floor {
namespace {

constexpr std::size_t kIdSize = 36;
constexpr std::size_t kTimeSize = 24;
constexpr std::size_t kMostDigits = 20;
constexpr std::string_view kEnd = "\r\n\r\n";

constexpr auto kHexPairs = [] {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = kHex[i / 16];
    pairs[2 * i + 1] = kHex[i % 16];
  }
  return pairs;
}();

}  // namespace

EventHeads::EventHeads(std::string_view host, std::string_view target) {
  text_ = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nce-specversion: 1.0\r\n"
      "ce-source: cos-gateway\r\nce-type: tencent-cloud-cos-event\r\nce-id: ",
      target, host);
  id_at_ = text_.size();
  text_.append(kIdSize, '-');
  text_ += "\r\nce-time: ";
  time_at_ = text_.size();
  text_.append(kTimeSize, '0');
  text_ += "\r\nContent-Length: ";
  std::random_device device;
  random_ = (std::uint64_t{device()} << 32U) | device();
}

void EventHeads::read_clock() {
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::floor<milliseconds>(std::chrono::system_clock::now()).time_since_epoch();
  if (now.count() == millisecond_) return;
  millisecond_ = now.count();
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  fmt::format_to_n(text_.data() + time_at_, kTimeSize, "{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                   fmt::gmtime(second.count()), (now - second).count());
}

std::string_view EventHeads::make(std::size_t body_size) {
  char* const head = room();
  std::memcpy(head, text_.data(), text_.size());
  write_id(head + id_at_);
  char* const digits = head + text_.size();
  char* end = std::to_chars(digits, digits + kMostDigits, body_size).ptr;
  std::memcpy(end, kEnd.data(), kEnd.size());
  end += kEnd.size();
  used_ += static_cast<std::size_t>(end - head);
  return {head, static_cast<std::size_t>(end - head)};
}

char* EventHeads::room() {
  if (used_ + text_.size() + kMostDigits + kEnd.size() > kChunk) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<char[]>(kChunk));
  return chunks_[chunk_].get() + used_;
}

// Returns the next number of SplitMix64.
std::uint64_t EventHeads::random() noexcept {
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15U;
  z = (z ^ z >> 30U) * 0xbf58476d1ce4e5b9U;
  z = (z ^ z >> 27U) * 0x94d049bb133111ebU;
  return z ^ z >> 31U;
}

// Writes a version 4 UUID (RFC 9562).
void EventHeads::write_id(char* out) noexcept {
  const std::uint64_t high = (random() & ~std::uint64_t{0xf000}) | 0x4000U;
  const std::uint64_t low = random() >> 2U | std::uint64_t{1} << 63U;
  const auto write = [&out](std::uint64_t word, unsigned from, unsigned to) {
    for (unsigned shift = from + 8; shift > to; shift -= 8, out += 2) {
      std::memcpy(out, &kHexPairs[(word >> (shift - 8) & 0xffU) * 2], 2);
    }
  };
  write(high, 56, 32);
  *out++ = '-';
  write(high, 24, 16);
  *out++ = '-';
  write(high, 8, 0);
  *out++ = '-';
  write(low, 56, 48);
  *out++ = '-';
  write(low, 40, 0);
}

}  // namespace gateway::floor

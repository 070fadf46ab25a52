#include "gateway/egress/store/crc32c.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace gateway::egress {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // bits in reverse, as usual

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t n = 0; n < table.size(); ++n) {
    std::uint32_t value = n;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? kPolynomial : 0);
    table[n] = value;
  }
  return table;
}

[[maybe_unused]] std::uint32_t by_table(std::string_view bytes, std::uint32_t state) noexcept {
  static constexpr auto kTable = make_table();
  for (const char c : bytes) {
    state = kTable[(state ^ static_cast<unsigned char>(c)) & 0xFFU] ^ (state >> 8);
  }
  return state;
}

[[maybe_unused]] std::uint64_t take_word(std::string_view& bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data(), sizeof word);
  bytes.remove_prefix(sizeof word);
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t state) noexcept {
  std::uint64_t wide = state;
  while (bytes.size() >= sizeof wide) wide = __builtin_ia32_crc32di(wide, take_word(bytes));
  state = static_cast<std::uint32_t>(wide);
  for (const char c : bytes) state = __builtin_ia32_crc32qi(state, static_cast<unsigned char>(c));
  return state;
}
bool has_instruction() noexcept {
  static const bool has = __builtin_cpu_supports("sse4.2");
  return has;
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
std::uint32_t by_instruction(std::string_view bytes, std::uint32_t state) noexcept {
  while (bytes.size() >= sizeof(std::uint64_t)) state = __crc32cd(state, take_word(bytes));
  for (const char c : bytes) state = __crc32cb(state, static_cast<unsigned char>(c));
  return state;
}
constexpr bool has_instruction() noexcept {
  return true;
}
#else
std::uint32_t by_instruction(std::string_view bytes, std::uint32_t state) noexcept {
  return by_table(bytes, state);
}
constexpr bool has_instruction() noexcept {
  return false;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  constexpr std::uint32_t kAllOnes = ~std::uint32_t{0};
  return ~(has_instruction() ? by_instruction(bytes, kAllOnes) : by_table(bytes, kAllOnes));
}

}  // namespace gateway::egress

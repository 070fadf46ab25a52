// SHA-1 on a plain SHA_CTX is the one without an allocation and a look-up by name for each id;
// OpenSSL 3 has it and marks it as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "events/uuid.hpp"

#include <endian.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "events/ascii.hpp"

namespace gateway::events {
namespace {

// The two digits of every byte, so that a byte costs one look-up.
constexpr auto kHexPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  }
  return pairs;
}();

// Writes bytes `first` to `last` of `word`, the most significant one being number 0.
char* write_hex(std::uint64_t word, unsigned first, unsigned last, char* out) noexcept {
  for (unsigned i = first; i <= last; ++i) {
    out = std::copy_n(kHexPairs[word >> (56 - 8 * i) & 0xFF].data(), 2, out);
  }
  return out;
}

// Leaves out the upper-case digits, which no id has.
constexpr auto kLowerHexValues = [] {
  auto values = kHexValues;
  for (std::size_t c = 'A'; c <= 'F'; ++c) values[c] = kNoHexDigit;
  return values;
}();

}  // namespace

Uuid Uuid::from_name_in(std::string_view namespace_and_name) {
  SHA_CTX state;
  SHA1_Init(&state);
  SHA1_Update(&state, namespace_and_name.data(), namespace_and_name.size());
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1_Final(digest.data(), &state);
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), digest.data(), sizeof words);
  const std::uint64_t high = be64toh(words[0]);
  const std::uint64_t low = be64toh(words[1]);
  // RFC 9562 section 5.5: version 5 in bits 48 to 51, variant 10 in bits 64 and 65.
  return {(high & ~std::uint64_t{0xF000}) | 0x5000,
          (low & ~(std::uint64_t{3} << 62U)) | std::uint64_t{1} << 63U};
}

std::optional<Uuid> Uuid::read(std::string_view text) noexcept {
  if (text.size() != kTextSize || text[8] != '-' || text[13] != '-' || text[18] != '-' ||
      text[23] != '-') {
    return std::nullopt;
  }
  std::uint8_t all = 0;
  const auto digits = [&](std::uint64_t word, std::size_t begin, std::size_t count) {
    for (const char c : text.substr(begin, count)) {
      const std::uint8_t value = kLowerHexValues[static_cast<unsigned char>(c)];
      all |= value;
      word = word << 4U | (value & 15U);
    }
    return word;
  };
  const std::uint64_t high = digits(digits(digits(0, 0, 8), 9, 4), 14, 4);
  const std::uint64_t low = digits(digits(0, 19, 4), 24, 12);
  if ((all & kNoHexDigit) != 0) return std::nullopt;
  return Uuid(high, low);
}

void Uuid::write(char* out) const noexcept {
  out = write_hex(high_, 0, 3, out);
  *out++ = '-';
  out = write_hex(high_, 4, 5, out);
  *out++ = '-';
  out = write_hex(high_, 6, 7, out);
  *out++ = '-';
  out = write_hex(low_, 0, 1, out);
  *out++ = '-';
  write_hex(low_, 2, 7, out);
}

std::string Uuid::text() const {
  std::string text(kTextSize, '\0');
  write(text.data());
  return text;
}

RandomUuids::RandomUuids() {
  // getentropy(3) gives up to 256 bytes, all or none.
  if (::getentropy(state_.data(), sizeof state_) != 0) {
    throw std::system_error(errno, std::generic_category(), "getentropy");
  }
  // The generator would stay at zero for ever.
  if (state_ == decltype(state_){}) state_[0] = 1;
}

std::uint64_t RandomUuids::next_word() noexcept {
  const std::uint64_t word = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return word;
}

Uuid RandomUuids::next() noexcept {
  // RFC 9562 section 5.4: version 4 in bits 48 to 51, variant 10 in bits 64 and 65.
  const std::uint64_t high = (next_word() & ~std::uint64_t{0xF000}) | 0x4000;
  const std::uint64_t low = (next_word() >> 2) | std::uint64_t{1} << 63;
  return {high, low};
}

}  // namespace gateway::events

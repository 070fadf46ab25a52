#include "gateway/http/fields.hpp"

#include <algorithm>
#include <bit>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace gateway::http {
namespace {

// RFC 9110 section 5.6.2.
constexpr auto kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    table[byte] = is_token_character(static_cast<char>(byte));
  }
  return table;
}();

constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

constexpr std::size_t kBlock = 16;

// Which of kBlock bytes are control characters or colons, a bit for each, the first one lowest.
std::uint32_t marked_bits(const char* data) noexcept {
#ifdef __SSE2__
  __m128i bytes;
  std::memcpy(&bytes, data, kBlock);
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
  const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
  const __m128i colon = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':'));
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(low, del), colon)));
#else
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    bits |= static_cast<std::uint32_t>(is_control(data[i]) || data[i] == ':') << i;
  }
  return bits;
#endif
}

}  // namespace

HeadScan::State HeadScan::advance(const char* data, std::size_t size) noexcept {
  size = std::min(size, kMaxHead);
  // A block at a time, as most bytes are of no interest.
  std::size_t at = scanned_;
  for (; at + kBlock <= size; at += kBlock) {
    for (std::uint32_t bits = marked_bits(data + at); bits != 0; bits &= bits - 1) {
      const std::size_t marked = at + static_cast<std::size_t>(std::countr_zero(bits));
      if (data[marked] == ':') {
        note_colon(marked);
        continue;
      }
      if (marked + 1 == line_) continue;  // an LF, seen with its CR
      const State state = on_control(data, marked, size);
      if (state != State::incomplete || cut_at_return_) return state;
    }
  }
  for (; at < size; ++at) {
    if (data[at] == ':') note_colon(at);
    if (!is_control(data[at])) continue;
    const State state = on_control(data, at, size);
    if (state != State::incomplete || cut_at_return_) return state;
  }
  scanned_ = at;
  return State::incomplete;
}

// `incomplete`: go on.
HeadScan::State HeadScan::on_control(const char* data, std::size_t at, std::size_t size) noexcept {
  cut_at_return_ = false;
  if (data[at] != '\r') {
    const bool seen = data[at] == '\n' && at + 1 == line_;  // with its CR
    return seen || data[at] == '\t' ? State::incomplete : State::malformed;
  }
  if (at + 1 == size) {
    cut_at_return_ = true;
    scanned_ = at;
    return State::incomplete;
  }
  if (data[at + 1] != '\n') return State::malformed;
  if (at == line_) {
    line_ = at + 2;
    return lines_ == 0 ? State::malformed : State::complete;
  }
  if (lines_ == ends_.size()) return State::too_many_lines;
  ends_[lines_] = static_cast<std::uint16_t>(at);
  colons_[lines_] = std::exchange(colon_, std::uint16_t{0});
  ++lines_;
  line_ = at + 2;
  return State::incomplete;
}

bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!kTokenCharacters[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

void Framing::content_length(std::string_view value) noexcept {
  if (length_) {
    // Even equal ones: RFC 9112 section 6.3 lets a recipient reject them, and a proxy in front may
    // have believed another one.
    problem_ = Problem::two_lengths;
    return;
  }
  std::uint64_t length = 0;
  for (const char c : value) {
    if (c < '0' || c > '9') {
      problem_ = Problem::bad_length;
      return;
    }
    // Saturates far above every limit instead of wrapping around.
    if (length < (std::uint64_t{1} << 56))
      length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value.empty()) problem_ = Problem::bad_length;
  length_ = length;
}

// An empty member would be legal (RFC 9110 section 5.6.1.2), but no client sends one, and proxies
// differ in what they make of it: whoever does is after the difference.
void Framing::transfer_encoding(std::string_view value) noexcept {
  coded_ = true;
  for_each_element(value, [this](std::string_view coding) {
    // An empty one, chunked twice, or chunked not last.
    if (coding.empty() || ends_in_chunked_) problem_ = Problem::bad_coding;
    ends_in_chunked_ = equals_ignoring_case(coding, "chunked");
    unknown_coding_ = unknown_coding_ || !ends_in_chunked_;
  });
}

Framing::Problem Framing::problem_of_coding() const noexcept {
  if (length_) return Problem::length_and_coding;
  // RFC 9112 section 6.3: where chunked is not the last coding nobody knows where the body ends.
  if (problem_ == Problem::none && !ends_in_chunked_) return Problem::bad_coding;
  if (problem_ == Problem::none && unknown_coding_) return Problem::unknown_coding;
  return problem_;
}

}  // namespace gateway::http

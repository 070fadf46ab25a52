#include "gateway/http/fields.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace gateway::http {
namespace {

// RFC 9110 section 5.6.2.
constexpr auto kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

// The bytes below 0x20 and those equal to 0x7f, each marked by its highest bit. Exact: no sum or
// difference of a byte reaches its neighbour.
constexpr std::uint64_t control_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x80 * kOnes;
  const std::uint64_t not_below = (word | kHigh) - 0x20 * kOnes;
  const std::uint64_t from_delete = word ^ (0x7f * kOnes);
  const std::uint64_t not_delete = ((from_delete & ~kHigh) + 0x7f * kOnes) | from_delete;
  return ((~not_below & ~word) | ~not_delete) & kHigh;
}

// Seven bytes that are no control characters, to stand beside a lone one.
constexpr std::uint64_t kNoControls = 0x2020202020202000;

// Index in memory of the first marked byte.
constexpr std::size_t first_byte(std::uint64_t marks) noexcept {
  static_assert(std::endian::native == std::endian::little);
  return static_cast<std::size_t>(std::countr_zero(marks)) / 8;
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

HeadScan::State HeadScan::advance(const char* data, std::size_t size) noexcept {
  size = std::min(size, kMaxHead);
  // Eight bytes at a time, as most hold no control character at all.
  std::size_t at = scanned_;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data + at, sizeof word);
    for (std::uint64_t marks = control_bytes(word); marks != 0; marks &= marks - 1) {
      const State state = on_control(data, at + first_byte(marks), size);
      if (state != State::incomplete || cut_at_return_) return state;
    }
  }
  for (; at < size; ++at) {
    if (control_bytes(static_cast<unsigned char>(data[at]) | kNoControls) == 0) continue;
    const State state = on_control(data, at, size);
    if (state != State::incomplete || cut_at_return_) return state;
  }
  scanned_ = at;
  return State::incomplete;
}

// `incomplete`: go on.
HeadScan::State HeadScan::on_control(const char* data, std::size_t at, std::size_t size) noexcept {
  cut_at_return_ = false;
  if (data[at] == '\t') return State::incomplete;
  if (data[at] == '\n' && at != 0 && data[at - 1] == '\r') return State::incomplete;
  if (data[at] != '\r') return State::malformed;
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
  ends_[lines_++] = static_cast<std::uint16_t>(at);
  line_ = at + 2;
  return State::incomplete;
}

std::optional<FieldWalk::Field> FieldWalk::next() noexcept {
  if (line_ == scan_.lines()) return std::nullopt;
  const std::string_view line = scan_.line(data_, line_++);

  // A line that begins with white space is obsolete folding: its first character is no token.
  std::size_t colon = 0;
  while (colon < line.size() && kTokenCharacters[static_cast<unsigned char>(line[colon])]) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    malformed_ = true;
    return std::nullopt;
  }
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
  return Field{line.substr(0, colon), value};
}

bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!kTokenCharacters[static_cast<unsigned char>(c)]) return false;
  }
  return !text.empty();
}

bool equals_ignoring_case(std::string_view text, std::string_view wanted) noexcept {
  if (text.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != wanted[i]) return false;
  }
  return true;
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
    if (length < (std::uint64_t{1} << 56)) length = length * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value.empty()) problem_ = Problem::bad_length;
  length_ = length;
}

void Framing::transfer_encoding(std::string_view value) noexcept {
  std::size_t codings = 0;
  bool all_chunked = true;
  for_each_in_list(value, [&](std::string_view coding) {
    ++codings;
    if (!equals_ignoring_case(coding, "chunked")) all_chunked = false;
  });
  if (codings == 0 || (all_chunked && (codings > 1 || chunked_))) {
    problem_ = Problem::bad_coding;
  } else if (!all_chunked) {
    problem_ = Problem::unknown_coding;
  }
  chunked_ = true;
}

Framing::Problem Framing::problem() const noexcept {
  if (length_ && chunked_) return Problem::length_and_coding;
  return problem_;
}

}  // namespace gateway::http

#include "gateway/http/fields.hpp"

#include <array>
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

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

HeadScan::State HeadScan::advance(const char* data, std::size_t size) noexcept {
  while (scanned_ < size) {
    const void* found = std::memchr(data + scanned_, '\n', size - scanned_);
    if (found == nullptr) {
      scanned_ = size;
      break;
    }
    const auto feed = static_cast<std::size_t>(static_cast<const char*>(found) - data);
    if (feed == line_ || data[feed - 1] != '\r') return State::malformed;
    const bool blank = feed - line_ == 1;
    scanned_ = line_ = feed + 1;
    ++lines_;
    if (blank) return lines_ == 1 ? State::malformed : State::complete;
  }
  return State::incomplete;
}

bool free_of_controls(std::string_view head, std::size_t lines) noexcept {
  // Every line end was checked to be CRLF: two control characters a line are the rightful ones. The
  // count is a plain sum so that the compiler makes vector code of it.
  std::size_t controls = 0;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    controls += static_cast<std::size_t>((byte < 0x20) & (byte != '\t')) +
                static_cast<std::size_t>(byte == 0x7f);
  }
  return controls == 2 * lines;
}

std::optional<FieldWalk::Field> FieldWalk::next() noexcept {
  const std::size_t end = rest_.find('\n');
  if (end == std::string_view::npos || end < 1) {
    malformed_ = true;
    return std::nullopt;
  }
  const std::string_view line = rest_.substr(0, end - 1);
  rest_.remove_prefix(end + 1);
  if (line.empty()) return std::nullopt;

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

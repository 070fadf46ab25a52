#include "events/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "events/utf8.hpp"

namespace gateway::events {
namespace {

bool is_control(char32_t c) noexcept {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

bool turns_text(char32_t c) noexcept {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// `replace(out, character)` appends what stands for a character that must not be shown; nothing is
// given for a byte that is not UTF-8.
template <class Replace>
std::string filtered(std::string_view text, Replace replace) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
    const char32_t c = length == 0 ? 0 : utf8_code_point(sequence);
    if (length != 0 && !is_control(c) && !turns_text(c) && !is_noncharacter(c)) {
      out += sequence;
    } else {
      replace(out, length == 0 ? std::string_view() : sequence);
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

void append_escape(std::string& out, char32_t c) {
  const auto unit = [&out](char32_t value) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(value));
  };
  if (c < 0x10000) return unit(c);
  unit(0xD800 + ((c - 0x10000) >> 10U));
  unit(0xDC00 + ((c - 0x10000) & 0x3FFU));
}

}  // namespace

std::string terminal_text(std::string_view text) {
  return filtered(text, [](std::string& out, std::string_view) { out += '?'; });
}

std::string terminal_lines(std::string_view text) {
  return filtered(text, [](std::string& out, std::string_view character) {
    out += character == "\n" || character == "\t" ? character : "?";
  });
}

std::string terminal_json(std::string_view json) {
  std::string out = filtered(json, [](std::string& out, std::string_view character) {
    if (character.empty()) {
      out += '?';
    } else if (static_cast<unsigned char>(character.front()) < 0x20) {
      out += ' ';  // within a string JSON has none of these
    } else {
      append_escape(out, utf8_code_point(character));
    }
  });
  out.erase(std::find_if(out.rbegin(), out.rend(), [](char c) { return c != ' '; }).base(),
            out.end());
  return out;
}

}  // namespace gateway::events

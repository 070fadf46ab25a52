#include "gateway/config/problem.hpp"

#include <fmt/format.h>

namespace gateway::config {
namespace {

constexpr std::size_t kShownCharacters = 200;

// Returns `text` on one line. Names come from the text that is complained about and may contain
// anything.
std::string one_line(const std::string& text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (result.size() >= kShownCharacters && (byte & 0xC0U) != 0x80U) return result + "...";
    if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

std::string Problem::text() const {
  std::string text = one_line(source);
  if (position.line != 0) text += fmt::format(":{}", position.line);
  if (position.line != 0 && position.column != 0) text += fmt::format(":{}", position.column);
  // `--set gateway.listen` already names its key.
  if (!key.empty() && !source.ends_with(" " + key)) {
    if (!text.empty()) text += ": ";
    text += one_line(key);
  }
  if (!text.empty()) text += ": ";
  return text + message;
}

}  // namespace gateway::config

#include "events/event_attributes.hpp"

#include <algorithm>

#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::size_t kMaxNameSize = 255;
// No event comes near it; it bounds the search for duplicates and the head of a binary request.
constexpr std::size_t kMaxAttributes = 256;

bool is_attribute_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

}  // namespace

bool is_attribute_text(std::string_view text) noexcept {
  // Nearly every value: no branch within, so that many bytes are looked at together.
  unsigned char odd = 0;
  for (const char c : text) odd |= static_cast<unsigned char>(c < ' ' || c > '~');
  if (odd == 0) return true;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    // U+0000-U+001F, U+007F-U+009F
    const bool control = length == 1 ? byte(0) < 0x20 || byte(0) == 0x7F
                                     : length == 2 && byte(0) == 0xC2 && byte(1) < 0xA0;
    if (length == 0 || control) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view check_attribute(std::span<const CloudEvent::Attribute> before,
                                 const CloudEvent::Attribute& attribute) noexcept {
  if (!is_attribute_name(attribute.name)) return "attribute name not of a-z and 0-9";
  if (attribute.name.size() > kMaxNameSize) return "attribute name too long";
  if (attribute.name == "data") return "an attribute cannot be named data";
  if (!is_attribute_text(attribute.value)) {
    return "control character or invalid UTF-8 in an attribute";
  }
  if (before.size() == kMaxAttributes) return "more than 256 attributes";
  const bool again = std::any_of(before.begin(), before.end(),
                                 [&](const auto& it) { return it.name == attribute.name; });
  return again ? "an attribute comes twice" : "";
}

std::string_view finish_attributes(CloudEvent& event) {
  auto& attributes = event.attributes;
  const auto specversion =
      std::find_if(attributes.begin(), attributes.end(),
                   [](const CloudEvent::Attribute& it) { return it.name == "specversion"; });
  if (specversion == attributes.end()) return "no specversion";
  if (specversion->value != "1.0") return "specversion is not 1.0";
  if (event.attribute("id").empty()) return "no id";
  if (event.attribute("source").empty()) return "no source";
  if (event.attribute("type").empty()) return "no type";
  std::rotate(attributes.begin(), specversion, specversion + 1);
  return {};
}

}  // namespace gateway::events

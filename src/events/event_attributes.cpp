#include "events/event_attributes.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <optional>
#include <string>

#include "events/media_type.hpp"
#include "events/number_text.hpp"
#include "events/rfc3339.hpp"
#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::size_t kMaxNameSize = 255;
// 31 December 9999.
constexpr std::int64_t kMostMilliseconds = 253'402'300'799'999;
// No event comes near it; it bounds the search for duplicates and the head of a binary request.
constexpr std::size_t kMaxAttributes = 256;

bool is_attribute_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

// A character that no String has. `sequence` is one of well-formed UTF-8.
bool is_disallowed(std::string_view sequence) noexcept {
  const char32_t c = utf8_code_point(sequence);
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  return control || is_noncharacter(c);
}

// The length of the text at the front of `text` that a String may have; 0 if there is none.
std::size_t allowed_length(std::string_view text) noexcept {
  const std::size_t length = utf8_sequence_length(text);
  return length == 0 || is_disallowed(text.substr(0, length)) ? 0 : length;
}

std::string mended(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = allowed_length(text);
    out += length == 0 ? kReplacementCharacter : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>({length, utf8_sequence_length(text), 1}));
  }
  return out;
}

// Tencent's EventBridge writes milliseconds since 1970 where RFC 3339 is due.
std::optional<std::string> time_of_digits(std::string_view text) {
  const auto number = read_number<std::int64_t>(text);
  if (!number || *number < 0) return std::nullopt;
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(*number)};
  if (*number > kMostMilliseconds || !has_rfc3339_form(time)) return std::nullopt;
  std::string written(kRfc3339Size, '\0');
  write_rfc3339(time, written.data());
  return written;
}

std::string_view check_value(CloudEvent::Attribute& attribute) {
  const std::string_view name = attribute.name;
  std::string& value = attribute.value;
  if (!is_attribute_text(value))
    return "control character, noncharacter or invalid UTF-8 in an attribute";
  if (name == "time" && !read_rfc3339(value)) {
    auto time = time_of_digits(value);
    if (!time) return "time is not RFC 3339";
    value = std::move(*time);
    attribute.json_literal = false;
  }
  if (name == "subject" && value.empty()) return "subject is empty";
  if (name == "dataschema" && value.empty()) return "dataschema is empty";
  return {};
}

}  // namespace

std::string_view check_uri(std::string_view name, std::string_view value) noexcept {
  if (name == "source" && !is_uri_reference(value)) return "source is no URI reference";
  if (name == "dataschema" && !is_uri(value)) return "dataschema is no absolute URI";
  return {};
}

bool is_attribute_text(std::string_view text) noexcept {
  // Nearly every value: no branch within, so that many bytes are looked at together.
  unsigned char odd = 0;
  for (const char c : text) odd |= static_cast<unsigned char>(c < ' ' || c > '~');
  if (odd == 0) return true;
  while (!text.empty()) {
    const std::size_t length = allowed_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string_view accept_attribute(std::span<const CloudEvent::Attribute> before,
                                  CloudEvent::Attribute& attribute, EventFrom from) {
  if (!is_attribute_name(attribute.name)) return "attribute name not of a-z and 0-9";
  if (attribute.name.size() > kMaxNameSize) return "attribute name too long";
  if (attribute.name == "data") return "an attribute cannot be named data";
  if (from == EventFrom::sender) {
    if (const auto wrong = check_value(attribute); !wrong.empty()) return wrong;
  } else if (!is_attribute_text(attribute.value)) {
    attribute.value = mended(attribute.value);
  }
  if (before.size() == kMaxAttributes) return "more than 256 attributes";
  const bool again = std::any_of(before.begin(), before.end(),
                                 [&](const auto& it) { return it.name == attribute.name; });
  return again ? "an attribute comes twice" : "";
}

std::string_view accept_content_type(CloudEvent& event, std::string_view value, EventFrom from) {
  event.content_type = value;
  std::replace(event.content_type.begin(), event.content_type.end(), '\t', ' ');
  if (!is_attribute_text(event.content_type)) return "control character in the content type";
  if (from == EventFrom::sender && !is_media_type(value))
    return "the content type is no media type";
  return {};
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

bool is_uri_reference(std::string_view text) noexcept {
  return boost::urls::parse_uri_reference({text.data(), text.size()}).has_value();
}

bool is_uri(std::string_view text) noexcept {
  return boost::urls::parse_uri({text.data(), text.size()}).has_value();
}

}  // namespace gateway::events

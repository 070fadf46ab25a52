#include "events/redactor.hpp"

#include "events/ascii.hpp"
#include "events/record_walk.hpp"

namespace gateway::events {
namespace {

// Text of JSON that spells a character by its number: what it means is not seen in it.
bool has_numbered_character(std::string_view text) noexcept {
  return text.find("\\u") != std::string_view::npos;
}

}  // namespace

// One walk through a JSON text.
struct Redactor::Search {
  const HeaderNames& names;
  JsonCursor& json;
  char* bytes;  // that `json` walks
  std::size_t blanked = 0;

  bool value(bool in_headers) {
    switch (json.peek()) {
      case '{':
        return json.object([&](const JsonString& name) { return member(name, in_headers); });
      case '[': return json.array([&] { return value(in_headers); });
      case '"': return string();
      default: return json.value();
    }
  }

  bool member(const JsonString& name, bool in_headers) {
    const std::string unescaped = name.has_escapes() ? name.text() : std::string();
    const std::string_view read = name.has_escapes() ? unescaped : name.raw();
    if (in_headers && names.contains(read)) return withhold();
    const bool is_string = json.peek() == '"';
    if (equals_ignoring_case(read, "requestheaders")) {
      return is_string || json.peek() == '[' ? withhold() : value(true);
    }
    if (is_string &&
        (equals_ignoring_case(read, "requestparameters") || equals_ignoring_case(read, "event"))) {
      return withhold();
    }
    return value(in_headers);
  }

  bool string() {
    const std::size_t begin = json.offset();
    JsonString string;
    if (!json.string(string)) return false;
    if (string.has_escapes() && looks_encoded(string.text())) blank(begin);
    return true;
  }

  // JSON that stands in a string, in double quotes or in what some write instead.
  [[nodiscard]] bool looks_encoded(std::string_view text) const noexcept {
    return text.find_first_of("\"'") != std::string_view::npos &&
           (has_numbered_character(text) || names.any_in(text));
  }

  bool withhold() {
    const std::size_t begin = json.offset();
    if (!json.value()) return false;
    blank(begin);
    return true;
  }

  // Behind the cursor, which never looks back beyond the white space before its next token.
  void blank(std::size_t begin) {
    blank_json_value(bytes + begin, bytes + json.end());
    ++blanked;
  }
};

std::optional<std::size_t> Redactor::redact(char* json, std::size_t size) {
  if (!active()) return 0;
  auto indexed = index_.read(json, size);
  if (!indexed) return std::nullopt;
  Search search{names_, *indexed, json};
  if (!search.value(false) || !indexed->finish()) return std::nullopt;
  return search.blanked;
}

bool Redactor::redact(CloudEvent& event) {
  if (!active()) return true;
  switch (event.data_kind) {
    case CloudEvent::DataKind::none: return true;
    case CloudEvent::DataKind::json:
    case CloudEvent::DataKind::bytes:
      return redact(event.data.data(), event.data.size()).has_value();
    case CloudEvent::DataKind::text:
      return redact(event.data.data(), event.data.size()).has_value() ||
             (!names_.any_in(event.data) && !has_numbered_character(event.data));
  }
  return false;
}

}  // namespace gateway::events

#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "gateway/config/formats.hpp"
#include "gateway/config/report.hpp"
#include "gateway/config/yaml_document.hpp"

namespace gateway::config {

// One key, bound to the variable that it fills. The variable must outlive it.
struct Field {
  enum class Shape { scalar, list, map };

  Shape shape = Shape::scalar;
  bool secret = false;  // its values are never shown, and it may stand in the secret file
  std::string allowed;  // type and bounds for the reference, as Markdown
  // Takes `value`, which is not null, or reports what is wrong with it. The variable keeps what it
  // had if nothing was right.
  std::function<void(const std::string& path, const Value& value, Report& report)> read;
  // Returns the variable as flow YAML, on one line.
  std::function<std::string()> print;
  // Returns the variable of a number, a size or a duration, to be compared; empty for all others.
  std::function<double()> amount{};

  // True unless the variable is empty text.
  [[nodiscard]] bool holds_something() const { return print() != "\"\""; }
};

// The most items of a list or map: more than any of them needs, and few enough to compare each item
// with all others.
constexpr std::size_t kMaxItems = 100;
// The most items of a list of maps.
constexpr std::size_t kMaxMaps = 1000;

// Returns how a message names what it found: the text, shortened and escaped, or its kind.
[[nodiscard]] std::string describe(const Value& value);

// Reports `expected 1 or 2, got "3"; note`.
void refuse(const std::string& path, const Value& value, std::string_view expected, bool secret,
            std::string_view note, Report& report);

// Returns the items of `value`, or nullptr after reporting that it is no list or too long a one.
[[nodiscard]] const std::vector<Value>* items_of(const std::string& path, const Value& value,
                                                 std::string_view expected, Report& report,
                                                 std::size_t most = kMaxItems);

// Returns what `value` parses to, or nullopt after reporting what is wrong with it.
template <class T>
std::optional<T> read_scalar(const std::string& path, const Value& value, const Format<T>& format,
                             Report& report) {
  Parsed<T> parsed;
  if (value.kind == Value::Kind::scalar) {
    if (format.secret && value.text == kRedacted) {
      report.warning(value.position, path, "(redacted) stands for a secret; taken as not given");
      return std::nullopt;
    }
    parsed = format.parse({value.text, value.quoted});
  }
  if (!parsed.value) {
    refuse(path, value, format.expected, format.secret || parsed.hidden, parsed.note, report);
  } else if (!parsed.note.empty()) {
    report.warning(value.position, path, std::move(parsed.note));
  }
  return std::move(parsed.value);
}

template <class T>
[[nodiscard]] Field scalar_field(T& variable, Format<T> format) {
  Field field;
  field.secret = format.secret;
  field.allowed = format.allowed;
  field.print = [&variable, print = format.print] { return print(variable); };
  if constexpr (std::is_same_v<T, Duration>) {
    field.amount = [&variable] { return static_cast<double>(variable.count()); };
  } else if constexpr (std::is_arithmetic_v<T>) {
    field.amount = [&variable] { return static_cast<double>(variable); };
  }
  field.read = [&variable, format = std::move(format)](const std::string& path, const Value& value,
                                                       Report& report) {
    auto read = read_scalar(path, value, format, report);
    if (!read) return;
    variable = *std::move(read);
    report.gave(path, value.position);
  };
  return field;
}

// A list whose items have this format, each at most once. A message about an item names the list,
// or with Named::item the item, `include[0]`.
enum class Named { list, item };
[[nodiscard]] Field list_field(std::vector<std::string>& variable, Format<std::string> item,
                               Named named = Named::list);

// Headers to add to every request. Merged by name, whatever its case: a later source replaces the
// values it names and keeps the others.
[[nodiscard]] Field headers_field(std::vector<std::pair<std::string, Secret>>& variable);

// Status codes and what they are to mean. Merged by code, as headers are by name.
[[nodiscard]] Field treatments_field(std::map<unsigned, Treatment>& variable);

}  // namespace gateway::config

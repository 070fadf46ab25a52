#pragma once
#include <fmt/core.h>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/config/settings.hpp"
#include "gateway/config/units.hpp"

// The kinds of values that the configuration has: how the text of one becomes a typed value, and
// back.
namespace gateway::config {

struct Scalar {
  std::string_view text;
  bool quoted = false;
};

// The result of parsing one scalar.
template <class T>
struct Parsed {
  std::optional<T> value{};
  // With a value a warning; without one what a message says beyond what was expected.
  std::string note{};
  // The text may hold a password: messages do not show it.
  bool hidden = false;
};

template <class T>
struct Format {
  std::string expected;  // what it takes, as it stands after "expected ..." in a message
  std::string allowed;   // the same for the reference: type and bounds, as Markdown
  std::function<Parsed<T>(const Scalar&)> parse;
  std::function<std::string(const T&)> print;  // YAML that parses to the value again
  bool secret = false;                         // messages never show the text
};

// What is printed for a secret that is set; a secret key with this value counts as not given.
inline constexpr std::string_view kRedacted = "(redacted)";

// The note for a number or boolean that was written as text.
inline constexpr std::string_view kWithoutQuotes = "write it without quotes";

// Returns `"..."`, escaped as YAML wants it.
[[nodiscard]] std::string quote(std::string_view text);
// Returns "`a`, `b`".
[[nodiscard]] std::string as_code(const std::vector<std::string_view>& words);

// Any UTF-8 text without control characters.
[[nodiscard]] Format<std::string> text();
// Text for keys whose default is not empty.
[[nodiscard]] Format<std::string> non_empty_text();
[[nodiscard]] Format<Secret> secret_text();
// An address that events go to. The values in its query may be secrets: (redacted) is printed for
// them, and a text with that is refused.
[[nodiscard]] Format<std::string> target_text();

[[nodiscard]] Format<bool> boolean();
// A boolean of the original connector, whose YAML reader also takes the words of YAML 1.1: yes and
// no, on and off. They are taken with a warning.
[[nodiscard]] Format<bool> original_boolean();

template <std::unsigned_integral T>
[[nodiscard]] Format<T> integer(T min, T max) {
  return {.expected = fmt::format("an integer from {} to {}", min, max),
          .allowed = fmt::format("integer, {} to {}", min, max),
          .parse = [min, max](const Scalar& scalar) -> Parsed<T> {
            const auto number = parse_digits(scalar.text);
            if (!number || *number < min || *number > max) return {};
            if (scalar.quoted) return {.note = std::string(kWithoutQuotes)};
            return {static_cast<T>(*number)};
          },
          .print = [](T value) { return std::to_string(value); }};
}
// `auto`, which is 0, or a number from 1.
[[nodiscard]] Format<unsigned> auto_or_integer(unsigned max);
// MB of an SCF function: 64, or a multiple of 128 up to 3072.
[[nodiscard]] Format<unsigned> function_memory();
[[nodiscard]] Format<double> number(double min, double max);
[[nodiscard]] Format<std::size_t> size(std::size_t min, std::size_t max);
// A duration that is a multiple of `step`: the cloud counts in whole seconds.
[[nodiscard]] Format<Duration> duration(Duration min, Duration max, Duration step = Duration(1));

// `binary | structured | batch`. An empty name is taken, but not offered.
template <class Enum>
[[nodiscard]] Format<Enum> choice(const std::vector<std::pair<std::string_view, Enum>>& names) {
  std::vector<std::string_view> offered;
  std::string expected;
  for (const auto& [name, value] : names) {
    if (name.empty()) continue;
    expected += (offered.empty() ? "" : " | ") + std::string(name);
    offered.push_back(name);
  }
  return {.expected = std::move(expected),
          .allowed = as_code(offered),
          .parse = [names](const Scalar& scalar) -> Parsed<Enum> {
            const auto named =
                std::ranges::find_if(names, [&](auto& pair) { return pair.first == scalar.text; });
            return named == names.end() ? Parsed<Enum>{} : Parsed<Enum>{named->second};
          },
          .print = [names](Enum value) -> std::string {
            const auto named = std::ranges::find_if(
                names, [value](auto& pair) { return pair.second == value && !pair.first.empty(); });
            return named == names.end() ? "\"\"" : std::string(named->first);
          }};
}
// Text that must be one of these.
[[nodiscard]] Format<std::string> one_of(std::vector<std::string_view> words);

// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (which is 127.0.0.1),
// `:8080` for all addresses of both families, which is `[::]:8080`. Port 0: the system chooses.
[[nodiscard]] Format<HostPort> listen_address();

// A name or IP address that requests name as their host, with or without a port; or empty.
[[nodiscard]] Format<std::string> host();

enum class UrlForm { any, or_empty, without_path };
// An http or https URL.
[[nodiscard]] Format<std::string> url(UrlForm form);

// RFC 9110 section 5.1: a token.
[[nodiscard]] Format<std::string> header_name();

// A pattern of object keys, as routing::Pattern has it.
[[nodiscard]] Format<std::string> key_pattern();

// A COS event such as cos:ObjectCreated:Put, or a family of them: cos:ObjectRemove:*.
[[nodiscard]] Format<std::string> bucket_event();
// The events that COS documents ("Event notification"), families of them included.
[[nodiscard]] const std::vector<std::string_view>& known_events();

}  // namespace gateway::config

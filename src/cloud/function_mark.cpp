#include "cloud/function_mark.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <variant>

#include "cloud/digest.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kOwner = "Managed by cos gateway.";
constexpr std::string_view kCode = " Code ";
constexpr std::string_view kSettings = ", settings ";
constexpr std::size_t kDigits = 16;

// Each part goes with its length, so that no two lists of parts give the same text.
class Parts {
 public:
  void add(std::string_view part) { text_ += fmt::format("{}:{},", part.size(), part); }
  void add(std::size_t number) { text_ += fmt::format("{},", number); }
  [[nodiscard]] std::string digest() const {
    const Digest digest = sha256(text_);
    return hex(std::span(digest).first(kDigits / 2));
  }

 private:
  std::string text_;
};

std::string code_mark(const Wanted& wanted) {
  Parts parts;
  if (const auto* zip = std::get_if<InlineCode>(&wanted.code)) {
    parts.add("zip");
    parts.add(zip->zip);
  } else {
    const auto& object = std::get<CosCode>(wanted.code);
    for (const std::string_view part :
         {std::string_view("cos"), std::string_view(object.bucket), std::string_view(object.region),
          std::string_view(object.path)}) {
      parts.add(part);
    }
  }
  return parts.digest();
}

std::string settings_mark(const Wanted& wanted) {
  Parts parts;
  parts.add(wanted.bucket.host());
  parts.add(wanted.events.size());
  for (const auto& event : wanted.events) parts.add(event);
  parts.add(wanted.prefix);
  parts.add(wanted.suffix);
  parts.add(wanted.runtime);
  parts.add(wanted.handler);
  parts.add(std::size_t{wanted.memory_mb});
  parts.add(static_cast<std::size_t>(wanted.timeout.count()));
  auto environment = wanted.environment;
  std::sort(environment.begin(), environment.end());
  parts.add(environment.size());
  for (const auto& [key, value] : environment) {
    parts.add(key);
    parts.add(value);
  }
  parts.add(std::size_t{wanted.retries});
  parts.add(static_cast<std::size_t>(wanted.max_age.count()));
  return parts.digest();
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

std::string_view take_digits(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789abcdef"), text.size());
  const auto digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits.size() == kDigits ? digits : std::string_view();
}

}  // namespace

std::string FunctionMark::description() const {
  return fmt::format("{}{}{}{}{}.", kOwner, kCode, code_, kSettings, settings_);
}

FunctionMark mark_of(const Wanted& wanted) {
  return FunctionMark(code_mark(wanted), settings_mark(wanted));
}

std::optional<FunctionMark> parse_mark(std::string_view description) {
  if (!take(description, kOwner)) return std::nullopt;
  if (!take(description, kCode)) return FunctionMark();
  const auto code = take_digits(description);
  if (!take(description, kSettings)) return FunctionMark(std::string(code), {});
  return FunctionMark(std::string(code), std::string(take_digits(description)));
}

}  // namespace gateway::cloud

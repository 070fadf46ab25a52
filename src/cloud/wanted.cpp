#include "cloud/wanted.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <variant>

#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

// SCF "Quota limits": all variables together.
constexpr std::size_t kEnvironmentLimit = 4096;
// A request takes 10 MiB (RequestSizeLimitExceeded). Base64 makes 4 bytes of 3; 64 KiB are left for
// everything else.
constexpr std::size_t kRequestLimit = std::size_t{10} << 20;
constexpr std::size_t kZipLimit = (kRequestLimit - (std::size_t{64} << 10)) / 4 * 3;

// SCF "Environment variables": a letter, then letters, digits and '_'.
bool is_variable_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

bool is_reserved(std::string_view name) {
  return name.starts_with("SCF_") || name.starts_with("QCLOUD_") ||
         name.starts_with("TENCENTCLOUD_");
}

}  // namespace

std::optional<std::string> problem_with(const Wanted& wanted) {
  std::size_t size = 0;
  for (const auto& [name, value] : wanted.environment) {
    size += name.size() + value.size();
    if (!is_variable_name(name)) {
      return fmt::format("'{}' is no name for a variable of the function's environment", name);
    }
    if (is_reserved(name)) {
      return fmt::format("'{}': names of the function's environment that begin so are reserved",
                         name);
    }
    if (value.empty()) {
      return fmt::format("'{}' is empty, which the function's environment does not allow", name);
    }
  }
  if (size > kEnvironmentLimit) {
    return fmt::format("the function's environment has {} bytes, of which {} are allowed", size,
                       kEnvironmentLimit);
  }
  if (const auto* code = std::get_if<InlineCode>(&wanted.code)) {
    if (code->zip.empty()) return "the function's code is empty";
    if (code->zip.size() > kZipLimit) {
      return fmt::format("the function's code has {} bytes, of which a request takes {}",
                         code->zip.size(), kZipLimit);
    }
  }
  return std::nullopt;
}

}  // namespace gateway::cloud

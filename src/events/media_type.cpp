#include "events/media_type.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::events {
namespace {

std::string_view without_parameters(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && is_blank(type.front())) type.remove_prefix(1);
  while (!type.empty() && is_blank(type.back())) type.remove_suffix(1);
  return type;
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return to_lower(a) == b; });
}

}  // namespace

bool is_json_media_type(std::string_view content_type) noexcept {
  constexpr std::string_view kSuffix = "+json";
  const std::string_view type = without_parameters(content_type);
  const auto slash = type.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view subtype = type.substr(slash + 1);
  return equals_ignoring_case(subtype, "json") ||
         (subtype.size() > kSuffix.size() &&
          equals_ignoring_case(subtype.substr(subtype.size() - kSuffix.size()), kSuffix));
}

bool is_text_media_type(std::string_view content_type) noexcept {
  constexpr std::string_view kType = "text/";
  const std::string_view type = without_parameters(content_type);
  return equals_ignoring_case(type.substr(0, kType.size()), kType);
}

}  // namespace gateway::events

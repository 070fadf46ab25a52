#pragma once
#include <string_view>

namespace gateway::egress {

// Returns what a client is told about an answer that refused its event: the beginning of its body.
[[nodiscard]] inline std::string_view refusal_reason(std::string_view body) noexcept {
  constexpr std::size_t kMost = 256;
  return body.empty() ? std::string_view("refused by the eventbus") : body.substr(0, kMost);
}

}  // namespace gateway::egress

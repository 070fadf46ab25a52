#pragma once
#include <cstdlib>
#include <string_view>

namespace gateway {

// Returns the value of an environment variable; empty if there is none.
[[nodiscard]] inline std::string_view environment_variable(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing of this process changes its environment
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

}  // namespace gateway

#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/terminal.hpp"

namespace gateway::observe {

// Which settled events to show: "failed" and the other outcomes by their name, anything else by the
// beginning of the key.
class TapFilter {
 public:
  TapFilter() = default;
  explicit TapFilter(std::string text);
  [[nodiscard]] bool admits(std::string_view outcome, std::string_view key) const;

 private:
  std::string outcome_;
  std::string prefix_;
};

// Returns an event of /stream (tap_json) as a line for people with a terminal of so many columns
// (0: with none); empty if the filter leaves it out or it is none.
[[nodiscard]] std::optional<Line> tap_line(std::string_view json, const TapFilter& filter,
                                           std::size_t columns);
// Whether the filter lets it through.
[[nodiscard]] bool tap_admits(std::string_view json, const TapFilter& filter);

}  // namespace gateway::observe

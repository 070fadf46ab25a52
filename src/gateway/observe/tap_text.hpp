#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/terminal.hpp"

namespace gateway::observe {

// Returns the colour that an outcome is shown in.
[[nodiscard]] Colour outcome_colour(std::string_view outcome);

// Selects the settled events to show: by the name of an outcome, such as "failed", or else by the
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

// Returns an event of /stream (tap_json) as a line for a terminal of so many columns (0: no
// terminal), or nullopt if the filter leaves it out or `json` is no event.
[[nodiscard]] std::optional<Line> tap_line(std::string_view json, const TapFilter& filter,
                                           std::size_t columns);
// Returns whether the filter lets an event of /stream through.
[[nodiscard]] bool tap_admits(std::string_view json, const TapFilter& filter);

}  // namespace gateway::observe

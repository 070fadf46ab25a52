#pragma once
#include <span>
#include <string>
#include <string_view>

#include "soak/outcome.hpp"

namespace gateway::soak {

struct Scenario {
  std::string_view name;
  std::string_view what;  // for --help
  bool needs_spool = false;
  bool only_named = false;  // not one of "all": it measures
  Outcome (*play)(const Options&);
  bool attack = false;  // one of --attacks
  // Returns why the scenario cannot run on this machine; empty if it can.
  std::string (*obstacle)() = nullptr;
};

[[nodiscard]] std::span<const Scenario> scenarios();

}  // namespace gateway::soak

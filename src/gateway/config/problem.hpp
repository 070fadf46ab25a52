#pragma once
#include <compare>
#include <string>

namespace gateway::config {

// A position in a text. Both numbers count from 1; 0 means unknown.
struct Position {
  unsigned line = 0;
  unsigned column = 0;

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// One error in the configuration, or one warning.
struct Problem {
  // The name of a file as given, `environment CONNECTOR_PORT` or `--set gateway.listen`.
  std::string source;
  Position position;
  std::string key;      // dotted path; empty: the whole source
  std::string message;  // what is wrong and what is allowed; never a secret

  // Returns a line such as `config.yml:7:3: delivery.pipline: unknown key; did you mean
  // 'pipeline'?`.
  [[nodiscard]] std::string text() const;
};

}  // namespace gateway::config

#pragma once
#include <compare>
#include <string>

namespace gateway::config {

// Where in a text; both count from 1, and 0 means unknown.
struct Position {
  unsigned line = 0;
  unsigned column = 0;

  friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

// One thing wrong with the configuration, or worth a warning.
struct Problem {
  // A file as it was named, `environment CONNECTOR_PORT` or `--set gateway.listen`.
  std::string source;
  Position position;
  std::string key;      // dotted path; empty: the whole source
  std::string message;  // what is wrong and what is allowed; never a secret

  // `config.yml:7:3: delivery.pipline: unknown key; did you mean 'pipeline'?`
  [[nodiscard]] std::string text() const;
};

}  // namespace gateway::config

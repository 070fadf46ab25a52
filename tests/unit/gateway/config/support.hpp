#pragma once
#include <string>
#include <vector>

#include "gateway/config/load.hpp"

namespace gateway::config::testing {

// A configuration with nothing to complain about: no cloud, an eventbus, no authentication.
inline constexpr const char* kMinimal =
    "target: \"bus:8080\"\neventbus: orders\nfunction: {provision: false}\ngateway: {auth: none}\n";

inline SourceTexts with_config(std::string text) {
  SourceTexts texts;
  texts.config = SourceText{"config.yml", std::move(text)};
  return texts;
}

inline Loaded load_text(std::string text) {
  return load(with_config(std::move(text)));
}

// The minimal configuration with overrides such as "gateway.threads=4".
inline Loaded load_with(std::vector<std::string> overrides) {
  auto texts = with_config(kMinimal);
  texts.overrides = std::move(overrides);
  return load(texts);
}

inline std::vector<std::string> texts_of(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const auto& problem : problems) texts.push_back(problem.text());
  return texts;
}

}  // namespace gateway::config::testing

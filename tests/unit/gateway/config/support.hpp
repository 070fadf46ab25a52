#pragma once
#include <string>
#include <vector>

#include "gateway/config/load.hpp"
#include "gateway/config/schema.hpp"

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

// Returns the paths of all keys that are printed, in order.
inline std::vector<std::string> paths_of(const Section& section) {
  std::vector<std::string> paths;
  section.visit(
      [&](const std::string& path, const Field&, const About&) { paths.push_back(path); });
  return paths;
}

inline std::vector<std::string> texts_of(const std::vector<Problem>& problems) {
  std::vector<std::string> texts;
  for (const auto& problem : problems) texts.push_back(problem.text());
  return texts;
}

}  // namespace gateway::config::testing

// The configuration from its text: never throws, never crashes, reports one-line problems, and what
// it accepts it can print and accept again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/load.hpp"
#include "gateway/config/render.hpp"

namespace {

using namespace gateway::config;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_problems(const std::vector<Problem>& problems) {
  for (const auto& problem : problems) {
    const auto text = problem.text();
    require(!text.empty() && text.find('\n') == std::string::npos);
  }
}

}  // namespace

// Input: the configuration, and behind lines of "===" the secret file and one override each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::string_view kSeparator = "\n===\n";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> parts;
  for (;;) {
    const auto end = rest.find(kSeparator);
    parts.emplace_back(rest.substr(0, end));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + kSeparator.size());
  }
  SourceTexts texts;
  texts.config = SourceText{"config.yml", parts[0]};
  if (parts.size() > 1) texts.secret = SourceText{"secret.yml", parts[1]};
  for (std::size_t i = 2; i < parts.size(); ++i) texts.overrides.push_back(parts[i]);

  const auto loaded = load(texts);
  check_problems(loaded.problems);
  check_problems(loaded.warnings);
  if (!loaded.ok()) return 0;

  // Secrets do not survive printing, and some checks ask for them: only its form must hold then.
  const auto rendered = render(loaded.settings);
  SourceTexts again;
  again.config = SourceText{"config.yml", rendered};
  again.secret = SourceText{"secret.yml", "secret_id: a\nsecret_key: b\n"};
  const auto reloaded = load(again);
  // A target with a query is printed without what may be a secret in it, and is then none.
  const bool whole = redacted_target(loaded.settings.target) == loaded.settings.target;
  require(reloaded.ok() == whole);
  if (!whole) return 0;
  // Unless secrets were empty before, the two texts agree but for comments on authentication.
  require(reloaded.settings.target == loaded.settings.target);
  require(reloaded.settings.eventbus == loaded.settings.eventbus);
  require(reloaded.settings.function.name == loaded.settings.function.name);
  require(reloaded.settings.bucket.events == loaded.settings.bucket.events);
  require(reloaded.settings.delivery.pipeline == loaded.settings.delivery.pipeline);
  return 0;
}

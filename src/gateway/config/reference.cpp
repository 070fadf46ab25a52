#include "gateway/config/keys.hpp"

#include <fmt/format.h>

#include <string_view>

#include "gateway/config/checks.hpp"

namespace gateway::config {
namespace {

// Returns the default as Markdown. Values such as `null` and `""` are left out, because they say
// less than an empty cell. Text stands without its quotes.
std::string default_of(const Field& field, const About& about) {
  if (!about.standard.empty()) return std::string(about.standard);
  std::string text = field.print();
  if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
    text = text.substr(1, text.size() - 2);
  }
  return text.empty() ? text : fmt::format("`{}`", text);
}

std::string meaning_of(const std::string& path, const About& about) {
  std::string text = about.original ? "* " : "";
  text += about.text;
  text += sentences_about(path);
  if (!about.environment.empty()) text += fmt::format(" Environment: `{}`.", about.environment);
  if (about.followed) text += " Followed while running.";
  return text;
}

std::string_view section_of(std::string_view path) {
  const auto dot = path.find('.');
  return dot == std::string_view::npos ? std::string_view("Top level") : path.substr(0, dot);
}

}  // namespace

std::string reference() {
  Settings settings;
  const Keys keys(settings);
  std::string text;
  std::string section;
  keys.root().visit([&](const std::string& path, const Field& field, const About& about) {
    if (section != section_of(path)) {
      section = section_of(path);
      text += fmt::format(
          "{}### {}\n\n| key | default | type and bounds | meaning |\n|---|---|---|---|\n",
          text.empty() ? "" : "\n", section);
    }
    const auto standard = default_of(field, about);
    text += fmt::format("| `{}` |{} | {} | {} |\n", path, standard.empty() ? "" : " " + standard,
                        about.form.empty() ? field.allowed : std::string(about.form),
                        meaning_of(path, about));
  });
  return text;
}

}  // namespace gateway::config

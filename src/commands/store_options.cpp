#include "commands/store_options.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gateway::commands {

using egress::StoreKind;

void StoreOptions::add_to(Command& command) {
  const auto add = [&](Option option) { command.options.push_back(std::move(option)); };
  add({.name = "--dead-letters",
       .value = &dead_letters_,
       .help = "The events the eventbus refused for good"});
  add({.name = "--spool", .value = &spool_, .help = "The events that wait for the eventbus"});
  add({.name = "--since",
       .value = &text_.since,
       .help = "Stored at or after this time: RFC 3339, a date, or how long ago (90s, 2h, 7d)",
       .shown = "TIME"});
  add({.name = "--until",
       .value = &text_.until,
       .help = "Stored before this time, written likewise",
       .shown = "TIME"});
  add({.name = "--bucket",
       .value = &text_.bucket,
       .help = "Of this bucket",
       .shown = "NAME-APPID"});
  add({.name = "--prefix",
       .value = &text_.prefix,
       .help = "Of objects whose keys begin so",
       .shown = "KEY"});
  add({.name = "--reason",
       .value = &text_.reason,
       .help = "Dead letters of this reason",
       .shown = "REASON"});
  add({.name = "--limit",
       .value = &limit_,
       .help = "At most this number of events",
       .range = {{1, 1e15}}});
}

std::optional<egress::StoreFilter> StoreOptions::filter() const {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto filter = egress::parse_filter(text_, now);
  if (!filter) {
    fmt::print(stderr, "error: {}\n", filter.error());
    return std::nullopt;
  }
  return std::move(*filter);
}

const std::string& path_of(const config::Settings& settings, StoreKind kind) noexcept {
  return kind == StoreKind::spool ? settings.spool.path : settings.dead_letter.path;
}

const char* key_of(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? "spool.path" : "dead_letter.path";
}

std::unique_ptr<egress::EventStore> open_store(const std::string& path, StoreKind kind) {
  if (std::error_code error; !std::filesystem::exists(path, error)) {
    fmt::print(stderr, "error: {}: {}\n", path, error ? error.message() : "there is no such file");
    return nullptr;
  }
  auto store = egress::EventStore::open_for_tools(path, kind);
  if (!store) {
    fmt::print(stderr, "error: {}\n", store.error().text());
    return nullptr;
  }
  return std::move(*store);
}

}  // namespace gateway::commands

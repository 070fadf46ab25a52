#include "commands/store_options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gateway::commands {

using egress::StoreKind;

void StoreOptions::add_to(CLI::App& app) {
  app.add_flag("--dead-letters", dead_letters_, "The events the eventbus refused for good");
  app.add_flag("--spool", spool_, "The events that wait for the eventbus");
  app.add_option("--since", text_.since,
                 "Stored at or after this time: RFC 3339, a date, or how long ago (90s, 2h, 7d)")
      ->type_name("TIME");
  app.add_option("--until", text_.until, "Stored before this time, written likewise")
      ->type_name("TIME");
  app.add_option("--bucket", text_.bucket, "Of this bucket")->type_name("NAME-APPID");
  app.add_option("--prefix", text_.prefix, "Of objects whose keys begin so")->type_name("KEY");
  app.add_option("--reason", text_.reason, "Dead letters of this reason")->type_name("REASON");
  app.add_option("--limit", limit_, "So many events at most")->check(CLI::PositiveNumber);
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

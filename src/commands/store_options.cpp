#include "commands/store_options.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "events/terminal_text.hpp"
#include "gateway/egress/store/store_places.hpp"

namespace gateway::commands {

using egress::StoreKind;

void StoreOptions::add_to(Command& command) {
  command.add("--dead-letters", &dead_letters_, "The events the eventbus refused for good");
  command.add("--spool", &spool_, "The events that wait for the eventbus");
  command.add("--since", &text_.since,
              "Stored at or after this time: RFC 3339, a date, or how long ago (90s, 2h, 7d)",
              {.shown = "TIME"});
  command.add("--until", &text_.until, "Stored before this time, written likewise",
              {.shown = "TIME"});
  command.add("--bucket", &text_.bucket, "Of this bucket", {.shown = "NAME-APPID"});
  command.add("--prefix", &text_.prefix, "Of objects whose keys begin so", {.shown = "KEY"});
  command.add("--reason", &text_.reason, "Dead letters of this reason", {.shown = "REASON"});
  command.add("--target", &text_.target,
              "For this target, as `inspect` shows it; `-` for the top-level one",
              {.shown = "URL"});
  command.add("--limit", &limit_, "At most this number of events", {.range = {{1, 1e15}}});
}

void StoreOptions::add_damaged_to(Command& command) {
  command.add("--damaged", &damaged_, "Only rows that cannot be read");
}

std::optional<egress::StoreFilter> StoreOptions::filter() const {
  const auto now =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  auto filter = egress::parse_filter(text_, now);
  if (!filter) {
    print_error("error: {}\n", filter.error());
    return std::nullopt;
  }
  filter->damaged_only = damaged_;
  return std::move(*filter);
}

void StorePlaces::add_to(Command& command) {
  configuration_.add_to(command);
  command.add("--file", &file_, "The store at this path, without any configuration",
              {.shown = "FILE", .needs = "--kind"});
  command.add("--kind", &kind_, "What FILE is: spool or dead-letters",
              {.choices = {"spool", "dead-letters"}, .needs = "--file"});
}

std::vector<StorePlace> StorePlaces::find(const StoreOptions& options, int& exit_code) const {
  if (!file_.empty()) {
    return {{kind_ == "spool" ? StoreKind::spool : StoreKind::dead_letters, file_}};
  }
  const auto settings = configuration_.load();
  if (!settings) {
    exit_code = kConfiguration;
    return {};
  }
  const bool any = options.spool() || options.dead_letters();
  std::vector<StorePlace> found;
  const auto add = [&](StoreKind kind, bool asked) {
    const std::string& path = path_of(*settings, kind);
    if (path.empty() && asked) {
      print_error("error: {} is not set\n", key_of(kind));
      exit_code = kConfiguration;
    } else if (!path.empty() && (asked || !any)) {
      found.push_back({kind, path, true});
    }
  };
  add(StoreKind::spool, options.spool());
  add(StoreKind::dead_letters, options.dead_letters());
  if (found.empty() && exit_code == kDone) {
    print_error("error: neither spool.path nor dead_letter.path is set\n");
    exit_code = kConfiguration;
  }
  return found;
}

const std::string& path_of(const config::Settings& settings, StoreKind kind) noexcept {
  return kind == StoreKind::spool ? settings.spool.path : settings.dead_letter.path;
}

const char* key_of(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? "spool.path" : "dead_letter.path";
}

std::unique_ptr<egress::EventStore> open_store(const StorePlace& place,
                                               egress::EventStore::Access access) {
  const std::string& path = place.path;
  if (!succeeded(egress::EventStore::check_path(path))) return nullptr;
  std::error_code error;
  const bool has_folder =
      std::filesystem::is_directory(std::filesystem::absolute(path, error).parent_path(), error);
  if (!egress::EventStore::exists(path) && !(place.configured && has_folder)) {
    print_error("error: {}: there is no store\n", path);
    return nullptr;
  }
  auto store = egress::EventStore::open_for_tools(path, place.kind, access);
  if (!succeeded(store)) return nullptr;
  for (const auto& [file, reason] : (*store)->unreadable_files()) {
    print_error("warning: {}: {}\n", events::terminal_text(file), reason);
  }
  return std::move(*store);
}

}  // namespace gateway::commands

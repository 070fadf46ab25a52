#include "commands/inspect.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/store_options.hpp"
#include "gateway/egress/store/row_text.hpp"
#include "gateway/egress/store/store_summary.hpp"

namespace gateway::commands {
namespace {

using egress::StoreKind;

struct Options {
  ConfigurationOptions configuration;
  StoreOptions store;
  std::string file;
  std::string kind;
  bool list = false;
  bool json = false;
  std::optional<egress::Sequence> show;
};

struct Place {
  StoreKind kind = StoreKind::spool;
  std::string path;
};

void print_line(const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

// False: `place` has no such row, or it is damaged.
bool show(egress::EventStore& store, const Place& place, egress::Sequence seq) {
  constexpr std::size_t kNoBound = std::size_t{1} << 40;  // it is one row
  const auto chunk = store.read_rows(std::array{seq}, kNoBound);
  if (!chunk) {
    fmt::print(stderr, "error: {}\n", chunk.error().text());
    return false;
  }
  if (!chunk->damaged.empty()) {
    fmt::print(stderr, "error: {}: row {} is damaged\n", place.path, seq);
    return false;
  }
  if (chunk->rows.empty()) {
    fmt::print(stderr, "error: {}: there is no row {}\n", place.path, seq);
    return false;
  }
  print_line(fmt::format("{:<10}{}\n{}", "store", egress::name_of(place.kind),
                         egress::whole_row(chunk->rows.front())));
  return true;
}

bool walk_rows(const Options& options, egress::EventStore& store, const Place& place,
               const egress::StoreFilter& filter, bool heading) {
  egress::RowWalk walk(store, filter, options.store.limit());
  egress::StoreSummary summary;
  if (heading && !options.json) {
    fmt::print("{} {}\n", egress::name_of(place.kind), egress::printable(place.path));
  }
  const auto walked = egress::for_each_row(walk, [&](const egress::StoredRow& row) {
    if (options.json) {
      print_line(egress::export_line(row, place.kind));
    } else if (options.list) {
      print_line(egress::list_line(row));
    } else {
      summary.add(row);
    }
  });
  summary.set_damaged(walk.damaged());
  if (!walked) {
    fmt::print(stderr, "error: {}\n", walked.error().text());
    return false;
  }
  if (options.json || options.list) {
    if (walk.damaged() != 0) {
      fmt::print(stderr, "warning: {}: damaged rows left out: {}\n", place.path, walk.damaged());
    }
  } else {
    fmt::print("{}", summary.text(place.kind));
  }
  return true;
}

// What the command line and the configuration ask for; empty with an exit code if nothing.
std::vector<Place> places(const Options& options, int& exit_code) {
  if (!options.file.empty()) {
    const auto kind = options.kind == "spool" ? StoreKind::spool : StoreKind::dead_letters;
    return {{kind, options.file}};
  }
  const auto settings = options.configuration.load();
  if (!settings) {
    exit_code = kConfiguration;
    return {};
  }
  const bool any = options.store.spool() || options.store.dead_letters();
  std::vector<Place> found;
  const auto add = [&](StoreKind kind, bool asked) {
    const std::string& path = path_of(*settings, kind);
    if (path.empty() && asked) {
      fmt::print(stderr, "error: {} is not set\n", key_of(kind));
      exit_code = kConfiguration;
    } else if (!path.empty() && (asked || !any)) {
      found.push_back({kind, path});
    }
  };
  add(StoreKind::spool, options.store.spool());
  add(StoreKind::dead_letters, options.store.dead_letters());
  if (found.empty() && exit_code == kDone) {
    fmt::print(stderr, "error: neither spool.path nor dead_letter.path is set\n");
    exit_code = kConfiguration;
  }
  return found;
}

int inspect(const Options& options) {
  if (options.file.empty() != options.kind.empty()) {
    fmt::print(stderr, "error: --file and --kind go together\n");
    return kUsage;
  }
  const auto filter = options.store.filter();
  if (!filter) return kUsage;
  int exit_code = kDone;
  const auto found = places(options, exit_code);
  if (options.show && found.size() > 1) {
    fmt::print(stderr, "error: both stores have numbers: say --dead-letters or --spool\n");
    return kUsage;
  }
  for (const Place& place : found) {
    const auto store = open_store(place.path, place.kind);
    const bool good = store && (options.show ? show(*store, place, *options.show)
                                             : walk_rows(options, *store, place, *filter,
                                                         !options.list || found.size() > 1));
    if (!good) exit_code = kUnavailable;
  }
  return exit_code;
}

}  // namespace

Command inspect_command() {
  auto options = std::make_shared<Options>();
  Command command{.name = "inspect",
                  .summary = "Show what there is in spool and dead letters; change nothing",
                  .run = [options] { return inspect(*options); }};
  options->configuration.add_to(command);
  options->store.add_to(command);
  const auto add = [&](Option option) { command.options.push_back(std::move(option)); };
  add({.name = "--file",
       .value = &options->file,
       .help = "Look into this file, without any configuration",
       .shown = "FILE",
       .existing_file = true});
  add({.name = "--kind",
       .value = &options->kind,
       .help = "What FILE is: spool or dead-letters",
       .choices = {"spool", "dead-letters"}});
  add({.name = "--list",
       .value = &options->list,
       .help = "Instead of a summary, one line a row: number, time, id, bucket, key, "
               "reason/status, attempts, replayed",
       .excludes = {"--show", "--json"}});
  add({.name = "--show",
       .value = &options->show,
       .help = "Instead of a summary, the whole row of this number",
       .shown = "SEQ",
       .excludes = {"--json"}});
  add({.name = "--json",
       .value = &options->json,
       .help = "Instead of a summary, JSON lines: the CloudEvents, with what else is known in "
               "`storedrow`"});
  return command;
}

}  // namespace gateway::commands

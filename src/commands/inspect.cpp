#include "commands/commands.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/store_options.hpp"
#include "events/terminal_text.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/egress/rows/store_summary.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

struct InspectOptions {
  StorePlaces places;
  StoreOptions store;
  bool list = false;
  bool json = false;
  std::optional<egress::Sequence> show;
};

// Prints a line. Returns false if it could not be written, which main() reports.
bool print_line(const std::string& line) {
  return std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
         std::fputc('\n', stdout) != EOF;
}

// Prints one row. Returns false if `place` has no such row, or it is damaged.
bool show(egress::EventStore& store, const StorePlace& place, egress::Sequence seq) {
  constexpr std::size_t kNoBound = std::size_t{1} << 40;  // it is one row
  const auto chunk = store.read(seq - 1, 1, kNoBound);
  if (!succeeded(chunk)) return false;
  if (chunk->damaged == std::vector{seq}) {
    print_error("error: {}: row {} is damaged\n", place.path, seq);
    return false;
  }
  if (chunk->rows.empty() || chunk->rows.front().seq != seq) {
    print_error("error: {}: there is no row {}\n", place.path, seq);
    return false;
  }
  return print_line(fmt::format("{:<10}{}\n{}", "store", egress::name_of(place.kind),
                                egress::whole_row(chunk->rows.front())));
}

bool walk_rows(const InspectOptions& options, egress::EventStore& store, const StorePlace& place,
               const egress::StoreFilter& filter, bool heading) {
  egress::RowWalk walk(store, filter, options.store.limit());
  egress::StoreSummary summary;
  if (heading && !options.json) {
    fmt::print("{} {}\n", egress::name_of(place.kind), events::terminal_text(place.path));
  }
  while (!walk.at_end()) {
    if (!succeeded(walk.read_on())) return false;
    const bool written = walk.take_in_order(
        [&](const egress::StoredRow& row) {
          if (options.json) return print_line(egress::export_line(row, place.kind));
          if (options.list) return print_line(egress::list_line(row));
          summary.add(row);
          return true;
        },
        [&](egress::Sequence seq) {
          return !options.list || print_line(egress::damaged_line(seq));
        });
    if (!written) return false;
  }
  summary.set_damaged(walk.damaged());
  if (options.json || options.list) {
    if (walk.damaged() != 0) {
      print_error("warning: {}: damaged rows: {}\n", place.path, walk.damaged());
    }
  } else {
    fmt::print("{}", summary.text(place.kind));
  }
  return true;
}

int inspect(const InspectOptions& options) {
  const auto filter = options.store.filter();
  if (!filter) return kUsage;
  int exit_code = kDone;
  const auto found = options.places.find(options.store, exit_code);
  if (options.show && found.size() > 1) {
    print_error("error: both stores have numbers: say --dead-letters or --spool\n");
    return kUsage;
  }
  for (const StorePlace& place : found) {
    const auto store = open_store(place, egress::EventStore::Access::read);
    const bool good = store && (options.show ? show(*store, place, *options.show)
                                             : walk_rows(options, *store, place, *filter,
                                                         !options.list || found.size() > 1));
    if (!good) exit_code = kUnavailable;
  }
  return exit_code;
}

}  // namespace

Command inspect_command() {
  auto options = std::make_shared<InspectOptions>();
  Command command{.name = "inspect",
                  .summary = "Show what there is in spool and dead letters; change nothing",
                  .run = [options] { return inspect(*options); }};
  options->places.add_to(command);
  options->store.add_to(command);
  options->store.add_damaged_to(command);
  command.add("--list", &options->list,
              "Instead of a summary, one line a row: number, time, id, bucket, key, "
              "reason/status, attempts, replayed, and the target if it is not the top-level one",
              {.excludes = {"--show", "--json"}});
  command.add("--show", &options->show, "Instead of a summary, the whole row of this number",
              {.shown = "SEQ", .excludes = {"--json"}});
  command.add("--json", &options->json,
              "Instead of a summary, JSON lines: the CloudEvents, with what else is known in "
              "`storedrow`");
  return command;
}

}  // namespace gateway::commands

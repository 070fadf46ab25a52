#include "commands/replay.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <utility>

#include "commands/configuration.hpp"
#include "commands/store_options.hpp"
#include "events/terminal_text.hpp"
#include "gateway/egress/store/row_text.hpp"
#include "gateway/egress/store/store_summary.hpp"
#include "gateway/replay/replay_console.hpp"
#include "gateway/replay/replay_text.hpp"
#include "gateway/replay/replayer.hpp"
#include "runtime/log.hpp"

namespace gateway::commands {
namespace {

using egress::StoreKind;

struct Options {
  ConfigurationOptions configuration;
  StoreOptions store;
  double rate = 0;
  bool dry_run = false;
  bool again = false;
  bool json = false;
};

int list(egress::EventStore& store, StoreKind kind, egress::StoreFilter filter,
         const Options& options) {
  egress::RowWalk walk(store, std::move(filter), options.store.limit());
  egress::StoreSummary summary;
  const auto walked = egress::for_each_row(walk, [&](const egress::StoredRow& row) {
    fmt::print("{}\n", options.json ? events::terminal_json(egress::export_line(row, kind))
                                    : egress::list_line(row));
    summary.add(row);
  });
  summary.set_damaged(walk.damaged());
  std::fflush(stdout);
  if (!walked) {
    fmt::print(stderr, "error: {}\n", walked.error().text());
    return kUnavailable;
  }
  if (!options.json) fmt::print("Would be sent:\n{}", summary.text(kind));
  return kDone;
}

int send(const config::Settings& settings, egress::EventStore& store, StoreKind kind,
         replay::ReplayOptions options, bool json) {
  options.on_signals = true;
  log::start(settings.debug ? log::Level::debug : log::Level::warn);
  replay::ReplayConsole console;
  replay::Replayer replayer(settings, store, kind, std::move(options),
                            [&](const replay::ReplayProgress& progress, Instant now) {
                              if (!json) console.progress(progress, now);
                            });
  const replay::ReplayResult result = replayer.run();
  log::stop();
  console.print(json ? replay::result_json(result) : replay::result_text(result, kind));
  return result.all_delivered() ? kDone : kUnavailable;
}

// A gateway that runs on the spool sends its events by itself, and would send these a second time.
bool own_spool(egress::EventStore& store) {
  const auto owned = store.try_own();
  if (owned) return true;
  fmt::print(stderr, "error: {}\n", owned.error().text());
  if (owned.error().kind() == egress::StoreError::Kind::in_use) {
    fmt::print(stderr, "The gateway that runs on this spool replays it by itself.\n");
  }
  return false;
}

int replay_store(const Options& options) {
  if (options.store.dead_letters() == options.store.spool()) {
    fmt::print(stderr, "error: one of --dead-letters and --spool is needed\n");
    return kUsage;
  }
  const auto kind = options.store.spool() ? StoreKind::spool : StoreKind::dead_letters;
  if (kind == StoreKind::spool && (options.store.by_reason() || options.again)) {
    fmt::print(stderr, "error: --reason and --again are for dead letters\n");
    return kUsage;
  }
  auto filter = options.store.filter();
  if (!filter) return kUsage;
  filter->not_replayed = kind == StoreKind::dead_letters && !options.again;

  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  const std::string& path = path_of(*settings, kind);
  if (path.empty()) {
    fmt::print(stderr, "error: {} is not set\n", key_of(kind));
    return kConfiguration;
  }

  const auto store = open_store(path, kind);
  if (!store) return kUnavailable;
  if (options.dry_run) return list(*store, kind, std::move(*filter), options);
  if (kind == StoreKind::spool && !own_spool(*store)) return kUnavailable;
  replay::ReplayOptions replay;
  replay.filter = std::move(*filter);
  replay.limit = options.store.limit();
  replay.rate = options.rate;
  return send(*settings, *store, kind, std::move(replay), options.json);
}

}  // namespace

Command replay_command() {
  auto options = std::make_shared<Options>();
  Command command{.name = "replay",
                  .summary = "Send dead letters or a spool's events again",
                  .run = [options] { return replay_store(*options); }};
  options->configuration.add_to(command);
  options->store.add_to(command);
  const auto add = [&](Option option) { command.options.push_back(std::move(option)); };
  add({.name = "--rate",
       .value = &options->rate,
       .help = "Events a second at most",
       .range = {{0.001, 1e6}}});
  add({.name = "--dry-run",
       .value = &options->dry_run,
       .help = "List and count what would be sent"});
  add({.name = "--json",
       .value = &options->json,
       .help = "The result as one JSON object; with --dry-run one an event, a line each"});
  add({.name = "--again",
       .value = &options->again,
       .help = "Also dead letters that have been replayed"});
  return command;
}

}  // namespace gateway::commands

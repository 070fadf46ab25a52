#include "commands/commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "commands/configuration.hpp"
#include "commands/store_options.hpp"
#include "events/terminal_text.hpp"
#include "gateway/config/targets.hpp"
#include "gateway/egress/destinations.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/egress/rows/store_summary.hpp"
#include "gateway/replay/replay_console.hpp"
#include "gateway/replay/replay_text.hpp"
#include "gateway/replay/replayer.hpp"
#include "runtime/log.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

using egress::StoreKind;

struct ReplayOptions {
  ConfigurationOptions configuration;
  StoreOptions store;
  std::string to;
  double rate = 0;
  bool dry_run = false;
  bool again = false;
  bool json = false;
};

int list(egress::EventStore& store, StoreKind kind, egress::StoreFilter filter,
         const ReplayOptions& options) {
  egress::RowWalk walk(store, std::move(filter), options.store.limit());
  egress::StoreSummary summary;
  const auto walked = egress::for_each_row(walk, [&](const egress::StoredRow& row) {
    fmt::print("{}\n", options.json ? events::terminal_json(egress::export_line(row, kind))
                                    : egress::list_line(row));
    summary.add(row);
  });
  summary.set_damaged(walk.damaged());
  std::fflush(stdout);
  if (!succeeded(walked)) return kUnavailable;
  if (!options.json) fmt::print("Would be sent:\n{}", summary.text(kind));
  return kDone;
}

// The rows that are sent to one target.
struct Part {
  config::Endpoint endpoint;
  std::vector<std::string> names;  // of the target in the store; empty: of any target
};

// Returns which rows are sent to which target: all to --to, or each row to its own target. Returns
// nothing and prints why on stderr if there is no such target.
std::vector<Part> parts_of(const ReplayOptions& options, const egress::StoreFilter& filter,
                           const std::vector<config::Endpoint>& endpoints) {
  const egress::TargetNames targets = egress::target_names(endpoints);
  std::vector<Part> parts;
  for (std::size_t target = 0; target < endpoints.size(); ++target) {
    if (!options.to.empty()) {
      const bool asked = options.to == "-" ? target == 0 : targets.is_of(options.to, target);
      if (asked) parts.push_back({endpoints[target], {}});
      continue;
    }
    const auto asked = [&](const std::string& name) { return targets.is_of(name, target); };
    if (filter.targets.empty() || std::ranges::any_of(filter.targets, asked)) {
      parts.push_back({endpoints[target], targets.names(target)});
    }
  }
  if (!parts.empty()) return parts;
  print_error("error: {} is no target of the configuration{}; its targets are:\n",
              options.to.empty() ? filter.targets.front() : options.to,
              options.to.empty() ? ", say with --to where its events are to go" : "");
  for (const config::Endpoint& endpoint : endpoints) print_error("  {}\n", endpoint.url());
  return parts;
}

replay::ReplayResult send(const config::Settings& settings, egress::EventStore& store,
                          StoreKind kind, const config::Endpoint& endpoint,
                          replay::ReplayOptions options, bool heading, bool json) {
  options.endpoint = endpoint;
  options.on_signals = true;
  log::start(settings.debug ? log::Level::debug : log::Level::warn);
  replay::ReplayConsole console;
  replay::Replayer replayer(settings, store, kind, std::move(options),
                            [&](const replay::ReplayProgress& progress, Instant now) {
                              if (!json) console.progress(progress, now);
                            });
  replay::ReplayResult result = replayer.run();
  log::stop();
  if (json) return result;
  if (heading) console.print(fmt::format("To {}\n", endpoint.url()));
  console.print(replay::result_text(result, kind));
  return result;
}

// Ends `options` at the last row that their limit allows of those of all parts. Returns false and
// prints why if the store cannot be read.
bool end_at_limit(egress::EventStore& store, replay::ReplayOptions& options) {
  if (options.limit == egress::RowWalk::kNoLimit) return true;
  egress::RowWalk walk(store, options.filter, options.limit);
  options.last = 0;
  return succeeded(
      egress::for_each_row(walk, [&](const egress::StoredRow& row) { options.last = row.seq; }));
}

int send_parts(const config::Settings& settings, egress::EventStore& store, StoreKind kind,
               replay::ReplayOptions options, const std::vector<Part>& parts, bool json) {
  if (parts.size() > 1 && !end_at_limit(store, options)) return kUnavailable;
  replay::ReplayResult total;
  std::vector<replay::TargetResult> results;
  for (const Part& part : parts) {
    if (!part.names.empty()) options.filter.targets = part.names;
    auto result = send(settings, store, kind, part.endpoint, options, parts.size() > 1, json);
    total.add(result);
    results.push_back({part.endpoint.url(), std::move(result)});
    if (results.back().result.end == replay::ReplayResult::End::stopped) break;
  }
  if (results.size() < parts.size()) total.more = true;
  if (json) fmt::print("{}", replay::result_json(total, results));
  return total.all_delivered() ? kDone : kUnavailable;
}

// Prints how many rows are not sent because their targets are not configured. Returns the exit
// code.
int tell_of_unclaimed(egress::EventStore& store, const egress::StoreFilter& filter,
                      const std::vector<config::Endpoint>& endpoints) {
  const egress::TargetNames targets = egress::target_names(endpoints);
  egress::RowWalk walk(store, filter);
  std::map<std::string, std::uint64_t> unclaimed;
  const auto walked = egress::for_each_row(walk, [&](const egress::StoredRow& row) {
    if (!targets.knows(row.event.target)) ++unclaimed[row.event.target];
  });
  for (const auto& [url, rows] : unclaimed) {
    print_error(
        "warning: {} events for {} were left: it is not configured any more; --target {} "
        "--to URL sends them to another\n",
        rows, events::terminal_text(url), events::terminal_text(url));
  }
  return succeeded(walked) && unclaimed.empty() ? kDone : kUnavailable;
}

// Returns whether the spool could be locked; prints why not. A gateway that runs on the spool sends
// its events by itself, so they would be sent twice.
bool own_spool(egress::EventStore& store) {
  if (store.last_seq() == 0) return true;  // there are no files, and none is made
  const auto owned = store.try_own();
  if (succeeded(owned)) return true;
  if (owned.error().kind() == egress::StoreError::Kind::in_use) {
    print_error(
        "The gateway that runs on this spool replays it by itself, but for events whose targets "
        "are not configured any more: stop it to send these to another with --to.\n");
  }
  return false;
}

int replay_store(const ReplayOptions& options) {
  if (options.store.dead_letters() == options.store.spool()) {
    print_error("error: one of --dead-letters and --spool is needed\n");
    return kUsage;
  }
  const auto kind = options.store.spool() ? StoreKind::spool : StoreKind::dead_letters;
  if (kind == StoreKind::spool && (options.store.by_reason() || options.again)) {
    print_error("error: --reason and --again are for dead letters\n");
    return kUsage;
  }
  auto filter = options.store.filter();
  if (!filter) return kUsage;
  filter->not_replayed = kind == StoreKind::dead_letters && !options.again;

  const auto settings = options.configuration.load();
  if (!settings) return kConfiguration;
  const std::string& path = path_of(*settings, kind);
  if (path.empty()) {
    print_error("error: {} is not set\n", key_of(kind));
    return kConfiguration;
  }

  const auto store =
      open_store({kind, path, true}, options.dry_run ? egress::EventStore::Access::read
                                                     : egress::EventStore::Access::mark);
  if (!store) return kUnavailable;
  const auto endpoints = config::Targets(*settings).endpoints();
  const std::vector<Part> parts = parts_of(options, *filter, endpoints);
  if (parts.empty()) return kUsage;
  egress::StoreFilter of_parts = *filter;
  for (const Part& part : parts) {
    of_parts.targets.insert(of_parts.targets.end(), part.names.begin(), part.names.end());
  }
  if (options.dry_run) return list(*store, kind, std::move(of_parts), options);
  if (kind == StoreKind::spool && !own_spool(*store)) return kUnavailable;
  replay::ReplayOptions replay;
  replay.filter = std::move(of_parts);
  replay.limit = options.store.limit();
  replay.rate = options.rate;
  const int sent = send_parts(*settings, *store, kind, std::move(replay), parts, options.json);
  const bool each_to_its_own = options.to.empty() && filter->targets.empty();
  if (sent != kDone || !each_to_its_own) return sent;
  return tell_of_unclaimed(*store, *filter, endpoints);
}

}  // namespace

Command replay_command() {
  auto options = std::make_shared<ReplayOptions>();
  Command command{.name = "replay",
                  .summary = "Send dead letters or a spool's events again",
                  .run = [options] { return replay_store(*options); }};
  options->configuration.add_to(command);
  options->store.add_to(command);
  command.add("--to", &options->to,
              "To this target of the configuration, `-` for the top-level one, instead of each "
              "event to its own",
              {.shown = "URL"});
  command.add("--rate", &options->rate, "Events a second at most", {.range = {{0.001, 1e6}}});
  command.add("--dry-run", &options->dry_run, "List and count what would be sent");
  command.add("--json", &options->json,
              "The result as one JSON object; with --dry-run one an event, a line each");
  command.add("--again", &options->again, "Also dead letters that have been replayed");
  return command;
}

}  // namespace gateway::commands

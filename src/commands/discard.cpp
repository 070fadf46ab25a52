#include "commands/commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands/command.hpp"
#include "commands/store_options.hpp"
#include "events/ascii.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/egress/rows/store_summary.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {
namespace {

struct DiscardOptions {
  StorePlaces places;
  StoreOptions store;
  bool replayed = false;
  bool dry_run = false;
  bool yes = false;
};

// Walks over the rows to discard and calls `use` with the numbers of some rows at a time. Returns
// false if the store could not be read, or `use` returned false.
template <class Use>
bool for_each_chunk(egress::RowWalk& walk, egress::StoreSummary* summary, bool list, Use use) {
  while (!walk.at_end()) {
    if (!succeeded(walk.read_on())) return false;
    std::vector<egress::Sequence> rows;
    const bool all = walk.take_in_order(
        [&](const egress::StoredRow& row) {
          if (list) fmt::print("{}\n", egress::list_line(row));
          if (summary != nullptr) summary->add(row);
          rows.push_back(row.seq);
          return true;
        },
        [&](egress::Sequence seq) {
          if (list) fmt::print("{}\n", egress::damaged_line(seq));
          rows.push_back(seq);
          return true;
        });
    if (!all || !use(rows)) return false;
  }
  if (summary != nullptr) summary->set_damaged(walk.damaged());
  return true;
}

// Asks on the terminal whether so many rows may be discarded.
bool confirmed(std::uint64_t rows) {
  fmt::print("Discard {} rows for good? [y/N] ", rows);
  std::fflush(stdout);
  std::string answer;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    answer += to_lower(static_cast<char>(c));
  }
  return answer == "y" || answer == "yes";
}

bool remove(egress::EventStore& store, const std::vector<egress::Sequence>& rows,
            std::uint64_t& removed) {
  if (rows.empty()) return true;
  const auto done = store.remove(rows);
  if (!succeeded(done)) return false;
  removed += *done;
  return true;
}

int discard(const DiscardOptions& options) {
  if (options.store.dead_letters() == options.store.spool()) {
    print_error("error: one of --dead-letters and --spool is needed\n");
    return kUsage;
  }
  if (options.store.spool() && !options.store.damaged()) {
    print_error(
        "error: events of the spool are still to be delivered; only rows that cannot be "
        "read may be discarded: --damaged\n");
    return kUsage;
  }
  auto filter = options.store.filter();
  if (!filter) return kUsage;
  filter->replayed_only = options.replayed;
  int exit_code = kDone;
  const auto places = options.places.find(options.store, exit_code);
  if (places.empty()) return exit_code;
  const StorePlace& place = places.front();
  const auto store = open_store(
      place, options.dry_run ? egress::EventStore::Access::read : egress::EventStore::Access::mark);
  if (!store) return kUnavailable;

  egress::RowWalk counting(*store, *filter, options.store.limit());
  egress::StoreSummary summary;
  if (!for_each_chunk(counting, &summary, options.dry_run, [](const auto&) { return true; })) {
    return kUnavailable;
  }
  fmt::print("{}:\n{}", options.dry_run ? "Would be discarded" : "To be discarded",
             summary.text(place.kind));
  const std::uint64_t rows = summary.rows() + summary.damaged();
  if (options.dry_run || rows == 0) return kDone;
  if (!options.yes && isatty(STDIN_FILENO) != 1) {
    print_error("error: nothing was discarded: say --yes\n");
    return kUsage;
  }
  if (!options.yes && !confirmed(rows)) {
    fmt::print("nothing was discarded\n");
    return kDone;
  }

  // The rows that were counted; those that came in meanwhile stay.
  egress::RowWalk walk(*store, *filter, options.store.limit(), counting.last());
  std::uint64_t removed = 0;
  const bool all = for_each_chunk(
      walk, nullptr, false, [&](const auto& chunk) { return remove(*store, chunk, removed); });
  const bool synced = succeeded(store->sync_marks());
  // While a gateway runs on the store, the gateway gives the space back.
  if (synced && store->try_own()) static_cast<void>(store->look(true));
  fmt::print("discarded {}\n", removed);
  return all && synced ? kDone : kUnavailable;
}

}  // namespace

Command discard_command() {
  auto options = std::make_shared<DiscardOptions>();
  Command command{.name = "discard",
                  .summary = "Remove dead letters, or rows that cannot be read, for good",
                  .run = [options] { return discard(*options); }};
  options->places.add_to(command);
  options->store.add_to(command);
  options->store.add_damaged_to(command);
  command.add("--replayed", &options->replayed, "Only dead letters that have been replayed");
  command.add("--dry-run", &options->dry_run, "List and count what would be discarded");
  command.add("--yes", &options->yes, "Do not ask");
  return command;
}

}  // namespace gateway::commands

#include "report/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/figures.hpp"

namespace gateway::report {
namespace {

struct Measured {
  std::string_view name;
  double Measures::* of;
  bool more_is_better;
};

constexpr std::array kClosed{
    Measured{"CPU µs/post", &Measures::us_per_post, false},
    Measured{"posts/s", &Measures::posts_per_s, true},
    Measured{"p99 µs", &Measures::p99, false},
    Measured{"peak bytes", &Measures::resident_peak, false},
};
constexpr std::array kOpen{
    Measured{"p50 µs", &Measures::p50, false},
    Measured{"p99 µs", &Measures::p99, false},
};

void add(std::vector<Change>& changes, std::string what, std::string_view measure, double before,
         double now, double noise, bool more_is_better) {
  if (before <= 0 || now <= 0) return;
  Change change{std::move(what), std::string(measure), before, now, now / before - 1, noise, {}};
  if (std::abs(change.share) > noise) {
    change.verdict = (change.share > 0) == more_is_better ? Verdict::better : Verdict::worse;
  }
  changes.push_back(std::move(change));
}

void compare_cells(std::vector<Change>& changes, const Group& group, const Cell& now,
                   const Cell& before, double threshold) {
  const auto look = [&](const Measured& measured) {
    const double noise =
        std::max(threshold, (now.spread(measured.of) + before.spread(measured.of)) / 2);
    add(changes, fmt::format("{}: {}", now.gateway, group.name), measured.name,
        before.median(measured.of), now.median(measured.of), noise, measured.more_is_better);
  };
  if (group.load.open()) {
    for (const Measured& measured : kOpen) look(measured);
  } else {
    for (const Measured& measured : kClosed) look(measured);
  }
}

// The group that held the same place: a load may appear at several rates.
const Group* counterpart(const Results& before, const Results& now, const Group& group,
                         std::string_view gateway) {
  const auto same = [&](const Group& other) {
    return other.name == group.name && other.load.open() == group.load.open() &&
           other.load.like(group.load) && other.of(gateway) != nullptr;
  };
  std::ptrdiff_t place = 0;
  for (const Group& each : now.groups) {
    if (&each == &group) break;
    if (same(each)) ++place;
  }
  for (const Group& each : before.groups) {
    if (same(each) && place-- == 0) return &each;
  }
  return nullptr;
}

}  // namespace

std::vector<Change> compare(const Results& now, const Results& before,
                            const NoiseThreshold& threshold) {
  std::vector<Change> changes;
  for (const Group& group : now.groups) {
    for (const Cell& cell : group.cells) {
      const Group* old = counterpart(before, now, group, cell.gateway);
      if (old == nullptr) continue;
      compare_cells(changes, group, cell, *old->of(cell.gateway), threshold.measured);
    }
  }
  for (const ProgramCount& count : now.instructions) {
    for (const ProgramCount& old : before.instructions) {
      if (old.gateway != count.gateway || old.records_per_post != count.records_per_post ||
          old.connections != count.connections) {
        continue;
      }
      add(changes, fmt::format("{}: {} records a post", count.gateway, count.records_per_post),
          "instructions/post", old.per_post, count.per_post, threshold.counted, false);
    }
  }
  for (const MicroResult& part : now.micro) {
    const auto old = std::ranges::find(before.micro, part.name, &MicroResult::name);
    if (old == before.micro.end()) continue;
    // Another instruction set makes other counts.
    if (now.simdjson == before.simdjson) {
      add(changes, part.name, "instructions/call", old->instructions, part.instructions,
          threshold.counted, false);
    }
    add(changes, part.name, "ns/call", old->nanoseconds, part.nanoseconds, threshold.measured,
        false);
  }
  return changes;
}

Table to_table(const std::vector<Change>& changes, bool all) {
  Table table{"Against the previous run",
              {"what", "measure", "verdict", "before", "now", "change", "noise"},
              3,
              {}};
  constexpr std::array<const char*, 3> kVerdicts{"same", "better", "worse"};
  for (const Change& change : changes) {
    if (!all && change.verdict == Verdict::same) continue;
    table.rows.push_back({change.what, change.measure,
                          kVerdicts[static_cast<std::size_t>(change.verdict)],
                          figure(change.before), figure(change.now), percent(change.share),
                          fmt::format("±{:.1f} %", 100 * change.noise)});
  }
  return table;
}

}  // namespace gateway::report

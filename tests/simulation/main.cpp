// Runs seeded worlds: `simulate --seeds N [--from S] [--jobs J] [--findings F]` until so many
// findings, `simulate --list FILE` those whose seeds begin the lines of a file, or
// `simulate --seed S` one, with what happened in it.
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/personality.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/domain/event_state.hpp"
#include "simulation/shrink.hpp"
#include "simulation/trial.hpp"

namespace {

using namespace gateway::simulation;

struct Options {
  std::uint64_t seeds = 100;
  std::uint64_t from = std::random_device{}();
  std::uint64_t jobs = 1;
  std::uint64_t findings = 10;
  bool one = false;
  std::vector<std::uint64_t> list;  // instead of `seeds` ones from `from` on

  [[nodiscard]] std::uint64_t worlds() const { return list.empty() ? seeds : list.size(); }
  [[nodiscard]] std::uint64_t seed(std::uint64_t world) const {
    return list.empty() ? from + world : list[world];
  }
};

std::vector<std::uint64_t> read_list(const char* path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') {
      seeds.push_back(std::strtoull(line.c_str(), nullptr, 10));
    }
  }
  return seeds;
}

// Returns whether the arguments make sense.
bool read_options(int argc, char** argv, Options& options) {
  if (const char* const jobs = std::getenv("JOBS")) {
    options.jobs = std::max<std::uint64_t>(std::strtoull(jobs, nullptr, 10), 1);
  }
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    if (i + 1 == argc) return false;
    const std::string_view text = argv[i + 1];
    if (name == "--list") {
      options.list = read_list(argv[i + 1]);
      if (options.list.empty()) return false;
      continue;
    }
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, value).ptr != end) return false;
    if (name == "--seeds") {
      options.seeds = value;
    } else if (name == "--from") {
      options.from = value;
    } else if (name == "--jobs") {
      options.jobs = std::max<std::uint64_t>(value, 1);
    } else if (name == "--findings") {
      options.findings = value;
    } else if (name == "--seed") {
      options.one = true;
      options.from = value;
      options.seeds = 1;
    } else {
      return false;
    }
  }
  return true;
}

struct Sums {
  WorldNumbers of;
  std::uint64_t worlds = 0;
  std::uint64_t ended_for_memory = 0;
  std::uint64_t findings = 0;

  void add(const Trial::Result& result) {
    const WorldNumbers& numbers = result.numbers;
    ++worlds;
    ended_for_memory += result.ended_for_memory ? 1 : 0;
    findings += result.finding.empty() ? 0 : 1;
    of.lived += numbers.lived;
    of.posts += numbers.posts;
    of.records += numbers.records;
    of.acknowledged += numbers.acknowledged;
    of.requests += numbers.requests;
    of.restarted += numbers.restarted;
    of.states |= numbers.states;
    for (std::size_t i = 0; i < kFaults; ++i) of.faults[i] += numbers.faults[i];
  }
};

// A finding, how to see it again, and the least that has to happen for it.
void print_finding(std::uint64_t seed, const Trial::Result& found) {
  fmt::print("seed {}: {}\n  to see it again: ./dev simulate --seed {}\n", seed, found.finding,
             seed);
  if (found.numbers.planned == 0) return;  // its process did not come to its end
  const auto without = shrink(seed, found.numbers.planned);
  const Trial::Result least = Trial(seed, without).result();
  fmt::print("  what matters of it ({} of {} things left out): {}\n{}", without.size(),
             found.numbers.planned, least.finding, least.trace);
}

void print_summary(const Sums& sums, std::chrono::duration<double> took) {
  const auto worlds = static_cast<double>(std::max<std::uint64_t>(sums.worlds, 1));
  fmt::print(
      "worlds {}  virtual hours {:.1f}  real seconds {:.1f}  {:.1f} ms a world\n"
      "posts {}  records {}  acknowledged {}  requests {}  restarted parts {}  "
      "ended for memory {}\nfaults:",
      sums.worlds, std::chrono::duration<double, std::ratio<3600>>(sums.of.lived).count(),
      took.count(), 1000 * took.count() / worlds, sums.of.posts, sums.of.records,
      sums.of.acknowledged, sums.of.requests, sums.of.restarted, sums.ended_for_memory);
  for (std::size_t i = 0; i < kFaults; ++i) {
    fmt::print("  {} {}", label(static_cast<Fault>(i)), sums.of.faults[i]);
  }
  fmt::print("\nevents were seen in {} of {} states; not in:", std::popcount(sums.of.states),
             gateway::kEventStates);
  for (std::size_t i = 0; i < gateway::kEventStates; ++i) {
    if ((sums.of.states >> i & 1U) != 0) continue;
    fmt::print(" {}", gateway::label(static_cast<gateway::EventState>(i)));
  }
  fmt::print("\nfindings {}\n", sums.findings);
}

Sums run(const Options& options) {
  struct Running {
    std::uint64_t seed;
    std::unique_ptr<Trial> trial;
  };
  Sums sums;
  std::deque<Running> running;
  for (std::uint64_t begun = 0; sums.findings < options.findings;) {
    for (; begun < options.worlds() && running.size() < options.jobs; ++begun) {
      const std::uint64_t seed = options.seed(begun);
      running.push_back({seed, std::make_unique<Trial>(seed)});
    }
    if (running.empty()) break;
    const Running first = std::move(running.front());
    running.pop_front();
    const Trial::Result result = first.trial->result();
    sums.add(result);
    if (!result.finding.empty()) print_finding(first.seed, result);
    if (options.one) fmt::print("all of it:\n{}", result.trace);
  }
  return sums;
}

// Addresses are part of what happens (posts are sorted by them): the same seed is to see the same
// ones in every process.
void without_random_addresses(char** argv) {
  const int persona = ::personality(0xFFFFFFFF);
  if (persona < 0 || (persona & ADDR_NO_RANDOMIZE) != 0) return;
  if (::personality(static_cast<unsigned>(persona) | ADDR_NO_RANDOMIZE) < 0) return;
  ::execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  without_random_addresses(argv);
  Options options;
  if (!read_options(argc, argv, options)) {
    fmt::print(stderr,
               "simulate [--seeds N] [--from SEED] [--jobs N] [--findings N]\n"
               "simulate --list FILE [--jobs N]\nsimulate --seed SEED\n");
    return 64;
  }
  spdlog::set_level(options.one ? spdlog::level::info : spdlog::level::off);
  fmt::print("seeds from {}\n", options.seed(0));
  const auto begun = std::chrono::steady_clock::now();
  const Sums sums = run(options);
  print_summary(sums, std::chrono::steady_clock::now() - begun);
  return sums.findings == 0 ? 0 : 70;
}

// Runs seeded worlds: `simulate --seeds N [--from S]` or `simulate --seed S` with its trace.
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <random>
#include <string_view>
#include <system_error>

#include "simulation/world.hpp"

namespace {

using gateway::simulation::run_world;
using gateway::simulation::WorldNumbers;
using gateway::simulation::WorldResult;

struct Sums {
  std::uint64_t worlds = 0;
  std::uint64_t findings = 0;
  std::chrono::milliseconds lived{0};
  WorldNumbers of;
  std::uint64_t ended_for_memory = 0;

  void add(const WorldNumbers& result) {
    lived += result.lived;
    of.posts += result.posts;
    of.records += result.records;
    of.acknowledged += result.acknowledged;
    of.requests += result.requests;
    of.oddities += result.oddities;
    of.device_failures += result.device_failures;
    of.refused_allocations += result.refused_allocations;
    of.part_failures += result.part_failures;
    crashes += result.crashed ? 1 : 0;
  }
  std::uint64_t crashes = 0;
};

void print_trace(const WorldResult& result) {
  for (const auto& line : result.trace) fmt::print("  {}\n", line);
}

// Ends a world whose process had to: refused memory where the library cannot report it. The program
// says so and ends in the same way (commands/run.cpp).
constexpr int kEndedForMemory = 99;
// Of real time; a world takes milliseconds.
constexpr unsigned kMostSeconds = 30;

void print_finding(std::uint64_t seed, std::string_view finding) {
  fmt::print("seed {}: {}\n  to see it again: ./dev simulate --seed {}\n", seed, finding, seed);
}

// Tells the numbers of a result to the process that asked for the world.
void send_numbers(int to, const WorldResult& result) {
  WorldNumbers numbers = result;
  static_cast<void>(!::write(to, &numbers, sizeof numbers));
}

[[noreturn]] void run_here(std::uint64_t seed, int report, bool trace) {
  std::set_terminate([] { _exit(kEndedForMemory); });
  ::alarm(kMostSeconds);
  const WorldResult result = run_world(seed);
  if (!result.finding.empty()) print_finding(seed, result.finding);
  if (trace || !result.finding.empty()) print_trace(result);
  std::fflush(stdout);
  send_numbers(report, result);
  _exit(result.finding.empty() ? 0 : 70);
}

// Runs a world in a process of its own, which a crash or a hang ends.
void run(std::uint64_t seed, Sums& sums, bool trace) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) run_here(seed, ends[1], trace);
  ::close(ends[1]);
  WorldNumbers numbers;
  if (::read(ends[0], &numbers, sizeof numbers) == sizeof numbers) sums.add(numbers);
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ++sums.worlds;
  if (WIFSIGNALED(status)) {
    print_finding(seed, fmt::format("ended by signal {} ({})", WTERMSIG(status),
                                    WTERMSIG(status) == SIGALRM ? "it hangs" : "it crashed"));
    ++sums.findings;
  } else if (WEXITSTATUS(status) == kEndedForMemory) {
    ++sums.ended_for_memory;
  } else if (WEXITSTATUS(status) != 0) {
    ++sums.findings;
  }
}

void print_summary(const Sums& sums, std::chrono::duration<double> took) {
  fmt::print(
      "worlds {}  virtual hours {:.1f}  real seconds {:.1f}  {:.1f} ms a world\n"
      "posts {}  records {}  acknowledged {}  requests {}\n"
      "faults: eventbus {}  device {}  refused allocations {}  crashes {}  restarted parts {}  "
      "ended for memory {}\n"
      "findings {}\n",
      sums.worlds, std::chrono::duration<double, std::ratio<3600>>(sums.lived).count(),
      took.count(), 1000 * took.count() / static_cast<double>(sums.worlds == 0 ? 1 : sums.worlds),
      sums.of.posts, sums.of.records, sums.of.acknowledged, sums.of.requests, sums.of.oddities,
      sums.of.device_failures, sums.of.refused_allocations, sums.crashes, sums.of.part_failures,
      sums.ended_for_memory, sums.findings);
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
  std::uint64_t seeds = 100;
  std::uint64_t from = std::random_device{}();
  bool one = false;
  const auto usage = [] {
    fmt::print(stderr, "simulate [--seeds N] [--from SEED] | --seed SEED\n");
    return 64;
  };
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    std::uint64_t value = 0;
    if (i + 1 == argc) return usage();
    const std::string_view text = argv[i + 1];
    if (std::from_chars(text.data(), text.data() + text.size(), value).ptr !=
        text.data() + text.size()) {
      return usage();
    }
    if (name == "--seeds") {
      seeds = value;
    } else if (name == "--from") {
      from = value;
    } else if (name == "--seed") {
      one = true;
      from = value;
      seeds = 1;
    } else {
      return usage();
    }
  }
  spdlog::set_level(one ? spdlog::level::info : spdlog::level::off);
  fmt::print("seeds from {}\n", from);
  const auto begun = std::chrono::steady_clock::now();
  Sums sums;
  for (std::uint64_t i = 0; i < seeds && sums.findings < 10; ++i) {
    run(from + i, sums, one);
  }
  print_summary(sums, std::chrono::steady_clock::now() - begun);
  return sums.findings == 0 ? 0 : 70;
}

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "soak/scenarios.hpp"
#include "testkit/guarded.hpp"
#include "testkit/schedule.hpp"
#include "testkit/temporary_folder.hpp"

// Runs the built gateway under load against an eventbus that fails, and checks that nothing it
// acknowledged is lost.
namespace {

namespace soak = gateway::soak;
using std::chrono::milliseconds;

constexpr int kGood = 0;
constexpr int kBad = 1;
constexpr int kUsage = 64;
constexpr int kSkipped = 77;

boost::json::object json(const soak::Outcome& outcome) {
  boost::json::object all{{"scenario", outcome.scenario}, {"good", outcome.good()}};
  for (const auto& [name, label, number] : gateway::test::Balance::counts()) {
    all[name] = outcome.balance.*number;
  }
  auto& numbers = all["numbers"].emplace_object();
  for (const auto& [name, value] : outcome.numbers) numbers[name] = value;
  all["attack"] = nullptr;
  if (const auto& it = outcome.attack) {
    all["attack"] = {{"connections", it->connections},
                     {"refused", it->refused},
                     {"cut", it->cut},
                     {"refusal_p99_ms", it->refusal_p99_ms},
                     {"goodput_share", it->goodput_share},
                     {"memory_before_mb", it->memory_before},
                     {"memory_peak_mb", it->memory_peak},
                     {"memory_after_mb", it->memory_after}};
  }
  all["problems"] = boost::json::value_from(outcome.problems);
  return all;
}

void print(const soak::Outcome& outcome) {
  // The outcome of single records is unknown in a scenario that does not follow them.
  fmt::print("{}: {}\n{}", outcome.scenario, outcome.good() ? "good" : "BAD",
             outcome.attack ? std::string() : outcome.balance.table());
  for (const auto& [name, value] : outcome.numbers) fmt::print("  {:<56}{:>12.6g}\n", name, value);
  for (const auto& problem : outcome.balance.problems) fmt::print("  PROBLEM: {}\n", problem);
  for (const auto& problem : outcome.problems) fmt::print("  PROBLEM: {}\n", problem);
  fmt::print("\n");
  std::fflush(stdout);
}

// Prints the lines of --attacks in a table.
void print_attacks(const std::vector<soak::Outcome>& outcomes) {
  fmt::print("{:<20}{:>12}{:>10}{:>10}{:>13}{:>9}  {:>24}  {}\n", "attack", "connections",
             "refused", "cut", "refusal p99", "goodput", "memory before/peak/after", "verdict");
  for (const soak::Outcome& outcome : outcomes) {
    if (!outcome.attack) continue;
    const soak::AttackResult& it = *outcome.attack;
    const std::string p99 =
        it.refusal_p99_ms < 0 ? "-" : fmt::format("{:.2f} ms", it.refusal_p99_ms);
    const std::string share =
        it.goodput_share < 0 ? "-" : fmt::format("{:.0f} %", it.goodput_share * 100);
    fmt::print(
        "{:<20}{:>12}{:>10}{:>10}{:>13}{:>9}  {:>24}  {}\n", outcome.scenario, it.connections,
        it.refused, it.cut, p99, share,
        fmt::format("{:.0f}/{:.0f}/{:.0f} MB", it.memory_before, it.memory_peak, it.memory_after),
        outcome.good() ? "good" : "BAD");
  }
  for (const soak::Outcome& outcome : outcomes) {
    for (const auto& problem : outcome.problems) {
      fmt::print("{}: {}\n", outcome.scenario, problem);
    }
  }
  fmt::print(
      "Refused: told 503, or closed without an answer. Cut: told 408, or closed for its "
      "silence.\nGoodput: of what the same load got before the attack. But for speed: the machine "
      "was busy with other\nthings, and speed was not judged.\n");
}

int run(const std::vector<const soak::Scenario*>& scenarios, soak::Options options, bool as_json) {
  bool good = true;
  boost::json::array results;
  std::vector<soak::Outcome> attacks;
  for (const soak::Scenario* scenario : scenarios) {
    gateway::test::TemporaryFolder directory;
    options.directory = directory.path().string();
    const soak::Outcome outcome = scenario->play(options);
    if (!outcome.good()) {
      good = false;
      directory.keep();
      fmt::print(stderr, "{}: log and stores are kept in {}\n", scenario->name, options.directory);
    }
    if (outcome.attack) attacks.push_back(outcome);
    if (as_json) {
      results.emplace_back(json(outcome));
    } else {
      print(outcome);
    }
  }
  if (as_json) fmt::print("{}\n", boost::json::serialize(results));
  if (!as_json && !attacks.empty()) print_attacks(attacks);
  return good ? kGood : kBad;
}

int soak_main(int argc, char** argv) {
  CLI::App app("Load, faults and kills for cos-gateway; checks that no acknowledged record is lost",
               "cos-soak");
  std::string list = "Scenarios:\n";
  std::vector<std::string> names;
  for (const auto& scenario : soak::scenarios()) {
    list += fmt::format("  {:<20}{}{}{}\n", scenario.name, scenario.what,
                        scenario.needs_spool() ? " (needs --spool)" : "",
                        scenario.only_named() ? " (only if named)" : "");
    names.emplace_back(scenario.name);
  }
  app.footer(list + "\n" + gateway::test::kScheduleHelp);

  soak::Options options;
  options.gateway =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "cos-gateway").string();
  std::vector<std::string> chosen;
  bool attacks = false;
  bool as_json = false;
  double minutes = 5;
  app.add_option("scenario", chosen, "Which to run, one after the other (all)")
      ->check(CLI::IsMember(names));
  auto* time = app.add_option("--minutes", minutes, "For all of them together")
                   ->capture_default_str()
                   ->check(CLI::Range(0.01, 10'000.0));
  auto* kills = app.add_option("--kills", options.kills, "How often the gateway is killed")
                    ->capture_default_str()
                    ->check(CLI::Range(1U, 100'000U));
  app.add_option("--backlog", options.backlog, "Records the outage lasts for")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of payloads, faults and moments")->capture_default_str();
  app.add_option("--gateway", options.gateway, "The program")->check(CLI::ExistingFile);
  app.add_flag("--spool", options.spool, "With spool and dead letters");
  app.add_flag("--short", options.brief, "Three seconds each; speed is not judged");
  app.add_flag("--attacks", attacks, "All attacks, a minute each; prints a table of them");
  app.add_flag("--json", as_json, "Print results as JSON");
  CLI11_PARSE(app, argc, argv);
  // The file that was checked, whatever the working directory is later.
  options.gateway = std::filesystem::absolute(options.gateway).string();

  const auto is_chosen = [&](const soak::Scenario& scenario) {
    if (chosen.empty() && !attacks) return !scenario.only_named();
    return (attacks && scenario.kind == soak::Scenario::Kind::attack) ||
           std::ranges::find(chosen, scenario.name) != chosen.end();
  };
  std::vector<const soak::Scenario*> wanted;
  for (const auto& scenario : soak::scenarios()) {
    if (!is_chosen(scenario)) continue;
    if (scenario.needs_spool() && !options.spool) {
      fmt::print(stderr, "{} needs --spool{}\n", scenario.name, chosen.empty() ? ": left out" : "");
      if (!chosen.empty()) return kUsage;
      continue;
    }
    if (const auto why = scenario.obstacle == nullptr ? std::string() : scenario.obstacle();
        !why.empty()) {
      fmt::print(stderr, "{} is left out: {}\n", scenario.name, why);
      continue;
    }
    wanted.push_back(&scenario);
  }
  if (wanted.empty()) return kSkipped;
  if (options.brief && time->count() == 0) {
    options.time = milliseconds(3000);
    if (kills->count() == 0) options.kills = 5;
  } else if (attacks && time->count() == 0) {
    options.time = milliseconds(60'000);
  } else {
    options.time = milliseconds(
        static_cast<std::int64_t>(minutes * 60'000 / static_cast<double>(wanted.size())));
  }
  options.terminal = ::isatty(STDERR_FILENO) == 1;
  return run(wanted, options, as_json);
}

}  // namespace

int main(int argc, char** argv) {
  return gateway::test::guarded("cos-soak", [&] { return soak_main(argc, argv); });
}

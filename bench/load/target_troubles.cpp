#include "load/target_troubles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace gateway::load {
namespace {

constexpr double kMostRatio = 1.2;

// Returns what a result says of all posts for the healthy target, or for the other one.
const boost::json::object& posts_for(const RunResult& result, const char* target) {
  return result.at("result").at("targets").at(target).as_object();
}

// Returns "120 good, 3 503", all results added up.
std::string outcome_text(std::span<const RunResult> results, const char* target) {
  std::uint64_t good = 0;
  std::map<std::string, std::uint64_t> errors;
  for (const RunResult& result : results) {
    const boost::json::object& posts = posts_for(result, target);
    good += posts.at("posts").to_number<std::uint64_t>();
    for (const auto& error : posts.at("errors").as_object()) {
      errors[error.key()] += error.value().to_number<std::uint64_t>();
    }
  }
  std::string text = fmt::format("{} good", good);
  for (const auto& [what, count] : errors) text += fmt::format(", {} {}", count, what);
  return text;
}

// Prints the line of a trouble, whose results stand beside those without trouble. Returns whether
// the healthy target was left alone.
bool print_row(const char* name, std::span<const RunResult> results,
               std::span<const RunResult> without) {
  const double ratio = median_between(results, without, "/latency_us/p99", std::divides());
  fmt::print("{:<8} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.2f}  {}; other target {}\n", name,
             median(figures(results, "/latency_us/p50")),
             median(figures(results, "/latency_us/p99")),
             median(figures(results, "/latency_us/p999")), ratio, outcome_text(results, "healthy"),
             outcome_text(results, "other"));
  return ratio <= kMostRatio && std::ranges::all_of(results, [](const RunResult& each) {
           return posts_for(each, "healthy").at("errors").as_object().empty();
         });
}

}  // namespace

Scenario two_targets() {
  Scenario scenario;
  scenario.load.rate = 5000;
  scenario.load.arrivals = test::ArrivalSchedule::Kind::poisson;
  scenario.form.bucket = OtherTarget::hint(scenario.payloads.bucket);
  scenario.warmup_s = 4;
  scenario.duration_s = 8;
  scenario.other.rate = 500;
  return scenario;
}

bool compare_troubles(Campaign& campaign, const Scenario& scenario, const GatewaySpec& gateway) {
  std::vector<Contestant> contestants;
  for (const auto& [trouble, name] : kTroubles) {
    Contestant& added = contestants.emplace_back(scenario, gateway);
    added.scenario.name = name;
    added.scenario.other.trouble = trouble;
  }
  const auto results = campaign.take_turns(contestants);
  fmt::print("{:<8} {:>8} {:>8} {:>8} {:>8}  posts\n{:<8} {:>8} {:>8} {:>8} {:>8}\n", "other",
             "p50", "p99", "p99.9", "p99", "target", "us", "us", "us", "ratio");
  bool good = true;
  for (std::size_t i = 0; i < kTroubles.size(); ++i) {
    good = print_row(kTroubles[i].second, results[i], results[0]) && good;
  }
  fmt::print("{}: at most {} times the p99, and every post answered 200\n", good ? "good" : "BAD",
             kMostRatio);
  std::fflush(stdout);
  return good;
}

}  // namespace gateway::load

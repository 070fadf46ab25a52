#pragma once
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "load/measurement.hpp"
#include "testkit/interruption.hpp"

namespace gateway::load {

// Shows progress in a line on standard error that is rewritten in place; shows nothing if that is
// no terminal.
class Progress {
 public:
  ~Progress() { clear(); }

  // Shows that `share` of the whole is done, 0 to 1; `label` names the current step. Throws
  // Interrupted.
  void show(double share, const std::string& label) const {
    if (test::interrupted()) throw Interrupted();
    if (!terminal_) return;
    constexpr std::size_t kWidth = 30;
    const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kWidth);
    fmt::print(stderr, "\r\x1b[K[{:#<{}}{:{}}] {:3.0f} %  {}", "", filled, "", kWidth - filled,
               share * 100, label);
    std::fflush(stderr);
  }
  // Erases the line, so that other output can follow.
  void clear() const {
    if (terminal_) fmt::print(stderr, "\r\x1b[K");
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

struct CampaignSettings {
  std::vector<GatewaySpec> gateways;
  unsigned repetitions = 1;
  std::string command;  // of this program, for the results
};

// One of those that are compared.
struct Contestant {
  Scenario scenario;
  GatewaySpec gateway;
};

// Compares gateways. Problem: the speed of a machine drifts, which would favour the gateway that
// runs in a good minute. Solution: a campaign runs each repetition of a scenario against each
// gateway in turn, so that the drift affects all of them.
class Campaign {
 public:
  explicit Campaign(CampaignSettings settings) : settings_(std::move(settings)) {}

  // Sets the number of calls that follow of run() and take_turns(), for the progress bar.
  void expect(std::size_t calls) { expected_ = calls; }
  // Measures all of them in turn, again and again. Returns the repetitions of each. Throws as
  // measure() does.
  std::vector<std::vector<RunResult>> take_turns(const std::vector<Contestant>& contestants) {
    std::vector<std::vector<RunResult>> results(contestants.size());
    const auto count = static_cast<double>(settings_.repetitions * contestants.size());
    double part = 0;
    for (unsigned repetition = 1; repetition <= settings_.repetitions; ++repetition) {
      for (std::size_t i = 0; i < contestants.size(); ++i) {
        const auto& [scenario, gateway] = contestants[i];
        const std::string label = fmt::format("{} {}", scenario.name, gateway.name);
        results[i].push_back(measure(scenario, gateway, [&](double share) {
          progress_.show((static_cast<double>(done_) + (part + share) / count) /
                             static_cast<double>(expected_),
                         label);
        }));
        auto& run = results[i].back().as_object();
        run["repetition"] = repetition;
        if (!settings_.command.empty()) run["command"] = settings_.command;
        ++part;
      }
    }
    ++done_;
    progress_.clear();
    for (const auto& each : results) std::ranges::copy(each, std::back_inserter(results_));
    return results;
  }
  // Runs the scenario against all gateways, or these, and prints a row for each. Throws as
  // measure() does.
  void run(const Scenario& scenario) { run(scenario, settings_.gateways); }
  void run(const Scenario& scenario, const std::vector<GatewaySpec>& gateways) {
    std::vector<Contestant> contestants;
    contestants.reserve(gateways.size());
    for (const GatewaySpec& gateway : gateways) contestants.emplace_back(scenario, gateway);
    const auto rows = take_turns(contestants);
    if (!head_shown_) fmt::print("{}", table_head());
    head_shown_ = true;
    for (const auto& row : rows) fmt::print("{}", table_row(row));
    for (const auto& row : rows) fmt::print("{}", added_latency(row, rows.front()));
    std::fflush(stdout);
  }

  [[nodiscard]] const CampaignSettings& settings() const noexcept { return settings_; }
  [[nodiscard]] const std::vector<RunResult>& results() const noexcept { return results_; }
  // Returns the median posts per second of a scenario; 0 if it was not run.
  [[nodiscard]] double posts_per_s(const std::string& scenario, const std::string& gateway) const {
    std::vector<double> values;
    for (const RunResult& result : results_) {
      if (name_of(result) == scenario && gateway_of(result) == gateway) {
        values.push_back(figure(result, "/posts_per_s"));
      }
    }
    return median(std::move(values));
  }

 private:
  CampaignSettings settings_;
  Progress progress_;
  std::size_t expected_ = 1;
  std::size_t done_ = 0;
  bool head_shown_ = false;
  std::vector<RunResult> results_;
};

}  // namespace gateway::load

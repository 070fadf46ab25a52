#pragma once
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "testkit/oracle.hpp"

namespace gateway::soak {

struct Options {
  std::string gateway;                     // the program
  std::string directory;                   // for configuration, log and stores; must exist
  std::chrono::milliseconds time{60'000};  // for this scenario
  unsigned kills = 30;
  std::uint64_t backlog = 20'000;  // records, of the outage
  std::uint64_t seed = 1;
  bool spool = false;
  bool brief = false;     // speed is not judged
  bool terminal = false;  // progress is shown

  [[nodiscard]] std::chrono::milliseconds part(double share) const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time * share);
  }
};

// The result of an attack, a line in the table of `cos-soak --attacks`. Memory is the resident
// memory of the gateway, in MB; a figure that was not measured is negative.
struct AttackResult {
  std::uint64_t connections = 0;  // that were made
  std::uint64_t refused = 0;      // told 503, or closed without an answer
  std::uint64_t cut = 0;          // told 408, or closed for being idle
  double refusal_p99_ms = -1;
  double goodput_share = -1;  // of what the same load got before the attack
  double memory_before = 0;
  double memory_peak = 0;
  double memory_after = 0;
};

// The result of a scenario.
class Outcome {
 public:
  explicit Outcome(std::string name) : scenario(std::move(name)) {}

  std::string scenario;
  test::Balance balance;
  std::vector<std::pair<std::string, double>> numbers;
  std::optional<AttackResult> attack;
  std::vector<std::string> problems;  // what broke a promise besides the balance

  [[nodiscard]] bool good() const noexcept { return balance.good() && problems.empty(); }
  template <class Number>
  void number(std::string name, const Number& value) {
    numbers.emplace_back(std::move(name), static_cast<double>(value));
  }
  // Adds a problem, unless there are many.
  template <class... Values>
  void problem(fmt::format_string<Values...> text, Values&&... values) {
    if (problems.size() < kMostProblems) {
      problems.push_back(fmt::format(text, std::forward<Values>(values)...));
    }
  }
  // Adds a problem unless that is how the gateway ended, when it was told to.
  void want_good_end(std::optional<int> code) {
    if (!code) problem("the gateway did not end after SIGTERM");
    if (code && *code != 0) problem("the gateway ended with {}", *code);
  }

 private:
  static constexpr std::size_t kMostProblems = 20;
};

// Returns the seconds that have passed since then.
[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Shows what a counter has counted since this was made, and how fast.
class Growth {
 public:
  explicit Growth(std::function<std::uint64_t()> counter)
      : counter_(std::move(counter)), before_(counter_()) {}

  [[nodiscard]] double count() const { return static_cast<double>(counter_() - before_); }
  [[nodiscard]] double seconds() const { return seconds_since(begin_); }
  [[nodiscard]] double a_second() const { return count() / seconds(); }

 private:
  std::function<std::uint64_t()> counter_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::uint64_t before_;
};

}  // namespace gateway::soak

#pragma once
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::report {

// The results of a benchmark as the reports need them, read from the JSON that cos-bench writes. A
// member that is missing or of another type reads as 0 or empty: older and newer files can be
// shown.

struct Load {
  std::string loop = "closed";
  double connections = 0;
  double depth = 1;             // posts outstanding on each
  double rate = 0;              // of an open loop, posts per second
  std::string records = "1";    // of a post: a number or a distribution
  double records_per_post = 1;  // on average
  bool new_connection_per_post = false;
  bool tls = false;
  bool is_signed = false;
  double sink_latency_us = 0;
  double sink_fail_share = 0;

  [[nodiscard]] bool open() const noexcept { return loop == "open"; }
  // "64 connections, 10 records a post, TLS"; not the rate.
  [[nodiscard]] std::string text() const;
  // Equal but for the rate, which may derive from what was measured before.
  [[nodiscard]] bool like(const Load& other) const { return text() == other.text(); }
};

struct Measures {
  double posts = 0;
  double records = 0;
  double errors = 0;
  double posts_per_s = 0;
  double records_per_s = 0;
  double mb_per_s = 0;
  double p50 = 0;  // µs
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
  double us_per_post = 0;         // of the gateway's CPU
  double waited_us_per_post = 0;  // the gateway was ready to run and had no core
  double us_per_record = 0;
  double user_us_per_record = 0;
  double system_us_per_record = 0;
  double switches_per_post = 0;
  double resident_idle = 0;  // bytes
  double resident_peak = 0;
  double missing = 0;  // records acknowledged that did not arrive
};

struct Run {
  Measures measures;
  std::vector<std::pair<double, double>> histogram;  // upper end in µs, count
  double repetition = 0;
};

// The repetitions of one load on one gateway.
struct Cell {
  std::string gateway;  // with its settings, where they are not the usual ones
  std::string command;
  std::vector<Run> runs;

  [[nodiscard]] double median(double Measures::* measure) const;
  [[nodiscard]] double least(double Measures::* measure) const;
  [[nodiscard]] double most(double Measures::* measure) const;
  // How far the repetitions lie apart, as a share of their median.
  [[nodiscard]] double spread(double Measures::* measure) const;
  // Their counts, added up.
  [[nodiscard]] std::vector<std::pair<double, double>> histogram() const;
};

// One load of one scenario and what each gateway made of it.
struct Group {
  std::string name;
  Load load;
  std::vector<Cell> cells;

  [[nodiscard]] const Cell* of(std::string_view gateway) const noexcept;
};

struct MicroResult {
  std::string name;
  double items = 1;         // records, requests, answers: what one call does over and over
  double instructions = 0;  // of one call, exact; 0: not counted
  double nanoseconds = 0;   // of one call; 0: not timed
};

// Of the whole program, in user space.
struct ProgramCount {
  std::string gateway;
  double records_per_post = 0;
  double connections = 0;
  double per_post = 0;
};

struct Results {
  std::string version;
  std::string cpu;
  double cores = 0;
  std::string kernel;
  std::string at;
  std::vector<std::string> commands;  // that made them
  std::vector<Group> groups;          // in order of first appearance
  std::string simdjson;               // its code that valgrind counted
  std::vector<MicroResult> micro;
  std::vector<ProgramCount> instructions;
};

[[nodiscard]] Results read_results(const boost::json::value& json);

// Every gateway that appears, the product first, then the floor, then the others by name.
[[nodiscard]] std::vector<std::string> gateways(const Results& results);
inline constexpr std::string_view kProduct = "cos-gateway";
inline constexpr std::string_view kFloor = "floor";
inline constexpr std::string_view kDirect = "direct";  // none: the load met the eventbus

// By how much `cell` takes more of `measure` than `base`: the median of the ratios in the same
// repetition, as these ran side by side. 0 if there is nothing to divide.
[[nodiscard]] double ratio(const Cell& cell, const Cell& base, double Measures::* measure);

// Likewise the median of the differences.
[[nodiscard]] double difference(const Cell& cell, const Cell& base, double Measures::* measure);

[[nodiscard]] double median(std::vector<double> values);

}  // namespace gateway::report

#pragma once
#include <array>
#include <cstdint>
#include <utility>

#include "load/gateway_under_test.hpp"
#include "load/measurement.hpp"
#include "testkit/histogram.hpp"
#include "testkit/load.hpp"

namespace gateway::load {

// What ails one of the two targets of a gateway.
enum class Trouble : std::uint8_t {
  none,
  dead,  // it refuses connections
  slow,  // it answers after two seconds
  full   // it takes nothing any more, so that what it may have waiting is soon used up
};
inline constexpr std::array kTroubles = {
    std::pair{Trouble::none, "none"}, std::pair{Trouble::dead, "dead"},
    std::pair{Trouble::slow, "slow"}, std::pair{Trouble::full, "full"}};

// Posts to a gateway with two targets, each with a bucket of its own.
struct TargetLoads {
  double rate = 5000;         // posts a second for the healthy target, an open loop
  double other_rate = 500;    // and for the other one
  unsigned connections = 64;  // of the former
  bool stores = false;        // the gateway has a spool and dead letters
  bool hints = true;          // posts name their bucket in X-Cos-Bucket
  bool pin = false;           // as Scenario::pin
  double warmup_s = 4;        // until the other target's queue is full
  double duration_s = 8;
};

// What became of the posts for each target.
struct TroubleResult {
  test::LoadTotals healthy;
  test::LoadTotals other;
  test::Histogram latencies;  // of posts for the healthy target
};

// Runs both loads while the other target is in trouble. Throws as measure() does.
[[nodiscard]] TroubleResult measure_beside(Trouble trouble, const TargetLoads& loads,
                                           const GatewaySpec& gateway,
                                           const OnProgress& on_progress);

// Measures with each trouble in turn, so many times, and prints what posts for the healthy target
// saw. Returns whether the median of their p99 is at most 1.2 times that without trouble, in turns
// of the same minute, and each of them was answered 2xx. Throws as measure() does.
[[nodiscard]] bool compare_troubles(const TargetLoads& loads, const GatewaySpec& gateway,
                                    unsigned repetitions);

}  // namespace gateway::load

#pragma once
#include <functional>
#include <stdexcept>
#include <string>

#include "load/gateway_under_test.hpp"
#include "load/payload_maker.hpp"
#include "load/prepared_posts.hpp"
#include "load/result.hpp"
#include "load/sink.hpp"
#include "testkit/arrival_schedule.hpp"

namespace gateway::load {

// One run, but for the gateway it is run against.
struct Scenario {
  std::string name = "run";
  PayloadSettings payloads;
  unsigned connections = 64;
  unsigned depth = 1;
  double rate = 0;  // posts per second of an open loop; 0: a closed loop
  test::ArrivalSchedule::Kind arrivals = test::ArrivalSchedule::Kind::constant;
  bool new_connection_per_post = false;
  bool tls = false;
  Signing signing = Signing::none;
  std::string token = "cos-bench";
  std::string path = "/";
  SinkSettings sink;
  GatewaySettings gateway;
  double warmup_s = 0.5;
  double duration_s = 3;
  // The gateway has the second core for itself; load and eventbus share the first.
  bool pin = false;
};

// The user has interrupted the run.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// Called several times a second with the share of the run that is over; may throw Interrupted.
using OnProgress = std::function<void(double)>;

// Starts eventbus and gateway and loads the gateway. Returns what was measured between the end of
// the warm-up and the last answer. Throws Unreachable, or std::runtime_error when something cannot
// be set up.
[[nodiscard]] RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                                const OnProgress& on_progress);

}  // namespace gateway::load

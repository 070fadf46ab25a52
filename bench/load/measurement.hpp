#pragma once
#include <functional>
#include <stdexcept>
#include <string>

#include "load/arrival_schedule.hpp"
#include "load/gateway_under_test.hpp"
#include "load/payload_maker.hpp"
#include "load/prepared_posts.hpp"
#include "load/result.hpp"
#include "load/sink.hpp"
#include "load/unreachable.hpp"

namespace gateway::load {

// All that one run is about; which gateway it is run against comes apart.
struct Scenario {
  std::string name = "run";
  PayloadSettings payloads;
  unsigned connections = 64;
  unsigned depth = 1;
  double rate = 0;  // posts per second of an open loop; 0: a closed loop
  ArrivalSchedule::Kind arrivals = ArrivalSchedule::Kind::constant;
  bool new_connection_per_post = false;
  bool tls = false;
  Signing signing = Signing::none;
  std::string token = "cos-bench";
  std::string path = "/";
  SinkSettings sink;
  GatewaySettings gateway;
  double warmup_s = 0.5;
  double duration_s = 3;
  // The gateway alone on the second core, load and eventbus on the first, where there are two.
  bool pin = false;
};

// The user has had enough.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// Told how much of a run is over, 0 to 1, some times a second; may throw Interrupted.
using OnProgress = std::function<void(double)>;

// Starts eventbus and gateway, loads it, and takes its measure between warm-up and last answer.
// Throws Unreachable, or std::runtime_error when something cannot be set up.
[[nodiscard]] RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                                const OnProgress& on_progress);

}  // namespace gateway::load

#pragma once
#include <functional>
#include <optional>
#include <string>

#include "load/gateway_under_test.hpp"
#include "load/other_target.hpp"
#include "load/payload_maker.hpp"
#include "load/prepared_posts.hpp"
#include "load/progress.hpp"
#include "load/result.hpp"
#include "load/sink.hpp"
#include "testkit/arrival_schedule.hpp"

namespace gateway::load {

// One run, except for the gateway under test.
struct Scenario {
  std::string name = "run";
  PayloadSettings payloads;
  unsigned connections = 64;
  unsigned depth = 1;
  double rate = 0;  // posts per second of an open loop; 0: a closed loop
  test::ArrivalSchedule::Kind arrivals = test::ArrivalSchedule::Kind::constant;
  bool new_connection_per_post = false;
  bool resume = false;              // TLS sessions, on a new connection
  Signing signing = Signing::none;  // hmac also where the form asks for it
  std::string token = "cos-bench";
  std::string path = "/";
  bool hint = false;      // X-Cos-Bucket on each post
  bool only_ask = false;  // GET without a body instead of posts: for connections without events
  SinkSettings sink;
  std::optional<OtherSettings> other;  // of a second target of the gateway
  GatewaySettings gateway;
  double warmup_s = 0.5;
  double duration_s = 3;
  // Gives the gateway the second core alone; load and eventbus share the first.
  bool pin = false;
};

// Called several times per second with the share of the run that is over; may throw Interrupted.
using OnProgress = std::function<void(double)>;

// Starts eventbus and gateway and puts load on the gateway. Returns the measurements between the
// end of the warm-up and the last answer. Throws Unreachable, or std::runtime_error if something
// cannot be set up.
[[nodiscard]] RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                                const OnProgress& on_progress);

}  // namespace gateway::load

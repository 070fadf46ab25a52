#pragma once
#include <functional>
#include <stdexcept>
#include <string>

#include "load/gateway_under_test.hpp"
#include "load/other_target.hpp"
#include "load/prepared_posts.hpp"
#include "load/result.hpp"
#include "load/sink.hpp"
#include "testkit/load.hpp"

namespace gateway::load {

// One run, except for the gateway under test.
struct Scenario {
  std::string name = "run";
  test::PayloadSettings payloads;
  // A closed loop unless it has a rate. The rest is filled in: where the gateway is, whether TLS is
  // spoken, the seed of `payloads`.
  test::LoadSettings load{.connections = 64};
  // Posts are signed by HMAC also where the form of the gateway asks for it. The rest is filled in:
  // host, end of the connection, time.
  PostForm form{.token = "cos-bench"};
  SinkSettings sink;
  OtherSettings other;  // of a second target of the gateway
  GatewaySettings gateway;
  double warmup_s = 0.5;
  double duration_s = 3;
  // Gives the gateway the second core alone; load and eventbus share the first.
  bool pin = false;
};

// Thrown when the user interrupts the run.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("interrupted") {}
};

// Called several times per second with the share of the run that is over; may throw Interrupted.
using OnProgress = std::function<void(double)>;

// Starts eventbus and gateway and puts load on the gateway. Returns the measurements between the
// end of the warm-up and the last answer. Throws Unreachable, or std::runtime_error if something
// cannot be set up.
[[nodiscard]] RunResult measure(const Scenario& scenario, const GatewaySpec& gateway,
                                const OnProgress& on_progress);

}  // namespace gateway::load

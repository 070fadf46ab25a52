#pragma once
#include <chrono>
#include <string>

namespace gateway::demo {

struct DemoOptions {
  std::chrono::seconds duration{10};
  double rate = 50;          // posts per second
  unsigned max_records = 8;  // of one post
  std::string once;          // a payload file: post it once and show what the eventbus receives
  bool outage = false;       // the eventbus dies in the middle and comes back; the gateway spools
};

// Starts a gateway, an eventbus and a load in this process, over real sockets on 127.0.0.1, and
// shows events arriving; SIGINT and SIGTERM end it early. Returns the exit code: 0 if every post
// was answered 200 and no record of them is missing, else 70. Throws if something cannot be
// started.
[[nodiscard]] int run_demo(const DemoOptions& options);

}  // namespace gateway::demo

#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/config/settings.hpp"

// The demonstration, whole in one process or in parts.
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

// The parts, each a process of its own: an eventbus and a poster, around a gateway that somebody
// else runs.

struct EventbusOptions {
  config::HostPort listen{"127.0.0.1", 0};
  std::uint64_t refuse_every = 0;  // answers 422 to every nth request; 0: to none
};

// Takes events and prints some of them, until SIGINT or SIGTERM. Returns the exit code, 0. Throws
// if it cannot listen.
[[nodiscard]] int run_eventbus(const EventbusOptions& options);

struct PostToOptions {
  std::string url;   // http://host:port/path
  double rate = 50;  // posts per second
  unsigned max_records = 8;
  std::optional<std::chrono::seconds> duration;  // none: until SIGINT or SIGTERM
};

// Posts synthetic COS events and says how they are answered. Returns the exit code: 0; 64 for a
// wrong URL; 69 if the host's name is not known or nothing was ever answered.
[[nodiscard]] int run_poster(const PostToOptions& options);

}  // namespace gateway::demo

#pragma once
#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "load/load_generator.hpp"
#include "load/poller.hpp"
#include "load/prepared_posts.hpp"
#include "load/sink.hpp"

namespace gateway::load {

// A load straight onto a sink, or onto another server of this machine, with no gateway between.
class LocalLoad {
 public:
  // `port` 0: the sink's.
  LocalLoad(const SinkSettings& sink, LoadSettings load, std::uint16_t port = 0,
            const PostForm& form = {})
      : sink_(poller_, sink),
        posts_(PayloadSettings(), form),
        load_(poller_, aimed(load, port == 0 ? sink_.port() : port), posts_) {}

  // Connects, posts for that long, and waits for the last answers, `most` in all.
  void play(std::chrono::milliseconds time,
            std::chrono::milliseconds most = std::chrono::seconds(10)) {
    const auto limit = now() + most;
    load_.advance(now());
    while (!load_.connected() && now() < limit) turn(limit);
    const auto start = now();
    load_.start(start);
    while (now() < start + time) turn(start + time);
    load_.stop();
    while (!load_.idle() && now() < limit) turn(limit);
  }

  [[nodiscard]] LoadGenerator& load() noexcept { return load_; }
  [[nodiscard]] Sink& sink() noexcept { return sink_; }

 private:
  static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

  static LoadSettings aimed(LoadSettings settings, std::uint16_t port) {
    settings.target.sin_family = AF_INET;
    settings.target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    settings.target.sin_port = htons(port);
    return settings;
  }

  void turn(std::chrono::steady_clock::time_point until) {
    poller_.turn(std::min({until, load_.next_due(now()), sink_.next_due(now())}));
    load_.advance(now());
    sink_.advance(now());
  }

  Poller poller_;
  Sink sink_;
  PreparedPosts posts_;
  LoadGenerator load_;
};

}  // namespace gateway::load

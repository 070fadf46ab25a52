#pragma once
#include <chrono>
#include <cstdint>

#include "load/prepared_posts.hpp"
#include "load/sink.hpp"
#include "testkit/load.hpp"
#include "testkit/poller.hpp"
#include "testkit/turns.hpp"

namespace gateway::load {

// A load straight onto a sink, or onto another server of this machine, with no gateway between.
class LocalLoad {
 public:
  // `port` 0: the sink's.
  LocalLoad(const SinkSettings& sink, test::LoadSettings load, std::uint16_t port = 0,
            const PostForm& form = {})
      : sink_(poller_, sink),
        posts_(test::PayloadSettings(), form),
        load_(poller_, aimed(load, port == 0 ? sink_.port() : port), posts_) {}

  // Connects, posts for that long, and waits for the last answers, `most` in all.
  void play(std::chrono::milliseconds time,
            std::chrono::milliseconds most = std::chrono::seconds(10)) {
    const auto limit = now() + most;
    load_.advance(now());
    turns_.wait(limit, [this] { return load_.connected(); });
    const auto start = now();
    load_.start(start);
    turns_.play(start + time);
    load_.stop();
    turns_.wait(limit, [this] { return load_.idle(); });
  }

  [[nodiscard]] test::Load& load() noexcept { return load_; }
  [[nodiscard]] Sink& sink() noexcept { return sink_; }

 private:
  static std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

  static test::LoadSettings aimed(test::LoadSettings settings, std::uint16_t port) {
    settings.target = test::address_of("127.0.0.1", port);
    return settings;
  }

  test::Poller poller_;
  Sink sink_;
  PreparedPosts posts_;
  test::Load load_;
  test::Turns turns_{poller_, {&load_, &sink_.bus()}};
};

}  // namespace gateway::load

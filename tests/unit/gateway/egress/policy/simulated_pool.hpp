#pragma once
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <utility>

#include "gateway/egress/policy/connection_pool_size.hpp"
#include "gateway/egress/policy/pipeline_depth.hpp"
#include "support/start.hpp"

// Connections to an eventbus of many kinds, in virtual time.
namespace gateway::egress::simulated {

using test::kStart;

inline constexpr unsigned kMost = 64;

// An eventbus by what it answers in a second over so many connections with so many requests on
// each.
struct Server {
  std::function<double(unsigned connections, unsigned depth)> rate;
  Instant::duration alone;  // how long a request takes that comes alone
};

inline Server serial(double each) {
  return {[each](unsigned connections, unsigned) { return each * connections; },
          std::chrono::milliseconds(30)};
}
inline Server workers(unsigned number, double each) {
  return {[=](unsigned connections, unsigned) { return each * std::min(number, connections); },
          std::chrono::milliseconds(30)};
}
// One that uses the pauses of a connection for others.
inline Server overlapping(double all) {
  return {
      [all](unsigned connections, unsigned) { return all * (1 - std::exp2(-0.5 * connections)); },
      std::chrono::milliseconds(1)};
}
inline Server shared(double all) {
  return {[all](unsigned, unsigned) { return all; }, std::chrono::microseconds(100)};
}
// One core, to which requests that wait behind others of their connection are a burden, as to
// uvicorn.
inline Server burdened_by_depth() {
  return {[](unsigned connections, unsigned depth) {
            const double burden = depth == 1 ? 1 : 1.17;
            return 6000 / burden * (1 - std::exp2(-0.7 * connections * depth));
          },
          std::chrono::milliseconds(1)};
}
// One to which each doubling brings a little, as to gunicorn with workers that end early.
inline Server slowly_rising() {
  return {[](unsigned connections, unsigned) { return 2200 * std::pow(connections, 0.09); },
          std::chrono::milliseconds(3)};
}
// One that handles the requests of a connection one by one, and reads many at once, as Go's.
inline Server better_with_depth() {
  return {[](unsigned connections, unsigned depth) {
            return 23'000 * std::min(1.0, connections / 2.0) * depth / (depth + 0.5);
          },
          std::chrono::microseconds(100)};
}
// A core that is the busier the more connections there are.
inline Server worse_with_connections() {
  return {[](unsigned connections, unsigned) { return 8500 * std::pow(connections, -0.05); },
          std::chrono::microseconds(300)};
}
inline Server distant(double all) {
  return {[all](unsigned connections, unsigned depth) {
            return std::min(all, connections * depth / 0.05);
          },
          std::chrono::milliseconds(50)};
}

inline double best_of(const Server& server) {
  double best = 0;
  for (const unsigned connections : {1U, 4U, 16U, 64U}) {
    for (const unsigned depth : {1U, 8U, 64U}) {
      best = std::max(best, server.rate(connections, depth));
    }
  }
  return best;
}

class Simulation {
 public:
  // `noise`: how far the rate of a tenth of a second is from what the server can do, at most.
  Simulation(Server server, double offered, double noise = 0.03, unsigned seed = 5)
      : server_(std::move(server)), offered_(offered), random_(seed), noise_(1 - noise, 1 + noise) {
    depth_.answered_alone(server_.alone);
  }

  void go(Instant::duration time, bool hindered = false) {
    for (const Instant end = now_ + time; now_ < end; now_ += std::chrono::milliseconds(100)) {
      const double able = rate() * noise_(random_);
      answers_ += std::min(able, offered_) / 10;
      ConnectionPoolSize::Load load;
      load.answers = static_cast<std::uint64_t>(answers_);
      load.saturated = offered_ > able;
      load.hindered = hindered;
      load.deepening = depth_.grows(now_);
      load.alone = depth_.alone();
      // Little's law.
      const unsigned requests = count_.value() * depth_.value();
      if (able > 0) {
        load.answer_time =
            std::max(server_.alone, std::chrono::duration_cast<Instant::duration>(
                                        std::chrono::duration<double>(requests / able)));
      }
      if (load.saturated && able > 0) {
        for (Instant::duration gone{0}; gone < std::chrono::milliseconds(100);
             gone += load.answer_time) {
          depth_.answered_full(depth_.value(), load.answer_time, now_);
        }
      }
      if (count_.observe(load, now_)) ++changes_;
      depth_.be_single(count_.single());
    }
  }
  void unserved(unsigned served) { count_.unserved(served, now_); }
  void offer(double offered) { offered_ = offered; }
  void become(Server server) { server_ = std::move(server); }
  [[nodiscard]] unsigned connections() const { return count_.value(); }
  [[nodiscard]] bool single() const { return count_.single(); }
  [[nodiscard]] double share_of_best() const { return rate() / best_of(server_); }
  [[nodiscard]] unsigned changes() const { return changes_; }

 private:
  [[nodiscard]] double rate() const { return server_.rate(count_.value(), depth_.value()); }

  Server server_;
  double offered_;
  ConnectionPoolSize count_{0, kMost, true};
  PipelineDepth depth_{0};  // that of each connection
  Instant now_ = kStart;
  double answers_ = 0;
  unsigned changes_ = 0;
  std::mt19937 random_;
  std::uniform_real_distribution<double> noise_;
};

}  // namespace gateway::egress::simulated

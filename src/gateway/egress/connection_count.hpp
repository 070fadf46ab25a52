#pragma once
#include <chrono>
#include <cstdint>

#include "gateway/config/settings.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Returns how many connections each of `threads` shards may come to keep.
[[nodiscard]] unsigned most_connections(const config::Settings& settings, unsigned threads);

// How many connections a shard keeps to the eventbus (`delivery.connections`).
//
// A fixed number stays. What the right one is, only the eventbus knows: a server that works through
// a connection's requests one by one is as fast as it has connections, another gains nothing by
// them. So `auto` tries: while events wait and every connection is full, the number is doubled and
// kept if that raises the rate of answers by an eighth, else taken back and not tried again for a
// while, longer each time. What is not needed any more is halved. Pure: told how things stand at
// every tick.
class ConnectionCount {
 public:
  static constexpr unsigned kFirst = 2;

  // `fixed` 0: auto, between kFirst and `most`.
  ConnectionCount(unsigned fixed, unsigned most) noexcept
      : fixed_(fixed != 0), most_(most), value_(fixed != 0 ? fixed : kFirst) {}

  struct Load {
    std::uint64_t answers = 0;         // of the eventbus, since the start
    bool saturated = false;            // events wait, and no connection has room for one
    bool hindered = false;             // something else bounds the rate: what is seen says nothing
    Instant::duration answer_time{0};  // how long an answer takes, of late
  };
  // So many at least, as far as auto may choose.
  void at_least(unsigned connections) noexcept;
  // Returns whether value() has changed.
  bool observe(const Load& load, Instant now) noexcept;

  [[nodiscard]] unsigned value() const noexcept { return value_; }
  // Whether value() is there on trial.
  [[nodiscard]] bool trying() const noexcept { return phase_ != Phase::measuring; }

 private:
  enum class Phase : std::uint8_t { measuring, settling, trying };

  void begin_window(const Load& load, Instant now) noexcept;
  [[nodiscard]] bool shrink_unused(Instant now) noexcept;
  bool judge(double rate, Instant now) noexcept;

  bool fixed_;
  unsigned most_;
  unsigned least_ = kFirst;
  unsigned value_;
  Phase phase_ = Phase::measuring;
  unsigned before_ = 0;  // while settling and trying: what it was
  double rate_before_ = 0;
  Instant settled_at_{};
  Instant window_begin_{};
  std::uint64_t window_answers_ = 0;
  unsigned ticks_ = 0;
  unsigned saturated_ticks_ = 0;
  Instant saturated_at_{};  // was last
  Instant next_try_{};
  std::chrono::seconds hold_{0};
};

}  // namespace gateway::egress

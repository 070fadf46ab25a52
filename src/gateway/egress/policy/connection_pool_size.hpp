#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "gateway/config/settings.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Returns the largest number of connections that each of `threads` shards may keep.
[[nodiscard]] unsigned most_connections(const config::Settings& settings, unsigned threads);

// Decides how many connections a shard keeps to the eventbus (`delivery.connections`).
//
// Only the eventbus knows the right number: a server that works through the requests of a
// connection one by one is as fast as it has connections, and another one gains nothing by more of
// them. So `auto` tries: while events wait and every connection is full, it doubles the number, or
// makes it four times as large where a request takes a second and longer. It keeps the new number
// if the rate of answers rises by an eighth; otherwise it goes back. If the rate then is less than
// during the trial by as much, it tries once more at once, as the machine may have had other work
// meanwhile.
//
// There are servers to which each doubling brings a little, and to which requests that wait on the
// same connection are a burden. So after a doubling that was not kept, it tries a leap: as many
// connections as there may be, with one request at a time on each, which has to be better by a
// sixteenth than the mean of what was before and what is after it. If that is not kept either, it
// waits longer each time before it begins again. If it is, it tries as rarely whether what was
// before is better after all.
//
// Some servers serve so many connections at a time, and leave others open without an answer until
// one of these ends: as those with a process or a thread for each connection. Once that shows, it
// goes back to those that are served, if need be to one, and makes no leap for five minutes.
//
// Where the next answer of every connection takes unusually long, nothing is answered at all. More
// connections are kept then if anything is answered over them.
//
// It halves a number that is no longer needed. A fixed number stays as it is. Pure; told the state
// at every tick.
class ConnectionPoolSize {
 public:
  static constexpr unsigned kFirst = 2;

  // Takes a fixed number, or 0 for `auto`: at most `most`, and kFirst to begin with. `leaps`: it
  // may decide about depth as well.
  ConnectionPoolSize(unsigned fixed, unsigned most, bool leaps) noexcept
      : fixed_(fixed != 0),
        leaps_(leaps),
        most_(most),
        served_(most),
        value_{fixed != 0 ? fixed : kFirst} {}

  struct Load {
    std::uint64_t answers = 0;         // of the eventbus, since the start
    bool saturated = false;            // events wait, and no connection takes one
    bool held_up = false;              // as the next answer of each takes unusually long
    bool hindered = false;             // something else bounds the rate, which then proves nothing
    bool deepening = false;            // pipelines grow, which costs nothing and comes first
    Instant::duration answer_time{0};  // how long an answer took lately
    // How long a request takes that is alone on its connection, at best.
    Instant::duration alone = Instant::duration::max();
  };
  // Raises the lower bound of `auto`, at most to `most` and to what is served.
  void at_least(unsigned connections) noexcept;
  // Returns whether value() has changed.
  bool observe(const Load& load, Instant now) noexcept;

  // Records that the eventbus answers over `served` connections, and over others not at all;
  // value() becomes no more than these.
  void unserved(unsigned served, Instant now) noexcept;

  [[nodiscard]] unsigned value() const noexcept { return value_.connections; }
  // Returns whether connections may have one request in flight only, whatever depth they found.
  [[nodiscard]] bool single() const noexcept { return value_.single; }
  // Returns whether value() is on trial, or was just now.
  [[nodiscard]] bool trying() const noexcept { return phase_ != Phase::measuring; }

 private:
  enum class Phase : std::uint8_t { measuring, settling, trying, returning };
  struct Choice {
    unsigned connections;
    bool single = false;  // one request at a time on each
    bool operator==(const Choice&) const noexcept = default;
  };

  void begin_window(const Load& load, Instant now) noexcept;
  [[nodiscard]] bool shrink_unused(Instant now) noexcept;
  bool judge(double rate, Instant now) noexcept;
  // Returns what to try next; value_ if nothing.
  [[nodiscard]] Choice next(const Load& load, double rate) const noexcept;
  // Waits before the next trial at least so long, and longer each time.
  void hold(std::chrono::seconds least, Instant now) noexcept;
  // Returns how many times the rate of `before_` `tried_` has to bring to be kept.
  [[nodiscard]] double least_gain() const noexcept;
  // Returns whether a trial is under way, so that value() is tried_ and will be before_ again
  // unless the trial succeeds.
  [[nodiscard]] bool on_trial() const noexcept {
    return phase_ == Phase::settling || phase_ == Phase::trying;
  }
  // Returns whether the trial gives up pipelines, or takes them up again.
  [[nodiscard]] bool changes_depth() const noexcept { return tried_.single != before_.single; }

  bool fixed_;
  bool leaps_;
  unsigned most_;
  unsigned least_ = kFirst;
  unsigned served_;  // the most that the eventbus serves, as far as is known
  Instant forgets_served_at_ = Instant::max();
  Choice value_;
  Phase phase_ = Phase::measuring;
  Choice before_ = value_;  // while settling and trying: what it was
  Choice tried_ = value_;   // the last trial
  Choice without_leap_ = value_;
  bool leap_is_next_ = false;
  double rate_before_ = 0;
  // In a trial that was ended, until the next window shows it without.
  std::optional<double> rate_tried_;
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

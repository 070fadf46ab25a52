#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "gateway/egress/policy/rate_suspicion.hpp"
#include "gateway/egress/policy/recent_count.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

// Decides how fast an eventbus is sent to that limits the rate of requests.
//
// Problem: events that obey Retry-After together leave together, and most of them are refused
// again. Limiters differ: some count the requests of a second and then take nothing until it is
// over, some give leave at a steady rate, and some take no two requests closer to each other than
// their rate has it. Solution: a refusal teaches a rate, and requests leave evenly spaced.
//
//   - Refusals with nothing taken between them mean that the eventbus takes nothing for now:
//     everything waits, for Retry-After or for a pause that doubles, and the rate becomes somewhat
//     less than what was taken of late.
//   - A single refusal among requests that are taken means that this request came too early: its
//     event alone waits, and not for Retry-After: others leave in its place, so that this would
//     spare the eventbus nothing. The rate becomes a little less if such refusals are frequent, or
//     if the eventbus is one that ceases to take anything.
//   - The rate grows while requests wait and none is refused: fast while it is far below the rate
//     that was refused last, slowly near it, and the more slowly the more often that rate was
//     confirmed and the longer the wait that the eventbus asks for.
//
// A rate at which nothing was refused for ten minutes is forgotten. Pure.
class Pace {
 public:
  // Returns whether a limit is known.
  [[nodiscard]] bool active() const noexcept { return rate_ != 0; }
  [[nodiscard]] double per_second() const noexcept { return rate_; }

  // Records that the eventbus took `requests` more. To be called at every tick and before each of
  // the following two.
  void taken(std::uint64_t requests, Instant now) noexcept;
  // Records that a request that was staged at `staged` was refused for the rate. `asked`: for how
  // long nothing more is to be sent, 0 if nothing is known of it. Returns whether everything has to
  // wait for so long, rather than this request alone.
  bool refused(Instant staged, Instant::duration asked, Instant now) noexcept;
  // Records an answer that may be due to the rate: a 503 that names no time. Returns whether it is
  // taken for that.
  bool perhaps_refused(Instant staged, Instant now) noexcept;

  // Takes leave for `wanted` requests at most, which are to leave now. Returns for how many there
  // is.
  [[nodiscard]] std::size_t take_leave(std::size_t wanted, Instant now) noexcept;
  // Gives back leave that was not used.
  void return_leave(std::size_t requests) noexcept;
  // Returns when there is leave for the next request; nothing if there is now.
  [[nodiscard]] std::optional<Instant> sends_at(Instant now) const noexcept;

 private:
  // Answers that come together.
  struct Clump {
    Instant begin{};
    std::uint64_t taken = 0;  // taken_ then
    std::uint64_t refused = 0;
  };
  // The answers to requests that were sent at one rate.
  struct Round {
    Instant begin{};
    std::uint64_t taken = 0;
    std::uint64_t refused = 0;
  };
  // Of a rate that is being lowered.
  struct Trial {
    Instant begin{};
    double rate = 0;   // at first; 0: there is none
    double taken = 0;  // a second, at that rate
    double share = 0;  // of refusals, at that rate
  };
  // Refusals with nothing taken between them.
  struct Streak {
    unsigned refusals = 0;
    Instant staged{};     // the first of them
    Instant answered{};   // likewise
    double rate = 0;      // before it
    unsigned pauses = 0;  // that ended with another refusal
  };

  bool refused_again(Instant staged, Instant::duration asked, Instant now) noexcept;
  void learn(Instant now) noexcept;
  // Returns whether a refusal says something about the rate. Of those that come together one does,
  // and as many more as are taken between them: requests that something on the way has held up
  // arrive together and are refused together, however slowly they are sent.
  [[nodiscard]] bool counts(Instant now) noexcept;
  [[nodiscard]] bool takes_nothing(Instant staged, Instant now) const noexcept;
  // Returns whether a lower rate has fewer requests refused, as far as is known. If it has not, the
  // rate is again what it was before it was lowered. `share`: of requests that are refused now.
  [[nodiscard]] bool lowering_helps(double share, Instant now) noexcept;
  // `asked`: as of refused().
  void close(Instant::duration asked, Instant now) noexcept;
  [[nodiscard]] Instant::duration own_pause() const noexcept;
  void pause(Instant::duration time, Instant now) noexcept;
  void judge_round(Instant now) noexcept;
  void lower(double rate, double refused_rate, Instant now) noexcept;
  void grow(Instant now) noexcept;

  RecentCount taken_;
  RateSuspicion suspicion_;
  double rate_ = 0;       // requests a second; 0: no limit is known
  double ceiling_ = 0;    // the rate that was refused last; 0: unknown
  double steady_ = 0;     // seconds that growing from rate_ to ceiling_ takes about
  double unrefused_ = 0;  // seconds for which requests waited since rate_ was lowered
  Instant lowered_at_{};
  Instant resumed_at_{};  // the end of the last pause

  double credit_ = 0;              // requests that may leave
  Instant credited_{};             // until when credit_ was counted
  Instant grown_{};                // until when rate_ was grown
  std::uint64_t sent_ = 0;         // since then
  std::uint64_t grown_taken_ = 0;  // taken_ then

  Clump clump_;
  Round round_;
  double refused_share_ = 0;  // of the last answers
  Streak streak_;
  Trial trial_;
  Instant patient_until_{};           // lowering the rate is known not to help
  Instant::duration trip_{};          // how long a refusal takes
  Instant closed_at_{};               // last
  std::uint64_t taken_at_close_ = 0;  // taken_ then
};

}  // namespace gateway::egress

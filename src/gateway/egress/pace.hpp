#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "runtime/clock.hpp"

namespace gateway::egress {

// How fast an eventbus that bounds its rate (429, or 503 with Retry-After) is sent to.
//
// Obeying Retry-After alone makes all events wait together and leave together, and most of them are
// refused again. So a refusal teaches a pace: a little less than what was taken of late. Requests
// leave at that pace from then on, one after the other. It grows, fast while it is far below the
// one that was refused last, slowly near it, and there it stays for a while, as each refusal costs
// a wait. Without any refusal the bound is forgotten in the end. Pure.
class Pace {
 public:
  // A bound is known.
  [[nodiscard]] bool active() const noexcept { return rate_ != 0; }
  [[nodiscard]] double per_second() const noexcept { return rate_; }

  // At every tick: how many requests the eventbus has taken since the start.
  void observe(std::uint64_t taken, Instant now) noexcept;
  // A request that was staged at `staged` was refused for the rate, when the eventbus had taken
  // `taken` since the start; nothing may leave before `until`.
  void refused(Instant staged, Instant until, std::uint64_t taken, Instant now) noexcept;

  // Returns how many requests may leave now.
  [[nodiscard]] std::size_t allowance(Instant now) noexcept;
  void sent(std::size_t requests) noexcept;
  // When allowance() is no longer 0; nothing if it is not.
  [[nodiscard]] std::optional<Instant> sends_at(Instant now) const noexcept;

 private:
  struct Sample {
    Instant at{};
    std::uint64_t taken = 0;
  };
  struct Taken {
    double requests = 0;
    Instant::duration within{};  // since the first of them
  };
  // Returns what was taken in the last second.
  [[nodiscard]] Taken taken_lately(std::uint64_t taken, Instant now) const noexcept;
  void grow(Instant now) noexcept;

  static constexpr std::size_t kSamples = 32;
  std::array<Sample, kSamples> samples_{};
  std::size_t newest_ = 0;
  double rate_ = 0;       // requests a second; 0: no bound is known
  double ceiling_ = 0;    // the rate that was refused last; 0: none was
  double best_ = 0;       // requests that were taken in a second, of late
  double credit_ = 0;     // requests that may leave
  Instant credited_{};    // until when credit_ was counted
  Instant resumed_at_{};  // the end of the wait that the last refusal asked for
  Instant refused_at_{};
  Instant near_since_{};  // the ceiling
  Instant grown_{};       // until when rate_ was grown
};

}  // namespace gateway::egress

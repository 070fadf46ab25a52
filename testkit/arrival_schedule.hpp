#pragma once
#include <chrono>

#include "testkit/random.hpp"

namespace gateway::test {

// When the posts of an open loop are due, whatever becomes of those before. No clock of its own.
class ArrivalSchedule {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Kind { constant, poisson };

  // The first post is due one interval after `start`. `rate`: posts per second, above 0.
  ArrivalSchedule(Kind kind, double rate, TimePoint start, std::uint64_t seed);

  // Of the post that comes next.
  [[nodiscard]] TimePoint due() const noexcept { return due_; }
  void next();

 private:
  Kind kind_;
  double interval_;  // nanoseconds
  TimePoint start_;
  double offset_ = 0;  // from start, in nanoseconds: sums of rounded intervals would drift
  TimePoint due_;
  Random random_;
};

}  // namespace gateway::test

#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "gateway/observe/observation.hpp"

namespace gateway::observe {

// The health of the gateway as a whole.
enum class Health : std::uint8_t {
  ok,        // events can pass from bucket to eventbus
  degraded,  // events pass, but an operator has to act
  failing,   // no event passes
  stopping,
};
[[nodiscard]] const char* label(Health health) noexcept;

struct Condition {
  Health health = Health::ok;
  // Names the kind of problem: two conditions with one cause are the same problem in other words.
  std::string cause;
  std::string problem;  // one sentence with its remedy; empty when all is well

  [[nodiscard]] bool same_problem(const Condition& other) const noexcept {
    return health == other.health && cause == other.cause;
  }
};

// Judges the gateway once a second. Problem: each part of the process knows its own state, and a
// gateway that fails every single event can look well to each of them. Solution: this class looks
// at what became of posts and events within the last minute, so that three posts a minute are
// enough, and names the worst problem there is. Lives on the control thread; no I/O.
class ConditionMonitor {
 public:
  static constexpr std::chrono::seconds kWindow{60};

  // Returns the condition at `seen.now`. Call with times that do not go back.
  [[nodiscard]] Condition judge(const Observation& seen);

 private:
  struct Gain;
  [[nodiscard]] Gain gain(const Observation& seen);
  // Returns whether no event has been delivered since the eventbus gave no answer, whatever was
  // delivered before that.
  [[nodiscard]] bool is_silent(const Observation& seen, const BusAnswer& last);

  std::deque<Observation> past_;               // oldest first; within kWindow, and the one before
  std::optional<std::uint64_t> silent_after_;  // events delivered when it began to be silent
};

}  // namespace gateway::observe

#pragma once
#include <chrono>
#include <vector>

namespace gateway::load {

// Load and eventbus take turns: the next posts of an open loop wait at most until this many
// descriptors were served.
inline constexpr int kOpenLoopEvents = 16;
// An open loop on a core of its own does not sleep for less than this: a core that has gone to
// sleep takes tens of microseconds to wake up, and waking it would be charged to the latency of the
// gateway.
inline constexpr std::chrono::microseconds kAwake{200};

// Binds this thread to the first core while it lives, if there is another core for the gateway.
class Placement {
 public:
  explicit Placement(bool pin);
  ~Placement();
  Placement(const Placement&) = delete;
  Placement& operator=(const Placement&) = delete;

  [[nodiscard]] bool pinned() const noexcept { return pinned_; }
  // Returns the cores that the gateway may run on.
  [[nodiscard]] std::vector<int> for_gateway() const;

 private:
  std::vector<int> before_;
  bool pinned_;
};

}  // namespace gateway::load

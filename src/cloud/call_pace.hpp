#pragma once
#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "runtime/clock.hpp"

namespace gateway::cloud {

// Decides when the next call of an action may start. The API allows 20 calls a second of each
// action to an account, whichever region they are about; beyond that it refuses them, and all that
// a process does there then waits. So calls are spread, and a refusal holds up everybody. It has no
// clock of its own.
class CallPace {
 public:
  // Fewer than are allowed: other replicas call as well.
  static constexpr std::size_t kMostASecond = 10;
  static constexpr std::chrono::milliseconds kFirstPause{1'000};
  static constexpr std::chrono::milliseconds kLongestPause{60'000};

  // Returns when a call may start, and counts it. It is `now` or later.
  [[nodiscard]] Instant start(std::string_view action, Instant now);
  // Notes that a call was refused for its rate: the next ones start after a pause, which doubles
  // each time.
  void refused(Instant now);
  // Notes that a call was not refused for its rate.
  void accepted() noexcept { pause_ = kFirstPause; }

 private:
  std::map<std::string, std::deque<Instant>, std::less<>> starts_;  // of the last second, by action
  Instant not_before_{};
  std::chrono::milliseconds pause_ = kFirstPause;
};

}  // namespace gateway::cloud

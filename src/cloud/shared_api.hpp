#pragma once
#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/api.hpp"
#include "runtime/clock.hpp"
#include "runtime/fair_semaphore.hpp"
#include "runtime/signal.hpp"

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

// What the calls of all regions have in common: how many are under way, and how fast they follow
// each other. Used on one thread.
class CallLimits {
 public:
  static constexpr std::size_t kAtATime = 4;

  explicit CallLimits(const Executor& executor) : permits(executor, kAtATime) {}

  CallPace pace;
  FairSemaphore permits;
};

// Lets several provisioners use one client, which makes one call at a time. A list of functions
// or namespaces that one of them has just read is given to the others as well, as long as nothing
// has been written since: they ask for it at the same time. Whoever spawned a call joins it before
// this object dies.
class SharedApi final : public Api {
 public:
  // Both must outlive this.
  SharedApi(const Executor& executor, Api& api, CallLimits& limits)
      : api_(api), limits_(limits), client_(executor, 1), wake_(executor) {}

  [[nodiscard]] Task<ApiResult<boost::json::object>> call(std::string action,
                                                          boost::json::object parameters) override;
  void cancel() override;

 private:
  // An answer that is the same for all functions.
  class Listed {
   public:
    Listed(boost::json::object of_call, boost::json::object was_answered, Instant when)
        : parameters(std::move(of_call)), answer(std::move(was_answered)), at(when) {}
    boost::json::object parameters;
    boost::json::object answer;
    Instant at;
  };

  [[nodiscard]] Task<void> keep_pace(std::string action);
  [[nodiscard]] std::optional<boost::json::object> known(const std::string& action,
                                                         const boost::json::object& parameters);

  Api& api_;
  CallLimits& limits_;
  FairSemaphore client_;
  Signal wake_;  // of the one that has the client
  bool cancelled_ = false;
  std::vector<Listed> listed_;
};

}  // namespace gateway::cloud

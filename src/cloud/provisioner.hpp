#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/found.hpp"
#include "cloud/provisioning_patience.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/wanted.hpp"
#include "runtime/clock.hpp"
#include "runtime/secret.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

enum class ProvisioningState {
  working,     // not confirmed yet, nothing wrong so far
  retrying,    // something failed that may pass
  ready,       // function, retry rules and triggers were confirmed by reading them
  failed,      // an operator has to act; checked again at the next reconciliation
  superseded,  // a newer configuration has the function or its events
  removing,
  removed,
};
[[nodiscard]] std::string_view label(ProvisioningState state) noexcept;

// The part of provisioning that /status and the log show.
struct ProvisioningStatus {
  ProvisioningStatus() = default;
  ProvisioningState state = ProvisioningState::working;
  std::string step;        // the present step in words; empty if there is none
  std::string last_error;  // the last failure, kept until a later success; of `superseded`, by whom
  std::string code;        // its error code
  bool denied = false;     // `failed` because rights or credentials are missing

  [[nodiscard]] bool operator==(const ProvisioningStatus&) const = default;
};

// Brings the cloud to the wanted state and keeps it there: it reads, asks the plan for the next
// step, takes it and reads again. Every write follows a read, so a lost answer, a race that another
// replica won and a restart in the middle are all the same case. Used on one thread, one coroutine
// at a time; whoever spawned a coroutine joins it before this object dies.
class Provisioner {
 public:
  using Listener = std::function<void(const ProvisioningStatus&)>;
  using TokenListener = std::function<void(std::vector<Secret>)>;

  // `api` must outlive this. `listener` is called on every change of the status, on the same
  // thread. `generation` is that of the configuration that `wanted` was made of.
  Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
              Listener listener, Unmarked unmarked = Unmarked::refuse, Generation generation = 0);

  // Sets the listener that is called after each look, on the same thread, with the tokens of all
  // functions that sign posts with the bucket's events, predecessors included. Call it before a
  // coroutine is spawned.
  void on_tokens(TokenListener listener) { token_listener_ = std::move(listener); }

  // Runs until everything is confirmed, an operator has to act, `deadline` has passed or stop() was
  // called. Returns true if everything is confirmed; status() says more.
  [[nodiscard]] Task<bool> converge(Instant deadline = Instant::max());
  // Runs converge() repeatedly until stop().
  [[nodiscard]] Task<void> keep();
  // Deletes the triggers, then the function. Returns true if the function is absent. A function
  // without our mark is not touched: the state is then `failed`. Works after stop() as well; a call
  // in progress at the deadline is completed.
  [[nodiscard]] Task<bool> remove(Instant deadline);
  // Returns what converge() or remove() would do now, and why. Reads only.
  [[nodiscard]] Task<ApiResult<Plan>> examine(bool removal);

  // Ends converge() and keep() after the call in progress.
  void stop();
  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return status_; }
  // Returns whether a look has ever succeeded. Until then this object has created nothing.
  [[nodiscard]] bool has_looked() const noexcept { return has_looked_; }

 private:
  enum class Goal : std::uint8_t { converge, remove };

  [[nodiscard]] Task<bool> run(Goal goal, Instant deadline);
  [[nodiscard]] Task<ApiResult<Found>> look(Goal goal, Instant deadline);
  [[nodiscard]] Task<ApiResult<std::vector<FoundTrigger>>> look_at_triggers(std::string space,
                                                                            std::string name);
  [[nodiscard]] Task<std::vector<std::string>> list_spaces();
  [[nodiscard]] Task<ApiResult<std::vector<RelatedFunction>>> list_ours(Goal goal, Instant deadline,
                                                                        std::string space);
  [[nodiscard]] Task<ApiResult<std::vector<RelatedFunction>>> look_at_related(Goal goal,
                                                                              Instant deadline);
  // Carries out a step that is a call, with those that follow it at once.
  [[nodiscard]] Task<NextMove> carry_out(PlannedStep step, const Found& found,
                                         ProvisioningHistory& history,
                                         ProvisioningPatience& patience);
  [[nodiscard]] Task<void> undo(PlannedStep step);
  // Decides after a write that failed.
  [[nodiscard]] NextMove failed(const PlannedStep& step, const ApiError& error,
                                ProvisioningHistory& history, ProvisioningPatience& patience);
  void note_taken_over(const PlannedStep& moved);
  [[nodiscard]] Task<void> pause(Goal goal, std::chrono::milliseconds time, Instant deadline);
  [[nodiscard]] Plan plan(Goal goal, const Found& found, const ProvisioningHistory& history) const;
  [[nodiscard]] bool goes_on(Goal goal, Instant deadline) const;
  [[nodiscard]] bool holds_wanted_events(const RelatedFunction& related) const;
  [[nodiscard]] bool may_be_related(std::string_view space, const ListedFunction& listed) const;
  [[nodiscard]] std::optional<std::chrono::sys_seconds> taken_over_at(std::string_view space,
                                                                      std::string_view name) const;

  void announce(Goal goal, const PlannedStep& step);
  void give_up(std::string text, std::string code, bool denied);
  void retry_later(const NextMove& move, Goal goal);
  void succeed(Goal goal, const Plan& plan);
  void tell_tokens(const Found& found) const;
  void publish(ProvisioningStatus status);

  Api& api_;
  const Wanted wanted_;
  const ProvisioningPace pace_;
  const Unmarked unmarked_;
  const Generation generation_;
  Listener listener_;
  TokenListener token_listener_;
  Signal wake_;
  bool stopped_ = false;
  bool has_looked_ = false;
  bool was_ready_ = false;           // a later difference is drift
  bool repairing_ = false;           // in this run
  bool told_no_list_ = false;        // that predecessors cannot be looked for
  bool looks_everywhere_ = false;    // for predecessors, in all namespaces
  std::vector<std::string> spaces_;  // that were looked at last
  // Since when functions, by identity_of(), have no events any more that this process took over.
  std::map<std::string, std::chrono::sys_seconds> taken_over_;
  std::optional<std::chrono::seconds> again_in_;  // something is due before the next reconciliation
  ProvisioningStatus status_;
};

}  // namespace gateway::cloud

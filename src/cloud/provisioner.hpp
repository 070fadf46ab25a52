#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/cloud_view.hpp"
#include "cloud/found.hpp"
#include "cloud/provisioning_patience.hpp"
#include "cloud/provisioning_plan.hpp"
#include "cloud/provisioning_reporter.hpp"
#include "cloud/taken_away.hpp"
#include "cloud/wanted.hpp"
#include "runtime/clock.hpp"
#include "runtime/secret.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

// Brings the cloud to the wanted state and keeps it there: it reads, asks the plan for the next
// step, takes it and reads again. Every write follows a read, so a lost answer, a race that another
// replica won and a restart in the middle are all the same case. A bucket whose triggers cannot be
// made holds up neither the function's other buckets nor their state. Used on one thread, one
// coroutine at a time; whoever spawned a coroutine joins it before this object dies.
class Provisioner {
 public:
  using Listener = ProvisioningReporter::Listener;
  using TokenListener = std::function<void(std::vector<Secret>, bool all)>;
  using LocationListener = std::function<void(const std::set<Location>&)>;

  // `api` must outlive this. `listener` is called on every change of the status, on the same
  // thread. `generation` is that of the configuration that `wanted` was made of.
  Provisioner(const Executor& executor, Api& api, Wanted wanted, ProvisioningPace pace,
              Listener listener, Unmarked unmarked = Unmarked::refuse, Generation generation = 0);

  // Sets the listener that is called after each look, on the same thread, with the tokens that sign
  // posts with the buckets' events beside the wanted function's: of those that still have one of
  // the buckets, be they siblings, and of predecessors. `all`: whether they were all looked for.
  // Call it before a coroutine is spawned.
  void on_tokens(TokenListener listener) { token_listener_ = std::move(listener); }
  // Sets the listener that is called after each look, on the same thread, with where the deployment
  // has, or had, functions by their marks. Call it before a coroutine is spawned.
  void on_locations(LocationListener listener) { location_listener_ = std::move(listener); }
  // Sets what the mark says of that. `locations` must outlive this.
  void set_locations(const std::set<Location>& locations) { locations_ = &locations; }
  // Tells of the other functions of the configuration in the region, and whether this one keeps
  // house for them (see Claim). Call it before a coroutine is spawned.
  void set_siblings(std::vector<Wanted> siblings, bool keeps_house) {
    siblings_ = std::move(siblings);
    keeps_house_ = keeps_house;
    view_.set_siblings(siblings_, keeps_house);
  }

  // Runs until everything is confirmed, an operator has to act, `deadline` has passed or stop() was
  // called. Returns true if everything is confirmed; status() says more.
  [[nodiscard]] Task<bool> converge(Instant deadline = Instant::max()) {
    return run(Goal::converge, deadline);
  }
  // Runs converge() repeatedly until stop().
  [[nodiscard]] Task<void> keep();
  // Deletes the triggers, then the function. Returns true if the function is absent. A function
  // without our mark is not touched: the state is then `failed`. Works after stop() as well; a call
  // in progress at the deadline is completed.
  [[nodiscard]] Task<bool> remove(Instant deadline);
  // Returns what converge() or remove() would do now, and why. Reads only, and as much as `depth`
  // says.
  [[nodiscard]] Task<ApiResult<Plan>> examine(bool removal,
                                              CloudView::Depth depth = CloudView::Depth::whole);

  // Has keep() look now, and not when its pause is over.
  void look_soon() {
    looks_soon_ = true;
    wake_.notify_all();
  }
  // Ends converge() and keep() after the call in progress.
  void stop();
  // Undoes stop().
  void resume() noexcept { stopped_ = false; }
  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return reporter_.status(); }
  [[nodiscard]] const Wanted& wanted() const noexcept { return wanted_; }
  // Returns whether a look has ever succeeded. Until then this object has created nothing.
  [[nodiscard]] bool has_looked() const noexcept { return has_looked_; }
  // Returns whether the last plan had nothing to say.
  [[nodiscard]] bool finds_nothing() const noexcept { return planned_.steps.empty(); }

 private:
  using Goal = ProvisioningGoal;

  [[nodiscard]] Task<bool> run(Goal goal, Instant deadline);
  // Does what run() does, but for what is put back when it ends.
  [[nodiscard]] Task<bool> pursue(Goal goal, Instant deadline, ProvisioningHistory& history);
  // Carries out a step that is a call, with those that follow it at once.
  [[nodiscard]] Task<NextMove> carry_out(PlannedStep step, const Found& found,
                                         ProvisioningHistory& history,
                                         ProvisioningPatience& patience);
  // Puts back what the run has taken away of a bucket; of all if it is empty.
  [[nodiscard]] Task<void> put_back(std::string bucket, ProvisioningHistory& history);
  // Decides after a write that failed.
  [[nodiscard]] NextMove failed(const PlannedStep& step, const ApiError& error,
                                ProvisioningHistory& history, ProvisioningPatience& patience);
  [[nodiscard]] Task<void> pause_until(Goal goal, Instant time, Instant deadline);
  [[nodiscard]] Plan plan(Goal goal, const Found& found, const ProvisioningHistory& history) const;
  [[nodiscard]] bool goes_on(Goal goal, Instant deadline) const;
  // Notes what a step of one bucket came to. Returns whether the others go on.
  [[nodiscard]] bool set_aside(const PlannedStep& step, const NextMove& move);
  // Ends a run in which some buckets have failed for good. Returns whether there are any.
  [[nodiscard]] bool finish_with_failures(Goal goal);

  // Notes that a bucket got back what it had, after what failed for good. Each attempt leaves it
  // without a rule for a moment, so the next one is not made in the next round.
  void note_put_back(const std::string& bucket, const NextMove& move);
  void warn_of_what_reads_otherwise() const;
  void give_up(std::string text, std::string code, bool denied);
  void tell_tokens(const Found& found) const;
  void tell_locations(const Found& found) const;

  Api& api_;
  const Wanted wanted_;
  const ProvisioningPace pace_;
  const Unmarked unmarked_;
  const Generation generation_;
  std::vector<Wanted> siblings_;
  bool keeps_house_ = false;
  TokenListener token_listener_;
  LocationListener location_listener_;
  const std::set<Location>* locations_ = nullptr;
  CloudView view_;
  Signal wake_;
  bool stopped_ = false;
  bool looks_soon_ = false;
  bool has_looked_ = false;
  bool was_ready_ = false;                        // a later difference is drift
  bool has_confirmed_ = false;                    // once, if only by a quick look
  bool repairing_ = false;                        // in this run
  std::optional<std::chrono::seconds> again_in_;  // something is due before the next reconciliation
  BucketObstacles obstacles_;                     // of this run
  TakenAway away_;                                // in this run
  std::map<std::string, std::pair<NextMove, Instant>> put_back_;  // by bucket: until when it rests
  std::optional<RefusedFunction> refused_;                        // since this object was made
  Plan planned_;                                                  // the last plan
  ProvisioningReporter reporter_;
};

}  // namespace gateway::cloud

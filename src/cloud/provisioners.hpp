#pragma once
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cloud/provisioner.hpp"
#include "cloud/shared_api.hpp"
#include "runtime/coroutine_life.hpp"
#include "runtime/signal.hpp"

namespace gateway::cloud {

// Brings all functions of one configuration to the wanted state, each by a Provisioner of its own
// and all at the same time: what is wrong with one holds up no other. Where the deployment had
// functions and the configuration has none any more, by the marks of those that are left, one more
// Provisioner removes them. Used on one thread.
class Provisioners {
 public:
  // Makes the client for the API of a region.
  using ApiMaker = std::function<std::unique_ptr<Api>(const std::string& region)>;
  using Listener = Provisioner::Listener;
  // `all`: of every function they have been looked for.
  using TokenListener = Provisioner::TokenListener;

  // `listener` gets the status of them all; see status(). `make_api` is called later as well.
  Provisioners(const Executor& executor, std::vector<Wanted> functions, ApiMaker make_api,
               const ProvisioningPace& pace, Listener listener, Unmarked unmarked,
               Generation generation);

  // As Provisioner::on_tokens(), with the tokens of all functions.
  void on_tokens(TokenListener listener) { token_listener_ = std::move(listener); }

  // As the Provisioner's, of all functions.
  [[nodiscard]] Task<bool> converge(Instant deadline = Instant::max()) {
    return all_do([deadline](Provisioner& one) { return one.converge(deadline); });
  }
  [[nodiscard]] Task<void> keep();
  [[nodiscard]] Task<bool> remove(Instant deadline) {
    return all_do([deadline](Provisioner& one) { return one.remove(deadline); });
  }
  // As the Provisioner's, of all functions.
  void look_soon() {
    for (const auto& one : all_) one->look_soon();
  }
  // Returns the plans of all functions, one after the other.
  [[nodiscard]] Task<ApiResult<Plan>> examine(bool removal,
                                              CloudView::Depth depth = CloudView::Depth::whole);
  void stop();
  // Ends every wait for the cloud, also later ones.
  void cancel();

  // Returns the state that is worst among the functions, with its error, and all buckets.
  [[nodiscard]] const ProvisioningStatus& status() const noexcept { return status_; }
  // Returns whether a look at any function has ever succeeded.
  [[nodiscard]] bool has_looked() const noexcept;

 private:
  // What the calls about one region share.
  class Region {
   public:
    Region(const Executor& executor, std::unique_ptr<Api> of_region, CallLimits& limits)
        : client(std::move(of_region)), api(executor, *client, limits) {}
    std::unique_ptr<Api> client;
    SharedApi api;
  };
  using Work = std::function<Task<void>(Provisioner&)>;

  // Does `work` for all at the same time, also for those that are added meanwhile. Throws the first
  // exception when all have ended.
  [[nodiscard]] Task<void> for_all(Work work);
  // Returns whether all have done `deed`.
  [[nodiscard]] Task<bool> all_do(std::function<Task<bool>(Provisioner&)> deed);
  void begin_work(Provisioner& one);
  [[nodiscard]] Task<void> work_on(Provisioner& one, CoroutineLife& life);
  void work_ended(const std::exception_ptr& error);
  void add(const Wanted& wanted, bool keeps_house);
  void note_locations(const std::set<Location>& found);
  void gather();
  void changed();
  void tell_tokens(std::size_t function, std::vector<Secret> tokens, bool all);

  const Executor executor_;
  const ApiMaker make_api_;
  const ProvisioningPace pace_;
  const Unmarked unmarked_;
  const Generation generation_;
  const std::vector<Wanted> functions_;
  CallLimits limits_;
  std::map<std::string, std::unique_ptr<Region>> regions_;
  std::vector<std::unique_ptr<Provisioner>> all_;
  Listener listener_;
  TokenListener token_listener_;
  std::vector<std::vector<Secret>> tokens_;  // by function
  std::vector<bool> all_tokens_;             // whether they have all been looked for, likewise
  std::set<Location> looked_after_;          // by one that keeps house
  // What the marks say: where functions are wanted, and where some were found that are not.
  std::set<Location> marked_;
  std::map<const Provisioner*, Location>
      unjudged_;  // those that were added, before their first look
  Work work_;     // in progress
  std::size_t running_ = 0;
  std::vector<std::unique_ptr<CoroutineLife>> lives_;  // of those that run
  std::exception_ptr failure_;
  Signal ended_;
  ProvisioningStatus status_;
  bool interrupted_ = false;  // as one of them failed
  bool stopped_ = false;
  bool cancelled_ = false;
};

// Returns the status of functions taken together: the worst state, with its step and error.
[[nodiscard]] ProvisioningStatus together(const std::vector<ProvisioningStatus>& all);

}  // namespace gateway::cloud

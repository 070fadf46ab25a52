#include "cloud/provisioners.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <iterator>
#include <set>
#include <utility>

#include "cloud/function_mark.hpp"

namespace gateway::cloud {
namespace {

// The larger, the more an operator wants to know of it.
int weight(ProvisioningState state) noexcept {
  switch (state) {
    case ProvisioningState::removed:
      return 0;
    case ProvisioningState::ready:
      return 1;
    case ProvisioningState::superseded:
      return 2;
    case ProvisioningState::working:
      return 3;
    case ProvisioningState::removing:
      return 4;
    case ProvisioningState::retrying:
      return 5;
    case ProvisioningState::failed:
      return 6;
  }
  return 0;
}

}  // namespace

ProvisioningStatus together(const std::vector<ProvisioningStatus>& all) {
  const auto worst = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return weight(a.state) < weight(b.state);
  });
  ProvisioningStatus status = worst == all.end() ? ProvisioningStatus() : *worst;
  status.buckets.clear();
  for (const ProvisioningStatus& one : all) {
    status.buckets.insert(status.buckets.end(), one.buckets.begin(), one.buckets.end());
  }
  return status;
}

Provisioners::Provisioners(const Executor& executor, std::vector<Wanted> functions,
                           const ApiMaker& make_api, const ProvisioningPace& pace,
                           Listener listener, Unmarked unmarked, Generation generation)
    : executor_(executor), limits_(executor), listener_(std::move(listener)) {
  const std::string list = digest_of_list(functions);
  for (Wanted& wanted : functions) {
    if (!wanted.deployment.empty()) wanted.list = list;
  }
  std::set<std::pair<std::string, std::string>> kept;  // regions and namespaces with a housekeeper
  tokens_.resize(functions.size());
  for (std::size_t i = 0; i < functions.size(); ++i) {
    const Wanted& wanted = functions[i];
    auto& region = regions_[wanted.region];
    if (!region) region = std::make_unique<Region>(executor, make_api(wanted.region), limits_);
    std::vector<Wanted> siblings;
    std::copy_if(functions.begin(), functions.end(), std::back_inserter(siblings),
                 [&](const Wanted& other) { return other.region == wanted.region; });
    auto one = std::make_unique<Provisioner>(
        executor, region->api, wanted, pace, [this](const ProvisioningStatus&) { changed(); },
        unmarked, generation);
    one->set_siblings(std::move(siblings), kept.emplace(wanted.region, wanted.space).second);
    one->on_tokens([this, i](std::vector<Secret> tokens) { tell_tokens(i, std::move(tokens)); });
    all_.push_back(std::move(one));
  }
  gather();
}

Task<void> Provisioners::for_all(Work work) {
  std::size_t running = all_.size();
  std::exception_ptr failure;
  Signal ended(executor_);
  for (const auto& one : all_) {
    asio::co_spawn(executor_, work(*one), [&](const std::exception_ptr& error) {
      if (error && !failure) {
        failure = error;
        interrupted_ = true;  // the others end as well, so that whoever supervises this begins anew
        stop();
      }
      --running;
      ended.notify_all();
    });
  }
  while (running != 0) co_await ended.wait();
  if (failure) std::rethrow_exception(failure);
}

Task<bool> Provisioners::converge(Instant deadline) {
  std::size_t confirmed = 0;
  const auto work = [&](Provisioner& one) -> Task<void> {
    const bool done = co_await one.converge(deadline);
    if (done) ++confirmed;
  };
  co_await for_all(work);
  co_return confirmed == all_.size();
}

Task<void> Provisioners::keep() {
  if (std::exchange(interrupted_, false)) {
    for (const auto& one : all_) one->resume();
  }
  const auto work = [](Provisioner& one) { return one.keep(); };
  co_await for_all(work);
}

Task<bool> Provisioners::remove(Instant deadline) {
  std::size_t removed = 0;
  const auto work = [&](Provisioner& one) -> Task<void> {
    const bool done = co_await one.remove(deadline);
    if (done) ++removed;
  };
  co_await for_all(work);
  co_return removed == all_.size();
}

Task<ApiResult<Plan>> Provisioners::examine(bool removal) {
  Plan whole;
  for (const auto& one : all_) {
    auto plan = co_await one->examine(removal);
    if (!plan) co_return plan.error();
    std::move(plan->steps.begin(), plan->steps.end(), std::back_inserter(whole.steps));
    if (whole.superseded.empty()) whole.superseded = plan->superseded;
    whole.superseded_buckets.merge(plan->superseded_buckets);
  }
  whole.steps.push_back(step(PlannedStep::Action::none, "other regions and accounts",
                             "not looked at: what another configuration deployed there stays "
                             "until `cos-gateway deprovision` is given that configuration"));
  co_return whole;
}

void Provisioners::stop() {
  for (const auto& one : all_) one->stop();
}

void Provisioners::cancel() {
  stop();
  for (const auto& [name, region] : regions_) region->api.cancel();
}

bool Provisioners::has_looked() const noexcept {
  return std::any_of(all_.begin(), all_.end(), [](const auto& one) { return one->has_looked(); });
}

void Provisioners::gather() {
  std::vector<ProvisioningStatus> each;
  each.reserve(all_.size());
  for (const auto& one : all_) each.push_back(one->status());
  status_ = together(each);
}

void Provisioners::changed() {
  gather();
  if (listener_) listener_(status_);
}

void Provisioners::tell_tokens(std::size_t function, std::vector<Secret> tokens) {
  tokens_[function] = std::move(tokens);
  if (!token_listener_) return;
  std::vector<Secret> all;
  for (const auto& some : tokens_) all.insert(all.end(), some.begin(), some.end());
  token_listener_(std::move(all));
}

}  // namespace gateway::cloud

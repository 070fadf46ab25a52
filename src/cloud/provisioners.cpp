#include "cloud/provisioners.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <iterator>
#include <new>
#include <utility>

#include "cloud/function_mark.hpp"
#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// The later it stands here, the more an operator wants to know of a state.
auto weight(ProvisioningState state) noexcept {
  using enum ProvisioningState;
  static constexpr std::array kStates{removed,  ready,    superseded, working,
                                      removing, retrying, failed};
  return std::ranges::find(kStates, state);
}

// Returns the functions with the digest of the whole list in each that belongs to one.
std::vector<Wanted> of_one_list(std::vector<Wanted> functions) {
  const std::string list = digest_of_list(functions);
  for (Wanted& wanted : functions) {
    if (!wanted.deployment.empty()) wanted.list = list;
  }
  return functions;
}

}  // namespace

ProvisioningStatus together(const std::vector<ProvisioningStatus>& all) {
  const auto worst = std::ranges::max_element(
      all, [](const auto& a, const auto& b) { return weight(a.state) < weight(b.state); });
  ProvisioningStatus status = worst == all.end() ? ProvisioningStatus() : *worst;
  status.buckets.clear();
  for (const ProvisioningStatus& one : all) {
    status.buckets.insert(status.buckets.end(), one.buckets.begin(), one.buckets.end());
  }
  return status;
}

Provisioners::Provisioners(const Executor& executor, std::vector<Wanted> functions,
                           ApiMaker make_api, const ProvisioningPace& pace, Listener listener,
                           Unmarked unmarked, Generation generation)
    : executor_(executor),
      make_api_(std::move(make_api)),
      pace_(pace),
      unmarked_(unmarked),
      generation_(generation),
      functions_(of_one_list(std::move(functions))),
      limits_(executor),
      listener_(std::move(listener)),
      ended_(executor) {
  for (const Wanted& wanted : functions_) marked_.insert(wanted.location());
  for (const Wanted& wanted : functions_)
    add(wanted, looked_after_.insert(wanted.location()).second);
  gather();
}

void Provisioners::add(const Wanted& wanted, bool keeps_house) {
  auto& region = regions_[wanted.region];
  if (!region) region = std::make_unique<Region>(executor_, make_api_(wanted.region), limits_);
  std::vector<Wanted> siblings;
  std::ranges::copy_if(functions_, std::back_inserter(siblings),
                       [&](const Wanted& other) { return other.region == wanted.region; });
  const std::size_t number = all_.size();
  auto one = std::make_unique<Provisioner>(
      executor_, region->api, wanted, pace_, [this](const ProvisioningStatus&) { changed(); },
      unmarked_, generation_);
  one->set_siblings(std::move(siblings), keeps_house);
  one->set_locations(marked_);
  one->on_tokens([this, number](std::vector<Secret> tokens, bool all) {
    tell_tokens(number, std::move(tokens), all);
  });
  one->on_locations([this](const std::set<Location>& found) { note_locations(found); });
  tokens_.emplace_back();
  all_tokens_.push_back(false);
  all_.push_back(std::move(one));
}

void Provisioners::note_locations(const std::set<Location>& found) {
  for (const Location& location : found) {
    if (cancelled_ || !looked_after_.insert(location).second) continue;
    log::info("provisioning looks where the deployment has no functions any more",
              {{"region", location.region}, {"namespace", location.space}});
    Wanted nothing;
    nothing.region = location.region;
    nothing.space = location.space;
    nothing.deployment = functions_.front().deployment;
    nothing.list = functions_.front().list;
    marked_.insert(location);
    add(nothing, true);
    if (stopped_) all_.back()->stop();
    unjudged_.emplace(all_.back().get(), location);
    if (work_) begin_work(*all_.back());
  }
}

void Provisioners::begin_work(Provisioner& one) {
  lives_.push_back(std::make_unique<CoroutineLife>(
      [this] { work_ended(std::make_exception_ptr(std::bad_alloc())); }));
  ++running_;
  try {
    asio::co_spawn(executor_, work_on(one, *lives_.back()), asio::detached);
  } catch (const std::bad_alloc&) {
    work_ended(std::current_exception());
  }
}

Task<void> Provisioners::work_on(Provisioner& one, CoroutineLife& life) {
  CoroutineLife::Guard guard(life);
  std::exception_ptr failure;
  try {
    co_await work_(one);
  } catch (...) {
    failure = std::current_exception();
  }
  guard.dismiss();
  work_ended(failure);
}

void Provisioners::work_ended(const std::exception_ptr& error) {
  if (error && !failure_) {
    failure_ = error;
    interrupted_ = true;  // the others end as well, so that whoever supervises this begins anew
    stop();
  }
  --running_;
  ended_.notify_all();
}

Task<void> Provisioners::for_all(Work work) {
  work_ = std::move(work);
  // Those that are added meanwhile begin by themselves.
  const std::size_t first = all_.size();
  for (std::size_t i = 0; i < first; ++i) begin_work(*all_[i]);
  while (running_ != 0) co_await ended_.wait();
  work_ = nullptr;
  lives_.clear();
  const auto failure = std::exchange(failure_, nullptr);
  if (failure) std::rethrow_exception(failure);
}

Task<bool> Provisioners::all_do(std::function<Task<bool>(Provisioner&)> deed) {
  std::size_t done = 0;
  // NOLINTNEXTLINE(*-capturing-lambda-coroutines): for_all() keeps it as long as they run
  const auto work = [&](Provisioner& one) -> Task<void> {
    const bool did = co_await deed(one);
    if (did) ++done;
  };
  co_await for_all(work);
  co_return done == all_.size();
}

Task<void> Provisioners::keep() {
  // What an earlier call began that was dropped for want of memory.
  if (running_ != 0) {
    interrupted_ = !stopped_;
    stop();
    while (running_ != 0) co_await ended_.wait();
    failure_ = nullptr;
  }
  if (std::exchange(interrupted_, false)) {
    stopped_ = false;
    for (const auto& one : all_) one->resume();
  }
  const auto work = [](Provisioner& one) { return one.keep(); };
  co_await for_all(work);
}

Task<ApiResult<Plan>> Provisioners::examine(bool removal, CloudView::Depth depth) {
  std::map<const Provisioner*, ApiResult<Plan>> plans;
  // NOLINTNEXTLINE(*-capturing-lambda-coroutines): for_all() keeps it as long as they run
  const auto work = [&](Provisioner& one) -> Task<void> {
    auto plan = co_await one.examine(removal, depth);
    plans.emplace(&one, std::move(plan));
  };
  co_await for_all(work);
  Plan whole;
  for (const auto& one : all_) {
    ApiResult<Plan>& plan = plans.at(one.get());
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
  stopped_ = true;
  for (const auto& one : all_) one->stop();
}

void Provisioners::cancel() {
  cancelled_ = true;
  stop();
  for (const auto& [name, region] : regions_) region->api.cancel();
}

bool Provisioners::has_looked() const noexcept {
  return std::ranges::any_of(all_, [](const auto& one) { return one->has_looked(); });
}

void Provisioners::gather() {
  std::vector<ProvisioningStatus> each;
  each.reserve(all_.size());
  for (const auto& one : all_) each.push_back(one->status());
  status_ = together(each);
}

void Provisioners::changed() {
  // Where nothing was left at the first look the marks need not name any more.
  std::erase_if(unjudged_, [this](const auto& entry) {
    const auto& [one, location] = entry;
    if (one->status().state != ProvisioningState::ready) return false;
    if (one->finds_nothing()) marked_.erase(location);
    return true;
  });
  gather();
  if (listener_) listener_(status_);
}

void Provisioners::tell_tokens(std::size_t function, std::vector<Secret> tokens, bool all) {
  tokens_[function] = std::move(tokens);
  if (!token_listener_) return;
  all_tokens_[function] = all_tokens_[function] || all;
  std::vector<Secret> of_all;
  for (const auto& some : tokens_) of_all.insert(of_all.end(), some.begin(), some.end());
  const bool complete = std::ranges::count(all_tokens_, false) == 0;
  token_listener_(std::move(of_all), complete);
}

}  // namespace gateway::cloud

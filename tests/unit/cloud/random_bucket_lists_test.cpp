#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cloud/function_mark.hpp"
#include "cloud/notification_rule.hpp"
#include "cloud/provisioner.hpp"
#include "support/model_api.hpp"
#include "support/scf_model.hpp"
#include "support/wanted_relay.hpp"

// Lists of buckets that change while replicas of the former list go on: buckets come, go and move
// from one function to another. Every list is reached, and nothing that is not of it changes.
namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelApi;
using test::ModelFault;
using test::ScfModel;
using testing::IsEmpty;

class ListWorld {
 public:
  explicit ListWorld(std::uint32_t seed) : random_(seed) {
    Wanted other = test::wanted_relay();
    other.name = neighbour_key_.second;
    neighbour_ = test::relay_as_wanted(other);
    model_.functions[neighbour_key_] = neighbour_;
    model_.behaviour.changing = below(3);
    model_.behaviour.list_lag = chance(2) ? below(4) : 0;
    model_.behaviour.updates_after_failures = true;
    at_once_ = chance(2);
  }

  // A list of some buckets, each at one of three functions. With it come new replicas.
  void configure() {
    wanted_.clear();
    std::map<std::string, Wanted> functions;
    for (char bucket = 'a'; bucket < 'h'; ++bucket) {
      if (chance(4)) continue;
      const std::string name = fmt::format("list-{}", below(3));
      auto [place, is_new] = functions.try_emplace(name, test::wanted_relay());
      Wanted& function = place->second;
      if (is_new) make_empty(function, name);
      if (2 * (function.buckets.size() + 1) > kMostTriggers) continue;
      function.buckets.push_back(test::wanted_bucket(std::string("bucket-") + bucket));
      if (chance(4)) function.buckets.back().events.pop_back();
      if (chance(4)) function.buckets.back().prefix = "in/deeper/";
    }
    for (auto& [name, function] : functions) wanted_.push_back(function);
    faults_ = chance(2) ? below(10) : 0;
    begin(1 + below(2));
  }

  // A list of buckets with these numbers, which fill one function after the other.
  void configure(unsigned first, unsigned last) {
    wanted_.clear();
    for (unsigned number = first; number <= last; ++number) {
      if (wanted_.empty() || wanted_.back().buckets.size() == kMostTriggers) {
        make_empty(wanted_.emplace_back(test::wanted_relay()),
                   fmt::format("list-{}", wanted_.size()));
      }
      auto& buckets = wanted_.back().buckets;
      buckets.push_back(test::wanted_bucket(fmt::format("bucket-{}", number)));
      buckets.back().events.pop_back();
    }
    begin(1);
  }

  void run() {
    for (auto& one : provisioners_) {
      asio::co_spawn(io_.get_executor(), converge(*one), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
    }
    io_.restart();
    io_.run_for(10s);
  }

  using Triggers = std::multiset<std::pair<std::string, std::string>>;  // function and bucket

  void expect_as_wanted() const {
    for (const auto& one : provisioners_) {
      if (one->generation != generation_) continue;
      const auto& status = one->provisioner->status();
      EXPECT_EQ(status.state, ProvisioningState::ready)
          << one->provisioner->wanted().name << ": " << status.step << ": " << status.last_error;
    }
    Triggers assigned;
    for (const Wanted& function : wanted_) {
      EXPECT_EQ(test::difference(model_, function), "") << function.name;
      for (const auto& bucket : function.buckets) {
        for (std::size_t i = 0; i < bucket.events.size(); ++i) {
          assigned.emplace(function.name, bucket.endpoint.host());
        }
      }
    }
    Triggers found;
    for (const auto& [key, function] : model_.functions) {
      if (key == neighbour_key_) continue;
      for (const auto& trigger : function.triggers) {
        if (!trigger.deleted) found.emplace(key.second, trigger.name);
      }
      const bool wanted = std::any_of(wanted_.begin(), wanted_.end(),
                                      [&](const Wanted& one) { return one.name == key.second; });
      EXPECT_TRUE(wanted || !at_once_ || wanted_.empty() || function.status.starts_with("Delet"))
          << key.second << ": " << function.description;
    }
    if (!wanted_.empty()) {
      EXPECT_EQ(found, assigned);
    }
    EXPECT_EQ(model_.functions.at(neighbour_key_).triggers, neighbour_.triggers);
    EXPECT_EQ(model_.functions.at(neighbour_key_).description, neighbour_.description);
    EXPECT_THAT(model_.violations, IsEmpty());
  }

 private:
  class One {
   public:
    One(const Executor& executor, ScfModel& model, std::uint32_t seed)
        : api(executor, model, seed) {}
    ModelApi api;
    std::unique_ptr<Provisioner> provisioner;
    Generation generation = 0;
  };

  const ScfModel::Key neighbour_key_{"default", "neighbour"};

  static void make_empty(Wanted& function, const std::string& name) {
    function.name = name;
    function.deployment = "the list";
    function.buckets.clear();
  }

  void begin(unsigned replicas) {
    for (auto& function : wanted_) function.list = digest_of_list(wanted_);
    generation_ += 1'000;
    for (unsigned i = 0; i < replicas; ++i) add_replica();
  }

  [[nodiscard]] static Task<void> converge(One& one) {
    bool confirmed = false;
    for (unsigned round = 0; round < 4; ++round) {
      confirmed = co_await one.provisioner->converge();
      if (confirmed && round > 0) break;  // once more, as siblings may have given something up
      if (one.provisioner->status().state == ProvisioningState::superseded) break;
    }
  }

  void add_replica() {
    ProvisioningPace pace;
    pace.poll = pace.retry_initial = pace.retry_max = pace.reconcile = 0ms;
    pace.settle = 1000ms;
    if (at_once_) pace.grace = 0s;
    bool first = true;
    for (const Wanted& function : wanted_) {
      auto one = std::make_unique<One>(io_.get_executor(), model_, random_());
      one->api.overlap = true;
      one->api.fault = [this](const std::string&) { return random_fault(); };
      one->provisioner =
          std::make_unique<Provisioner>(io_.get_executor(), one->api, function, pace,
                                        Provisioner::Listener(), Unmarked::refuse, generation_);
      one->generation = generation_;
      one->provisioner->set_siblings(wanted_, std::exchange(first, false));
      provisioners_.push_back(std::move(one));
    }
  }

  [[nodiscard]] std::optional<ModelFault> random_fault() {
    if (faults_ == 0 || !chance(3)) return std::nullopt;
    --faults_;
    return ModelFault(ErrorKind::transient, "InternalError", chance(2));
  }
  [[nodiscard]] bool chance(unsigned of) { return random_() % of == 0; }
  [[nodiscard]] unsigned below(unsigned bound) { return random_() % bound; }

  std::mt19937 random_;
  asio::io_context io_{1};
  ScfModel model_;
  test::ModelFunction neighbour_;
  std::vector<Wanted> wanted_;
  Generation generation_ = 1'000;
  bool at_once_ = false;
  unsigned faults_ = 0;
  std::vector<std::unique_ptr<One>> provisioners_;
};

TEST(RandomBucketLists, AreReachedOneAfterTheOther) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    ListWorld world(seed);
    for (unsigned list = 0; list < 3; ++list) {
      SCOPED_TRACE(fmt::format("seed {}, list {}", seed, list));
      world.configure();
      world.run();
      world.run();  // those that looked before another one wrote look again
      world.expect_as_wanted();
    }
    if (testing::Test::HasFailure()) break;
  }
  spdlog::set_level(spdlog::level::info);
}

// Each function gives one bucket to the next, and the first can take none before it has given one.
TEST(RandomBucketLists, AnEntryInFrontOfFullFunctionsMovesAllOthersOn) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    ListWorld world(seed);
    for (const auto& [first, last] : {std::pair(2U, 31U), {1U, 31U}, {0U, 31U}, {2U, 31U}}) {
      SCOPED_TRACE(fmt::format("seed {}, {} to {}", seed, first, last));
      world.configure(first, last);
      world.run();
      world.run();
      world.expect_as_wanted();
    }
    if (testing::Test::HasFailure()) break;
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace
}  // namespace gateway::cloud

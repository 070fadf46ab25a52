#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cloud/function_mark.hpp"
#include "cloud/notification_rule.hpp"
#include "cloud/provisioner.hpp"
#include "support/model_api.hpp"
#include "support/scf_model.hpp"
#include "support/wanted_relay.hpp"

// From whatever state, through whatever faults, one or three provisioners on one loop reach the one
// wanted state, and nothing that is not theirs changes. Predecessors are taken over from; those
// that start later win.
namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelApi;
using test::ModelFault;
using test::ModelFunction;
using test::ModelTrigger;
using test::ScfModel;
using testing::IsEmpty;

class World {
 public:
  explicit World(std::uint32_t seed) : random_(seed) {
    start();
    add_neighbour();
    if (chance(2)) add_predecessor();
    behave();
    at_once_ = chance(2);
    const std::size_t provisioners = chance(2) ? 3 : 1;
    for (std::size_t i = 0; i < provisioners; ++i) add_provisioner(wanted_);
  }

  // A deployment of another name follows while the provisioners of this one go on.
  void rename() {
    former_ = wanted_;
    wanted_.name = "renamed";
    wanted_.environment[0].second = "http://other.example";
    if (chance(2)) wanted_.buckets[0].events = {"cos:ObjectCreated:Put", "cos:ObjectRemove:*"};
    if (chance(2)) wanted_.buckets[0].prefix = "in/deeper/";
    generation_ += 1'000;
    if (chance(2)) faults_ = below(20);
    const std::size_t late = chance(2) ? 2 : 1;
    for (std::size_t i = 0; i < late; ++i) add_provisioner(wanted_);
  }

  // Until every one of them has confirmed, or has given up too often.
  void run() {
    for (auto& one : provisioners_) {
      one->confirmed = false;
      asio::co_spawn(io_.get_executor(), converge(*one), [](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
      });
    }
    io_.restart();
    io_.run_for(10s);
  }

  void expect_as_wanted() const {
    // It cannot be made anew without the loss of others' triggers.
    const bool stays = has_to_be_made_anew_ && !others_.empty() && former_.name.empty();
    const auto latest_state = stays ? ProvisioningState::failed : ProvisioningState::ready;
    for (const auto& one : provisioners_) {
      const auto& status = one->provisioner->status();
      const bool latest = one->generation == generation_;
      EXPECT_EQ(status.state, latest ? latest_state : ProvisioningState::superseded)
          << one->generation << ": " << status.last_error;
    }
    if (!stays) expect_wanted_and_neighbours();
    expect_others_untouched();
    EXPECT_THAT(model_.violations, IsEmpty());
  }

 private:
  void expect_wanted_and_neighbours() const {
    EXPECT_EQ(test::difference(model_, wanted_), "");
    expect_predecessors_retired();
    EXPECT_EQ(model_.functions.at(neighbour_key_).triggers, neighbour_.triggers);
    EXPECT_EQ(model_.functions.at(neighbour_key_).description, neighbour_.description);
  }

  void expect_others_untouched() const {
    EXPECT_EQ(model_.functions.at(foreign_key_).triggers, foreign_triggers_);
    std::vector<ModelTrigger> others;
    const ModelFunction* had = model_.find(former_.name.empty() ? wanted_ : former_);
    if (had != nullptr) {
      for (const auto& trigger : had->triggers) {
        if (trigger.name != wanted_.buckets[0].endpoint.host()) others.push_back(trigger);
      }
    }
    if (may_lose_others_) others = others_;  // they went with a function that was being deleted
    EXPECT_EQ(others, others_);
  }

  class Replica {
   public:
    Replica(const Executor& executor, ScfModel& model, std::uint32_t seed)
        : api(executor, model, seed) {}
    ModelApi api;
    std::unique_ptr<Provisioner> provisioner;
    Generation generation = 0;
    bool confirmed = false;
  };

  const ScfModel::Key foreign_key_{"default", "somebody"};
  const ScfModel::Key neighbour_key_{"default", "neighbour"};

  // None holds a rule any more, and those whose time has come are deleted.
  void expect_predecessors_retired() const {
    for (const auto& [key, function] : model_.functions) {
      if (key == foreign_key_ || key == neighbour_key_ || key == test::key_of(wanted_)) continue;
      bool has_others = false;
      for (const auto& trigger : function.triggers) {
        const bool ours =
            trigger.type == "cos" && trigger.name == wanted_.buckets[0].endpoint.host();
        has_others = has_others || (!ours && !trigger.deleted);
        EXPECT_FALSE(ours && !trigger.deleted && conflicts(trigger)) << key.second;
      }
      if (has_to_be_made_anew_ && has_others) continue;  // it never had events of its own
      const auto mark = parse_mark(function.description);
      EXPECT_TRUE(!at_once_ || has_others || function.status.starts_with("Delet")) << key.second;
      // Some cannot be marked; whoever took over from those knows it.
      if (function.status.ends_with("Failed") || function.status == "Deleting") continue;
      ASSERT_TRUE(mark && mark->succession)
          << key.second << " " << function.status << ": " << function.description;
    }
  }

  [[nodiscard]] bool conflicts(const ModelTrigger& trigger) const {
    return std::any_of(wanted_.buckets[0].events.begin(), wanted_.buckets[0].events.end(),
                       [&](const std::string& event) {
                         return overlap(
                             {trigger.event, trigger.prefix, trigger.suffix},
                             {event, wanted_.buckets[0].prefix, wanted_.buckets[0].suffix});
                       });
  }

  // Ours, on the same bucket, but without an overlap.
  void add_neighbour() {
    Wanted other = wanted_;
    other.name = neighbour_key_.second;
    other.buckets[0].prefix = "elsewhere/";
    neighbour_ = test::relay_as_wanted(other);
    neighbour_.description = mark_of(other, chance(2) ? 0 : 9'000).description();
    model_.functions[neighbour_key_] = neighbour_;
  }

  // Ours, of another name, that holds some of the wanted events.
  void add_predecessor() {
    if (const auto own = model_.functions.find(test::key_of(wanted_));
        own != model_.functions.end()) {
      std::erase_if(own->second.triggers, [this](const ModelTrigger& trigger) {
        return trigger.name == wanted_.buckets[0].endpoint.host();
      });
    }
    Wanted other = wanted_;
    other.name = "predecessor";
    if (chance(3)) other.buckets[0].events.pop_back();
    if (chance(3)) other.buckets[0].prefix.clear();
    ModelFunction function = test::relay_as_wanted(other);
    FunctionMark mark = mark_of(other, below(900));
    if (chance(3)) {  // as older releases did
      mark = FunctionMark(mark.code, mark.settings);
      mark.generation = below(900);
    }
    if (chance(3)) {
      Succession succession;
      succession.heir = identity_of("default", chance(2) ? wanted_.name : "another");
      mark.succession = succession;
    }
    function.description = mark.description();
    if (chance(4)) {
      static const std::vector<std::string> kBehind{"Active", "UpdateFailed", "PublishFailed"};
      function.status = "Updating";
      function.changes = {{below(4), kBehind[below(3)]}};
    } else if (chance(2)) {
      static const std::vector<std::string> kFailed{"CreateFailed", "UpdateFailed", "PublishFailed",
                                                    "DeleteFailed"};
      function.status = kFailed[below(4)];
    }
    model_.functions[test::key_of(other)] = std::move(function);
  }

  [[nodiscard]] bool chance(unsigned of) { return random_() % of == 0; }
  [[nodiscard]] unsigned below(unsigned bound) { return random_() % bound; }

  [[nodiscard]] static Task<void> converge(Replica& replica) {
    // What fails for good is looked at again at the next reconciliation.
    const auto superseded = [&] {
      return replica.provisioner->status().state == ProvisioningState::superseded;
    };
    for (unsigned round = 0; round < 8 && !replica.confirmed && (round == 0 || !superseded());
         ++round) {
      replica.confirmed = co_await replica.provisioner->converge();
    }
  }

  [[nodiscard]] ModelTrigger random_trigger() {
    static const std::vector<std::string> events{"cos:ObjectCreated:*", "cos:ObjectCreated:Put",
                                                 "cos:ObjectRemove:*", "cos:ObjectRestore:Post"};
    ModelTrigger trigger;
    trigger.name = wanted_.buckets[0].endpoint.host();
    trigger.event = events[below(4)];
    trigger.prefix = chance(2) ? wanted_.buckets[0].prefix : "old/";
    trigger.suffix = chance(4) ? ".old" : "";
    trigger.qualifier = chance(3) ? "$LATEST" : "$DEFAULT";
    trigger.enabled = !chance(4);
    return trigger;
  }

  // The service has no two that it could not tell apart.
  static void add_unlike_others(ModelFunction& function, const ModelTrigger& trigger) {
    for (const auto& other : function.triggers) {
      if (other.text() == trigger.text() && other.qualifier == trigger.qualifier) return;
    }
    function.triggers.push_back(trigger);
  }

  void start() {
    ModelFunction foreign;
    foreign.runtime = "Go1";
    foreign.description = "not ours";
    ModelTrigger theirs = random_trigger();
    theirs.prefix = "theirs/";
    foreign.triggers.push_back(theirs);
    foreign_triggers_ = foreign.triggers;
    model_.functions[foreign_key_] = foreign;
    if (chance(4)) return;

    ModelFunction function = test::relay_as_wanted(wanted_);
    if (chance(3)) {
      function.code = "old";
      function.description = FunctionMark("0123456789abcdef", chance(2) ? "0123456789abcdef"
                                                                        : mark_of(wanted_).settings)
                                 .description();
    }
    if (chance(3)) function.memory = 64;
    if (chance(3)) function.timeout = 3;
    if (chance(3)) function.environment.clear();
    if (chance(4)) function.public_net = false;
    if (chance(3)) function.retries = 0;
    if (chance(4)) function.handler = "main";
    if (chance(2)) function.triggers.clear();
    if (chance(2)) {
      for (unsigned i = below(5); i > 0; --i) add_unlike_others(function, random_trigger());
    }
    if (chance(4)) {
      if (chance(2)) function.runtime = "Go1";
      if (chance(3)) function.type = "HTTP";
      has_to_be_made_anew_ = function.runtime == "Go1" || function.type == "HTTP";
    }
    if (chance(2)) {
      ModelTrigger timer;
      timer.type = "timer";
      timer.name = "nightly";
      others_.push_back(timer);
      ModelTrigger elsewhere = random_trigger();
      elsewhere.name = "other-1250000000.cos.ap-guangzhou.myqcloud.com";
      others_.push_back(elsewhere);
      function.triggers.insert(function.triggers.end(), others_.begin(), others_.end());
    }
    static const std::vector<std::string> failures{"CreateFailed", "UpdateFailed", "PublishFailed",
                                                   "DeleteFailed"};
    static const std::vector<std::string> changes{"Creating", "Updating", "Publishing",
                                                  "SomethingNew"};
    if (chance(3)) {
      function.status = failures[below(4)];
      function.reason = "InternalError.System";
      // What an update that failed left behind is not what the mark says.
      if (function.status == "UpdateFailed") function.code = "half";
      if (function.status == "DeleteFailed") has_to_be_made_anew_ = true;
      if (function.status == "CreateFailed") {
        function.triggers.clear();
        others_.clear();
      }
    } else if (chance(3)) {
      function.status = changes[below(4)];
      function.changes = {{below(4), "Active"}};
    } else if (chance(6)) {
      may_lose_others_ = true;
      has_to_be_made_anew_ = false;  // it is made anew in any case
      function.status = "Deleting";
      function.changes = {{below(4), ""}};
    }
    model_.functions[test::key_of(wanted_)] = std::move(function);
  }

  void behave() {
    model_.behaviour.changing = below(4);
    model_.behaviour.updates_after_failures = chance(2);
    model_.behaviour.list_lag = chance(2) ? below(6) : 0;
    model_.behaviour.rule_lag = chance(2) ? below(3) : 0;
    if (chance(4)) model_.behaviour.failed_creations = below(4);
    if (chance(4)) model_.behaviour.failed_updates = below(3);
    if (chance(4)) model_.behaviour.failed_deletions = below(3);
    faults_ = chance(3) ? 0 : below(20);
  }

  [[nodiscard]] std::optional<ModelFault> random_fault(const std::string& action) {
    if (faults_ == 0 || !chance(3)) return std::nullopt;
    --faults_;
    const bool reads = action.starts_with("Get") || action.starts_with("List");
    switch (below(6)) {
      case 0: return ModelFault(ErrorKind::transient, "RequestLimitExceeded");
      case 1: return ModelFault(ErrorKind::transient, "ClientError.Answer", true);
      case 2: return ModelFault(ErrorKind::transient, "ClientError.Connection", true);
      case 3: return ModelFault(ErrorKind::stubborn, "FailedOperation", !reads && chance(2));
      case 4:
        if (reads) return std::nullopt;
        return ModelFault(ErrorKind::busy, "FailedOperation.OperationConflict");
      default: return ModelFault(ErrorKind::transient, "InternalError");
    }
  }

  void add_provisioner(const Wanted& wanted) {
    ProvisioningPace pace;
    pace.poll = pace.retry_initial = pace.retry_max = pace.reconcile = 0ms;
    pace.settle = 1000ms;
    if (at_once_) pace.grace = 0s;
    auto one = std::make_unique<Replica>(io_.get_executor(), model_, random_());
    one->generation = generation_;
    one->api.overlap = true;
    one->api.fault = [this](const std::string& action) { return random_fault(action); };
    one->provisioner =
        std::make_unique<Provisioner>(io_.get_executor(), one->api, wanted, pace,
                                      Provisioner::Listener(), Unmarked::refuse, generation_);
    provisioners_.push_back(std::move(one));
  }

  std::mt19937 random_;
  asio::io_context io_{1};
  ScfModel model_;
  Wanted wanted_ = test::wanted_relay();
  Wanted former_;  // before rename()
  ModelFunction neighbour_;
  Generation generation_ = 1'000;
  bool at_once_ = false;  // predecessors are not kept for their invocations
  std::vector<std::unique_ptr<Replica>> provisioners_;
  std::vector<ModelTrigger> foreign_triggers_;
  std::vector<ModelTrigger> others_;  // on our function, but none of our business
  bool may_lose_others_ = false;
  bool has_to_be_made_anew_ = false;
  unsigned faults_ = 0;
};

TEST(RandomProvisioning, ReachesTheWantedStateFromAnywhereThroughFaults) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(seed);
    world.run();
    world.expect_as_wanted();
    if (testing::Test::HasFailure()) break;
  }
  spdlog::set_level(spdlog::level::info);
}

TEST(RandomProvisioning, FollowsRenamesWhileOlderOnesGoOn) {
  spdlog::set_level(spdlog::level::off);
  for (std::uint32_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    World world(seed);
    world.run();
    world.rename();
    world.run();
    world.run();  // an older one that looked before the newer one wrote looks again
    world.expect_as_wanted();
    if (testing::Test::HasFailure()) break;
  }
  spdlog::set_level(spdlog::level::info);
}

}  // namespace
}  // namespace gateway::cloud

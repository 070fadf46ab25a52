#include "cloud/provisioner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cloud/function_mark.hpp"
#include "support/scf_model.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelFault;
using test::ModelFunction;
using test::ModelTrigger;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using State = ProvisioningState;

constexpr auto kForever = Instant::max();

// Waits that take no time, so that a run is as fast as its calls; the sum of them still counts.
ProvisioningPace no_time() {
  ProvisioningPace pace;
  pace.poll = 0ms;
  pace.settle = 200ms;
  pace.retry_initial = 0ms;
  pace.retry_max = 0ms;
  pace.reconcile = 0ms;
  return pace;
}

class ProvisionerTest : public testing::Test {
 public:
  static void SetUpTestSuite() { spdlog::set_level(spdlog::level::off); }
  static void TearDownTestSuite() { spdlog::set_level(spdlog::level::info); }
  ~ProvisionerTest() override { EXPECT_THAT(model.violations, IsEmpty()); }

  Provisioner& make(ProvisioningPace pace = no_time(), Unmarked unmarked = Unmarked::refuse,
                    Generation generation = 0) {
    provisioner.emplace(
        io.get_executor(), api, wanted, pace,
        [this](const ProvisioningStatus& status) {
          statuses.push_back(status);
          if (on_status) on_status(status);
        },
        unmarked, generation);
    provisioner->on_tokens([this](const std::vector<Secret>& seen) {
      tokens.clear();
      for (const auto& token : seen) tokens.push_back(token.reveal());
    });
    return *provisioner;
  }

  // Runs a coroutine to its end. False also if it does not end.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    asio::co_spawn(io.get_executor(), std::move(task),
                   [&](const std::exception_ptr& error, T value) {
                     if (error) std::rethrow_exception(error);
                     result.emplace(std::move(value));
                   });
    run_loop();
    EXPECT_TRUE(result.has_value()) << "the coroutine did not end";
    return result ? std::move(*result) : T();
  }
  void run(Task<void> task) {
    bool ended = false;
    asio::co_spawn(io.get_executor(), std::move(task), [&](const std::exception_ptr& error) {
      if (error) std::rethrow_exception(error);
      ended = true;
    });
    run_loop();
    EXPECT_TRUE(ended) << "the coroutine did not end";
  }

  void there_is(ModelFunction function) {
    model.functions[test::key_of(wanted)] = std::move(function);
  }
  void there_is_the_relay() { there_is(test::relay_as_wanted(wanted)); }
  ModelFunction& relay() { return model.functions.at(test::key_of(wanted)); }
  [[nodiscard]] std::string difference() const { return test::difference(model, wanted); }
  // The next call of `action` fails so.
  void fail_next(const std::string& action, const ModelFault& fault, unsigned times = 1) {
    api.fault = [=, left = times](const std::string& called) mutable -> std::optional<ModelFault> {
      if (called != action || left == 0) return std::nullopt;
      --left;
      return fault;
    };
  }

  asio::io_context io{1};
  test::ScfModel model;
  test::ModelApi api{io.get_executor(), model};
  Wanted wanted = test::wanted_relay();
  std::vector<ProvisioningStatus> statuses;
  std::vector<std::string> tokens;
  std::function<void(const ProvisioningStatus&)> on_status;
  std::optional<Provisioner> provisioner;

 private:
  void run_loop() {
    io.restart();
    io.run_for(10s);
  }
};

TEST_F(ProvisionerTest, MakesFunctionRulesAndTriggersFromNothing) {
  wanted.retries = 1;
  model.behaviour.changing = 3;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(provisioner->status().state, State::ready);
  EXPECT_THAT(provisioner->status().last_error, IsEmpty());
  EXPECT_THAT(api.writes(), ElementsAre("CreateFunction", "UpdateFunctionEventInvokeConfig",
                                        "CreateTrigger", "CreateTrigger"));
}

TEST_F(ProvisionerTest, WritesNothingIfAllIsAsWanted) {
  there_is_the_relay();
  EXPECT_TRUE(run(make().converge()));
  EXPECT_THAT(api.calls, ElementsAre("GetFunction", "GetFunctionEventInvokeConfig", "ListTriggers",
                                     "ListFunctions"));
}

TEST_F(ProvisionerTest, UpdatesCodeThenSettingsAndWritesTheMarkLast) {
  there_is_the_relay();
  InlineCode newer;
  newer.zip = "PK-newer";
  wanted.code = newer;
  wanted.memory_mb = 256;
  model.behaviour.changing = 2;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_THAT(api.writes(), ElementsAre("UpdateFunctionCode", "UpdateFunctionConfiguration"));
}

TEST_F(ProvisionerTest, ReplacesTriggersThatAreNotWantedAndLeavesOthersAlone) {
  ModelFunction function = test::relay_as_wanted(wanted);
  function.triggers[0].prefix = "old/";
  function.triggers[1].enabled = false;
  ModelTrigger timer;
  timer.type = "timer";
  timer.name = "nightly";
  ModelTrigger elsewhere = function.triggers[0];
  elsewhere.name = "other-1250000000.cos.ap-guangzhou.myqcloud.com";
  function.triggers.push_back(timer);
  function.triggers.push_back(elsewhere);
  there_is(function);
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_THAT(relay().triggers, testing::IsSupersetOf({timer, elsewhere}));
  EXPECT_THAT(api.writes(), ElementsAre("DeleteTrigger", "CreateTrigger", "UpdateTriggerStatus"));
}

TEST_F(ProvisionerTest, DoesNotRepeatAWriteThatTheListDoesNotShowYet) {
  model.behaviour.list_lag = 5;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(api.count("CreateTrigger"), 2U);
}

TEST_F(ProvisionerTest, BearsAListThatIsVeryLate) {
  model.behaviour.list_lag = 50;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
}

TEST_F(ProvisionerTest, LooksBeforeItRepeatsAWriteWhoseAnswerWasLost) {
  for (const std::string action : {"CreateFunction", "CreateTrigger"}) {
    SCOPED_TRACE(action);
    model = {};
    fail_next(action, ModelFault(ErrorKind::transient, "ClientError.Connection", true));
    EXPECT_TRUE(run(make().converge()));
    EXPECT_EQ(difference(), "");
    EXPECT_EQ(model.creations, 1U);
  }
}

TEST_F(ProvisionerTest, TakesALostRaceForASuccess) {
  there_is_the_relay();
  const ModelFunction theirs = relay();
  model.functions.clear();
  api.fault = [&](const std::string& action) -> std::optional<ModelFault> {
    if (action == "CreateFunction") there_is(theirs);
    return std::nullopt;
  };
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(model.creations, 0U);
}

TEST_F(ProvisionerTest, DeletesAndCreatesWhatCouldNotBeCreated) {
  model.behaviour.failed_creations = 2;
  model.behaviour.changing = 1;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(api.count("DeleteFunction"), 2U);
}

TEST_F(ProvisionerTest, GivesUpOnAFunctionThatCannotBeCreatedWithThePlatformsReason) {
  model.behaviour.failed_creations = 100;
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(api.count("CreateFunction"), 4U);
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_EQ(provisioner->status().code, "InternalError.Cmq");
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("CreateFailed"), HasSubstr("the platform's own words")));
}

TEST_F(ProvisionerTest, UpdatesOnceAgainAfterAFailedUpdate) {
  there_is_the_relay();
  wanted.memory_mb = 256;
  model.behaviour.failed_updates = 1;
  model.behaviour.changing = 1;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_THAT(api.writes(), ElementsAre("UpdateFunctionConfiguration", "UpdateFunctionCode",
                                        "UpdateFunctionConfiguration"));
}

TEST_F(ProvisionerTest, GivesUpAfterASecondFailedUpdate) {
  there_is_the_relay();
  wanted.memory_mb = 256;
  model.behaviour.failed_updates = 100;
  model.behaviour.changing = 1;
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(api.writes().size(), 2U);
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("UpdateFailed"), HasSubstr("the platform's own words")));
}

TEST_F(ProvisionerTest, MakesAFunctionOfAnotherRuntimeAnewWithItsTriggersGoneFirst) {
  there_is_the_relay();
  relay().runtime = "Go1";
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_THAT(api.writes(), ElementsAre("DeleteTrigger", "DeleteTrigger", "DeleteFunction",
                                        "CreateFunction", "CreateTrigger", "CreateTrigger"));
}

TEST_F(ProvisionerTest, RefusesAFunctionThatIsNotOurs) {
  there_is_the_relay();
  relay().description = "my own function";
  EXPECT_FALSE(run(make().converge()));
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_EQ(provisioner->status().code, "Unmarked");
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("function default/relay"), HasSubstr("provision --adopt")));
}

TEST_F(ProvisionerTest, AdoptsAFunctionThatIsNotOursIfToldTo) {
  there_is_the_relay();
  relay().description = "my own function";
  relay().code = "something else";
  EXPECT_TRUE(run(make(no_time(), Unmarked::adopt).converge()));
  EXPECT_EQ(difference(), "");
}

TEST_F(ProvisionerTest, SaysThatTheAccountIsInArrears) {
  there_is_the_relay();
  relay().available = "InsufficientBalance";
  EXPECT_FALSE(run(make().converge()));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("arrears"));
}

TEST_F(ProvisionerTest, GivesUpAtOnceOnAPermanentErrorAndSaysIfItIsForWantOfRights) {
  for (const auto kind : {ErrorKind::permanent, ErrorKind::denied}) {
    fail_next("CreateFunction", ModelFault(kind, "LimitExceeded.Function"));
    EXPECT_FALSE(run(make().converge()));
    EXPECT_EQ(provisioner->status().state, State::failed);
    EXPECT_EQ(provisioner->status().code, "LimitExceeded.Function");
    EXPECT_EQ(provisioner->status().denied, kind == ErrorKind::denied);
    EXPECT_THAT(provisioner->status().last_error,
                AllOf(HasSubstr("LimitExceeded.Function"), HasSubstr("request-2")));
  }
  EXPECT_EQ(api.count("CreateFunction"), 2U);
}

TEST_F(ProvisionerTest, TriesATransientErrorAgainAndSaysSo) {
  fail_next("CreateFunction", ModelFault(ErrorKind::transient, "RequestLimitExceeded"), 50);
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(api.count("CreateFunction"), 51U);
  EXPECT_THAT(statuses, testing::Contains(testing::AllOf(
                            testing::Field(&ProvisioningStatus::state, State::retrying),
                            testing::Field(&ProvisioningStatus::code, "RequestLimitExceeded"))));
  // One state for all of the attempts, not one each.
  std::size_t changes = 0;
  for (std::size_t i = 1; i < statuses.size(); ++i) {
    if (statuses[i].state != statuses[i - 1].state) ++changes;
  }
  EXPECT_LE(changes, 3U);
  EXPECT_THAT(provisioner->status().last_error, IsEmpty());
}

TEST_F(ProvisionerTest, TriesABusyFunctionAgainForAsLongAsItTakes) {
  there_is_the_relay();
  wanted.memory_mb = 256;
  fail_next("UpdateFunctionConfiguration",
            ModelFault(ErrorKind::busy, "FailedOperation.FunctionStatusError"), 500);
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(api.count("UpdateFunctionConfiguration"), 501U);
}

TEST_F(ProvisionerTest, TellsWhatTheServiceSaidOfWhatDoesNotShow) {
  there_is_the_relay();
  relay().triggers.clear();
  fail_next("CreateTrigger", ModelFault(ErrorKind::exists, "ResourceInUse.Trigger"), 1'000'000);
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("ResourceInUse.Trigger"), HasSubstr("as the test has it"),
                    HasSubstr("request-2")));
}

TEST_F(ProvisionerTest, TriesAStubbornErrorAFewTimes) {
  fail_next("CreateFunction", ModelFault(ErrorKind::stubborn, "FailedOperation.CreateFunction"), 4);
  EXPECT_TRUE(run(make().converge()));
  model.functions.clear();
  fail_next("CreateFunction", ModelFault(ErrorKind::stubborn, "FailedOperation.CreateFunction"), 5);
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(provisioner->status().code, "FailedOperation.CreateFunction");
}

TEST_F(ProvisionerTest, GivesUpOnAFunctionThatDoesNotSettle) {
  model.behaviour.changing = 1'000'000;
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("function default/relay"), HasSubstr("it is Creating"),
                    HasSubstr("after 0.2 s")));
}

TEST_F(ProvisionerTest, GivesUpIfSomebodyUndoesItsWork) {
  there_is_the_relay();
  wanted.memory_mb = 256;
  api.acted = [&](const std::string& action) {
    if (action == "UpdateFunctionConfiguration") relay().memory = 64;
  };
  ProvisioningPace pace = no_time();
  pace.settle = 100'000ms;
  EXPECT_FALSE(run(make(pace).converge()));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("does another program"));
}

TEST_F(ProvisionerTest, WaitsForTheRuleOfADeletedTriggerToGo) {
  there_is_the_relay();
  relay().triggers[0].suffix = ".old";
  model.behaviour.rule_lag = 3;
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
}

TEST_F(ProvisionerTest, NamesTheRuleThatIsTaken) {
  wanted.buckets[0].suffix = ".jpg";
  ModelTrigger theirs;
  theirs.name = wanted.buckets[0].endpoint.host();
  theirs.event = "cos:ObjectCreated:Put";
  model.other_rules.push_back(theirs);
  EXPECT_FALSE(run(make().converge()));
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_EQ(provisioner->status().code, "InvalidParameterValue.CosNotifyRuleConflict");
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("cos:ObjectCreated:*"), HasSubstr("'in/'"), HasSubstr("'.jpg'"),
                    HasSubstr(wanted.buckets[0].endpoint.host()), HasSubstr("default/somebody")));
}

TEST_F(ProvisionerTest, AsksNothingIfTheSettingsCannotBe) {
  wanted.environment.emplace_back("SCF_MINE", "x");
  EXPECT_FALSE(run(make().converge()));
  EXPECT_THAT(api.calls, IsEmpty());
  EXPECT_EQ(provisioner->status().state, State::failed);
  const auto plan = run(make().examine(false));
  ASSERT_EQ(plan->steps.size(), 1U);
  EXPECT_EQ(plan->steps[0].action, PlannedStep::Action::refuse);
  EXPECT_THAT(api.calls, IsEmpty());
}

TEST_F(ProvisionerTest, NeverTellsAValueOfTheEnvironment) {
  there_is_the_relay();
  relay().environment["GATEWAY_TOKEN"] = "0ld";
  EXPECT_TRUE(run(make().converge()));
  EXPECT_EQ(difference(), "");
  bool named = false;
  for (const auto& status : statuses) {
    EXPECT_THAT(status.step, AllOf(Not(HasSubstr("s3cret")), Not(HasSubstr("0ld"))));
    named = named || status.step.find("GATEWAY_TOKEN") != std::string::npos;
  }
  EXPECT_TRUE(named);
}

TEST_F(ProvisionerTest, ExaminesWithoutWriting) {
  there_is_the_relay();
  relay().memory = 64;
  const auto plan = run(make().examine(false));
  ASSERT_TRUE(plan);
  ASSERT_NE(plan->next(), nullptr);
  EXPECT_EQ(plan->next()->reason, "memory is 64 MB, wanted 128 MB");
  const auto removal = run(provisioner->examine(true));
  ASSERT_TRUE(removal);
  EXPECT_EQ(removal->steps.size(), 3U);
  EXPECT_THAT(api.writes(), IsEmpty());
}

// A deployment that another one, of another name, is about to follow.
class RenamedTest : public ProvisionerTest {
 protected:
  RenamedTest() {
    former = wanted;
    former.name = "former";
    former.environment = {{"GATEWAY_TOKEN", "f0rmer%3D"},
                          {"GATEWAY_URL", "http://gateway.example"}};
    ModelFunction function = test::relay_as_wanted(former);
    function.description = mark_of(former, 1'000).description();
    model.functions[test::key_of(former)] = function;
  }
  // A later generation, that keeps no predecessor for its invocations.
  Provisioner& make_later(Unmarked unmarked = Unmarked::refuse) {
    ProvisioningPace pace = no_time();
    pace.grace = 0s;
    return make(pace, unmarked, 2'000);
  }
  [[nodiscard]] bool there_is_a_former() const {
    const ModelFunction* function = model.find(former);
    return function != nullptr && function->status != "Deleting";
  }
  [[nodiscard]] std::size_t rules_of_the_former() const {
    const auto& triggers = model.find(former)->triggers;
    return static_cast<std::size_t>(std::count_if(
        triggers.begin(), triggers.end(), [](const auto& trigger) { return !trigger.deleted; }));
  }

  Wanted former;
};

TEST_F(RenamedTest, TakesOverTheEventsAndKeepsThePredecessorForItsInvocations) {
  EXPECT_TRUE(run(make(no_time(), Unmarked::refuse, 2'000).converge()));
  EXPECT_EQ(difference(), "");
  ASSERT_TRUE(there_is_a_former());
  EXPECT_EQ(rules_of_the_former(), 0U);
  EXPECT_THAT(api.writes(),
              ElementsAre("CreateFunction", "UpdateFunctionConfiguration", "DeleteTrigger",
                          "CreateTrigger", "DeleteTrigger", "CreateTrigger"));
  EXPECT_THAT(tokens, ElementsAre("s3cret", "f0rmer="));
  EXPECT_TRUE(run(provisioner->converge()));
  EXPECT_EQ(api.writes().size(), 6U) << "nothing is due yet";
}

TEST_F(RenamedTest, DeletesThePredecessorInTime) {
  EXPECT_TRUE(run(make_later().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_FALSE(there_is_a_former());
  EXPECT_THAT(tokens, ElementsAre("s3cret"));
}

TEST_F(RenamedTest, GoesOnWhereverItWasEnded) {
  for (std::size_t calls = 1; calls < 60; ++calls) {
    SCOPED_TRACE(calls);
    model = {};
    model.behaviour.changing = 1;
    model.functions[test::key_of(former)] = test::relay_as_wanted(former);
    api.fault = [this, left = calls](const std::string&) mutable -> std::optional<ModelFault> {
      if (left-- == 0) provisioner->stop();
      return std::nullopt;
    };
    const bool done = run(make_later().converge());
    api.fault = nullptr;
    EXPECT_TRUE(run(make_later().converge()));
    EXPECT_EQ(difference(), "");
    EXPECT_FALSE(there_is_a_former());
    if (done) break;
  }
}

TEST_F(RenamedTest, PutsTheRuleBackIfTheNewOneIsRefusedForGood) {
  fail_next("CreateTrigger", ModelFault(ErrorKind::denied, "UnauthorizedOperation.CreateTrigger"));
  EXPECT_FALSE(run(make_later().converge()));
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_EQ(rules_of_the_former(), 2U);
  EXPECT_TRUE(run(make_later().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(RenamedTest, TriesAgainIfTheNewRuleIsRefusedForNow) {
  fail_next("CreateTrigger", ModelFault(ErrorKind::transient, "InternalError"), 3);
  model.behaviour.rule_lag = 2;
  model.behaviour.list_lag = 3;
  EXPECT_TRUE(run(make_later().converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(RenamedTest, StandsBackFromANewerOneAndSaysSo) {
  model.functions[test::key_of(former)].description = mark_of(former, 3'000).description();
  EXPECT_FALSE(run(make(no_time(), Unmarked::refuse, 2'000).converge()));
  EXPECT_EQ(provisioner->status().state, State::superseded);
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("function default/former"));
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_THAT(tokens, ElementsAre("f0rmer="));
  EXPECT_FALSE(run(provisioner->remove(kForever)));
  EXPECT_EQ(provisioner->status().state, State::superseded);
  EXPECT_THAT(api.writes(), IsEmpty());
}

TEST_F(RenamedTest, DoesWithoutALookForPredecessorsIfThatIsDenied) {
  model.functions.erase(test::key_of(former));
  for (const auto kind : {ErrorKind::denied, ErrorKind::permanent, ErrorKind::stubborn}) {
    model.functions.clear();
    fail_next("ListFunctions", ModelFault(kind, "UnauthorizedOperation"), 100);
    EXPECT_TRUE(run(make().converge()));
    EXPECT_EQ(difference(), "");
  }
}

TEST_F(RenamedTest, TakesOverFromTheOriginalConnectorIfToldTo) {
  ModelFunction original = model.functions[test::key_of(former)];
  model.functions.clear();
  original.description = "auto-created function by Vanus for syncing COS event";
  former.name = "vanus-cos-source-function-17293822569102704640";
  model.functions[test::key_of(former)] = original;
  EXPECT_FALSE(run(make_later().converge()));
  EXPECT_EQ(provisioner->status().code, "InvalidParameterValue.CosNotifyRuleConflict");
  EXPECT_EQ(rules_of_the_former(), 2U);
  EXPECT_TRUE(run(make_later(Unmarked::adopt).converge()));
  EXPECT_EQ(difference(), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(ProvisionerTest, LeavesSettingsOfANewerConfigurationAlone) {
  wanted.memory_mb = 256;
  there_is_the_relay();
  relay().description = mark_of(wanted, 3'000).description();
  wanted.memory_mb = 128;
  EXPECT_FALSE(run(make(no_time(), Unmarked::refuse, 2'000).converge()));
  EXPECT_EQ(provisioner->status().state, State::superseded);
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_TRUE(run(make(no_time(), Unmarked::refuse, 4'000).converge()));
  EXPECT_EQ(relay().memory, 128);
  EXPECT_EQ(parse_mark(relay().description)->generation(), 4'000);
}

TEST_F(ProvisionerTest, ReconcilesUntilStoppedAndRepairsDrift) {
  unsigned ready = 0;
  on_status = [&](const ProvisioningStatus& status) {
    if (status.state != State::ready) return;
    switch (++ready) {
      case 1:
        relay().triggers.pop_back();
        break;
      case 2:
        model.functions.clear();
        break;
      case 3:
        relay().environment.clear();
        break;
      default:
        provisioner->stop();
    }
  };
  run(make().keep());
  EXPECT_EQ(ready, 4U);
  EXPECT_EQ(difference(), "");
}

TEST_F(ProvisionerTest, TriesAgainAfterAFailureAtTheNextReconciliation) {
  fail_next("CreateFunction", ModelFault(ErrorKind::permanent, "LimitExceeded.Function"), 3);
  on_status = [&](const ProvisioningStatus& status) {
    if (status.state == State::ready) provisioner->stop();
  };
  run(make().keep());
  EXPECT_EQ(difference(), "");
  EXPECT_EQ(api.count("CreateFunction"), 4U);
}

TEST_F(ProvisionerTest, StopsAfterTheCallUnderWayWhicheverItIs) {
  for (std::size_t at = 1; at < 40; ++at) {
    SCOPED_TRACE(at);
    model = {};
    there_is_the_relay();
    relay().runtime = "Go1";
    model.behaviour.changing = 1;
    model.behaviour.failed_creations = 1;
    api.calls.clear();
    make();
    api.fault = [&](const std::string&) -> std::optional<ModelFault> {
      if (api.calls.size() == at) provisioner->stop();
      return std::nullopt;
    };
    const bool confirmed = run(provisioner->converge());
    if (confirmed) {
      EXPECT_EQ(difference(), "");
      EXPECT_GT(at, 20U);  // the run has more calls than that
      break;
    }
    EXPECT_EQ(api.calls.size(), at);
    EXPECT_NE(provisioner->status().state, State::failed);
  }
}

TEST_F(ProvisionerTest, StopsInTheMiddleOfEveryWait) {
  ProvisioningPace pace = no_time();
  pace.reconcile = std::chrono::hours(1);
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // between two rounds
    if (status.state == State::ready) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());

  model = {};
  model.behaviour.changing = 1'000'000;
  pace.poll = std::chrono::hours(1);
  pace.settle = std::chrono::hours(100);
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // while a function changes
    if (!status.step.empty()) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());

  model = {};
  pace.retry_initial = pace.retry_max = std::chrono::hours(1);
  model.behaviour.everything_fails = ModelFault(ErrorKind::transient, "InternalError");
  make(pace);
  on_status = [&](const ProvisioningStatus& status) {  // while it backs off
    if (status.state == State::retrying) asio::post(io, [this] { provisioner->stop(); });
  };
  run(provisioner->keep());
  EXPECT_FALSE(run(provisioner->converge()));
}

TEST_F(ProvisionerTest, EndsWhenTheApiIsCancelled) {
  api.cancel();
  EXPECT_FALSE(run(make().converge()));
  EXPECT_FALSE(run(provisioner->remove(kForever)));
  EXPECT_EQ(api.calls.size(), 2U);
}

TEST_F(ProvisionerTest, KeepsToTheDeadline) {
  EXPECT_FALSE(run(make().converge(std::chrono::steady_clock::now())));
  EXPECT_THAT(api.calls, IsEmpty());
  model.behaviour.changing = 1'000'000;
  ProvisioningPace pace = no_time();
  pace.poll = std::chrono::hours(1);
  EXPECT_FALSE(run(make(pace).converge(std::chrono::steady_clock::now() + 20ms)));
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("in time"), HasSubstr("function default/relay")));
}

TEST_F(ProvisionerTest, RemovesTriggersThenTheFunction) {
  there_is_the_relay();
  model.behaviour.changing = 2;
  model.behaviour.list_lag = 100;
  make().stop();
  EXPECT_TRUE(run(provisioner->remove(kForever)));
  EXPECT_EQ(provisioner->status().state, State::removed);
  EXPECT_EQ(model.find(wanted), nullptr);
  EXPECT_THAT(api.writes(), ElementsAre("DeleteTrigger", "DeleteTrigger", "DeleteFunction"));
  EXPECT_TRUE(run(provisioner->remove(kForever)));
}

TEST_F(ProvisionerTest, RemovesNothingThatIsNotOurs) {
  there_is_the_relay();
  relay().description = "my own function";
  ModelFunction before = relay();
  EXPECT_FALSE(run(make(no_time(), Unmarked::adopt).remove(kForever)));
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_EQ(provisioner->status().state, State::failed);
}

TEST_F(ProvisionerTest, RemovesWhatCouldNotBeCreatedOrUpdated) {
  for (const std::string status : {"CreateFailed", "UpdateFailed", "DeleteFailed"}) {
    SCOPED_TRACE(status);
    there_is_the_relay();
    relay().status = status;
    relay().triggers.clear();
    EXPECT_TRUE(run(make().remove(kForever)));
    EXPECT_EQ(model.find(wanted), nullptr);
  }
}

TEST_F(ProvisionerTest, WaitsForAFunctionInTheMakingBeforeItRemovesIt) {
  there_is_the_relay();
  relay().status = "Creating";
  relay().changes = {{3, "Active"}};
  EXPECT_TRUE(run(make().remove(kForever)));
  EXPECT_EQ(model.find(wanted), nullptr);
}

TEST_F(ProvisionerTest, GivesUpOnAFunctionThatCannotBeDeleted) {
  there_is_the_relay();
  model.behaviour.failed_deletions = 100;
  EXPECT_FALSE(run(make().remove(kForever)));
  EXPECT_EQ(api.count("DeleteFunction"), 3U);
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("DeleteFailed"));
}

TEST_F(ProvisionerTest, LeavesTheRemovalAtItsDeadline) {
  there_is_the_relay();
  relay().status = "Updating";
  relay().changes = {{1'000'000, "Active"}};
  ProvisioningPace pace = no_time();
  pace.poll = std::chrono::hours(1);
  EXPECT_FALSE(run(make(pace).remove(std::chrono::steady_clock::now() + 20ms)));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("Updating"));
}

TEST_F(ProvisionerTest, ReadsAllPagesOfTriggers) {
  ModelFunction function = test::relay_as_wanted(wanted);
  ModelTrigger timer;
  timer.type = "timer";
  for (unsigned i = 0; i < 250; ++i) {
    timer.name = std::to_string(i);
    function.triggers.insert(function.triggers.begin(), timer);
  }
  there_is(function);
  EXPECT_TRUE(run(make().converge()));
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_EQ(api.count("ListTriggers"), 3U);
}

}  // namespace
}  // namespace gateway::cloud

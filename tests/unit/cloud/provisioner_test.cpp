#include "cloud/provisioner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

using test::ModelFault;
using test::ModelFunction;
using test::ModelTrigger;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using State = ProvisioningState;

TEST_F(ProvisionerTest, MakesFunctionRulesAndTriggersFromNothing) {
  wanted.retries = 1;
  model.behaviour.changing = 3;
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(provisioner->status().state, State::ready);
  EXPECT_THAT(provisioner->status().last_error, IsEmpty());
  EXPECT_THAT(api.writes(), ElementsAre("CreateFunction", "CreateTrigger", "CreateTrigger",
                                        "UpdateFunctionEventInvokeConfig"));
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
  EXPECT_EQ(converge(make()), "");
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
  EXPECT_EQ(converge(make()), "");
  EXPECT_THAT(relay().triggers, testing::IsSupersetOf({timer, elsewhere}));
  EXPECT_THAT(api.writes(), ElementsAre("CreateTrigger", "UpdateTriggerStatus", "DeleteTrigger"));
}

TEST_F(ProvisionerTest, DoesNotRepeatAWriteThatTheListDoesNotShowYet) {
  model.behaviour.list_lag = 5;
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("CreateTrigger"), 2U);
}

TEST_F(ProvisionerTest, BearsAListThatIsVeryLate) {
  model.behaviour.list_lag = 50;
  EXPECT_EQ(converge(make()), "");
}

TEST_F(ProvisionerTest, LooksBeforeItRepeatsAWriteWhoseAnswerWasLost) {
  for (const std::string action : {"CreateFunction", "CreateTrigger"}) {
    SCOPED_TRACE(action);
    model = {};
    fail_next(action, ModelFault(ErrorKind::transient, "ClientError.Connection", true));
    EXPECT_EQ(converge(make()), "");
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
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(model.creations, 0U);
}

TEST_F(ProvisionerTest, MakesAFunctionOfAnotherRuntimeAnewWithItsTriggersGoneFirst) {
  there_is_the_relay();
  relay().runtime = "Go1";
  EXPECT_EQ(converge(make()), "");
  EXPECT_THAT(api.writes(),
              ElementsAre("CreateTrigger", "CreateFunction", "DeleteTrigger", "DeleteTrigger",
                          "DeleteFunction", "CreateFunction", "CreateTrigger", "CreateTrigger"))
      << "the first two ask whether it may be made";
}

TEST_F(ProvisionerTest, AdoptsAFunctionThatIsNotOursIfToldTo) {
  there_is_the_relay();
  relay().description = "my own function";
  relay().code = "something else";
  EXPECT_EQ(converge(make(no_time(), Unmarked::adopt)), "");
}

TEST_F(ProvisionerTest, WaitsForTheRuleOfADeletedTriggerToGo) {
  there_is_the_relay();
  relay().triggers[0].suffix = ".old";
  model.behaviour.rule_lag = 3;
  EXPECT_EQ(converge(make()), "");
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
  EXPECT_EQ(converge(make()), "");
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

TEST_F(ProvisionerTest, ReadsOnWhereAPageIsShorterThanItAskedFor) {
  model.behaviour.page = 20;
  Wanted former = wanted;
  former.name = "zz-former";
  ModelFunction other;
  other.description = "theirs";
  for (unsigned i = 0; i < 45; ++i) model.functions[{"default", std::to_string(i)}] = other;
  ModelFunction function = test::relay_as_wanted(former);
  ModelTrigger timer;
  timer.type = "timer";
  for (unsigned i = 0; i < 45; ++i) {
    timer.name = std::to_string(i);
    function.triggers.insert(function.triggers.begin(), timer);
  }
  model.functions[test::key_of(former)] = function;
  EXPECT_EQ(converge(make(no_time(), Unmarked::refuse, 2'000)), "");
}

TEST_F(ProvisionerTest, WritesTheMarkAgainAsSoonAsABucketIsGone) {
  const Wanted after = wanted;
  wanted.buckets.push_back(test::wanted_bucket("gone"));
  there_is_the_relay();
  wanted = after;
  wanted.memory_mb = 256;
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionConfiguration"), 2U);
  EXPECT_LE(api.count("GetFunction"), 6U) << "an update that is over before it shows is no news";
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

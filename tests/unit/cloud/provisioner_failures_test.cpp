// What the provisioner does when the cloud refuses, and what it says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelFault;
using test::ModelTrigger;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = ProvisioningState;

TEST_F(ProvisionerTest, DeletesAndCreatesWhatCouldNotBeCreated) {
  model.behaviour.failed_creations = 2;
  model.behaviour.changing = 1;
  EXPECT_EQ(converge(make()), "");
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
  EXPECT_EQ(converge(make()), "");
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

TEST_F(ProvisionerTest, SaysThatTheAccountIsInArrears) {
  there_is_the_relay();
  relay().available = "InsufficientBalance";
  EXPECT_FALSE(run(make().converge()));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("arrears"));
}

TEST_F(ProvisionerTest, GivesUpAtOnceOnAPermanentErrorAndSaysIfItIsForWantOfRights) {
  for (const auto kind : {ErrorKind::permanent, ErrorKind::denied}) {
    fail_next("CreateFunction", ModelFault(kind, "LimitExceeded.Function"));
    EXPECT_EQ(state_after(make()), State::failed);
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
  EXPECT_EQ(converge(make()), "");
  EXPECT_EQ(api.count("UpdateFunctionConfiguration"), 501U);
}

TEST_F(ProvisionerTest, TellsWhatTheServiceSaidOfWhatDoesNotShow) {
  there_is_the_relay();
  relay().triggers.clear();
  fail_next("CreateTrigger", ModelFault(ErrorKind::exists, "ResourceInUse.Trigger"), 1'000'000);
  EXPECT_EQ(state_after(make()), State::failed);
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
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("function default/relay"), HasSubstr("it is Creating"),
                    HasSubstr("after 0.2 s")));
}

TEST_F(ProvisionerTest, GivesUpIfSomebodyUndoesItsWork) {
  there_is_the_relay();
  relay().triggers.clear();
  api.acted = [&](const std::string& action) {
    if (action == "CreateTrigger") relay().triggers.clear();
  };
  ProvisioningPace pace = no_time();
  pace.settle = 100'000ms;
  EXPECT_FALSE(run(make(pace).converge()));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("does another program"));
}

TEST_F(ProvisionerTest, DoesNotSayThatNobodyHoldsARuleWhereItCouldNotLook) {
  ModelTrigger theirs;
  theirs.name = wanted.buckets[0].endpoint.host();
  theirs.event = "cos:ObjectCreated:Put";
  model.other_rules.push_back(theirs);
  fail_next("ListFunctions", ModelFault(ErrorKind::denied, "UnauthorizedOperation.CAM"), 1'000);
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("is not known"), HasSubstr("UnauthorizedOperation.CAM")));
}

TEST_F(ProvisionerTest, NamesTheRuleThatIsTaken) {
  wanted.buckets[0].suffix = ".jpg";
  ModelTrigger theirs;
  theirs.name = wanted.buckets[0].endpoint.host();
  theirs.event = "cos:ObjectCreated:Put";
  model.other_rules.push_back(theirs);
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_EQ(provisioner->status().code, "InvalidParameterValue.CosNotifyRuleConflict");
  EXPECT_THAT(provisioner->status().last_error,
              AllOf(HasSubstr("cos:ObjectCreated:*"), HasSubstr("'in/'"), HasSubstr("'.jpg'"),
                    HasSubstr(wanted.buckets[0].endpoint.host()), HasSubstr("default/somebody")));
}

}  // namespace
}  // namespace gateway::cloud

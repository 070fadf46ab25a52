// How the provisioner removes what it has made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelFunction;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = ProvisioningState;

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

TEST_F(ProvisionerTest, SaysThatMoreMayBeLeftWhereItCouldNotLook) {
  there_is_the_relay();
  fail_next("ListFunctions", test::ModelFault(ErrorKind::denied, "UnauthorizedOperation.CAM"), 100);
  EXPECT_FALSE(run(make().remove(kForever)));
  EXPECT_EQ(model.find(wanted), nullptr);
  EXPECT_EQ(provisioner->status().state, State::failed);
  EXPECT_TRUE(provisioner->status().denied);
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("predecessors"));
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
  EXPECT_FALSE(run(make(pace).remove(std::chrono::steady_clock::now() + 300ms)));
  EXPECT_THAT(provisioner->status().last_error, HasSubstr("Updating"));
}

}  // namespace
}  // namespace gateway::cloud

// How a function takes over from the one of another name, or stands back from a newer one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cloud/function_mark.hpp"
#include "unit/cloud/provisioner_support.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::ModelFault;
using test::ModelFunction;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using State = ProvisioningState;

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
  EXPECT_EQ(converge(make(no_time(), Unmarked::refuse, 2'000)), "");
  ASSERT_TRUE(there_is_a_former());
  EXPECT_EQ(rules_of_the_former(), 0U);
  EXPECT_THAT(api.writes(),
              ElementsAre("CreateFunction", "UpdateFunctionConfiguration", "CreateTrigger",
                          "DeleteTrigger", "CreateTrigger", "DeleteTrigger", "CreateTrigger"));
  EXPECT_THAT(tokens, ElementsAre("f0rmer="));
  EXPECT_TRUE(run(provisioner->converge()));
  EXPECT_EQ(api.writes().size(), 7U) << "nothing is due yet";
}

TEST_F(RenamedTest, DoesNotKnowWhoElseSignsWhileItsOwnFunctionChanges) {
  EXPECT_EQ(converge(make(no_time(), Unmarked::refuse, 2'000)), "");
  relay().status = "Updating";
  relay().changes = {{2, "Active"}};
  all_tokens.clear();
  EXPECT_TRUE(run(provisioner->converge()));
  ASSERT_GE(all_tokens.size(), 2U);
  EXPECT_FALSE(all_tokens.front());
  EXPECT_TRUE(all_tokens.back());
}

TEST_F(RenamedTest, DeletesThePredecessorInTime) {
  EXPECT_EQ(converge(make_later()), "");
  EXPECT_FALSE(there_is_a_former());
  EXPECT_THAT(tokens, IsEmpty());
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
    EXPECT_EQ(converge(make_later()), "");
    EXPECT_FALSE(there_is_a_former());
    if (done) break;
  }
}

TEST_F(RenamedTest, PutsTheRuleBackIfTheNewOneIsRefusedForGood) {
  fail_next("CreateTrigger", ModelFault(ErrorKind::denied, "UnauthorizedOperation.CreateTrigger"));
  EXPECT_EQ(state_after(make_later()), State::failed);
  EXPECT_EQ(rules_of_the_former(), 2U);
  EXPECT_EQ(converge(make_later()), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(RenamedTest, TriesAgainIfTheNewRuleIsRefusedForNow) {
  fail_next("CreateTrigger", ModelFault(ErrorKind::transient, "InternalError"), 3);
  model.behaviour.rule_lag = 2;
  model.behaviour.list_lag = 3;
  EXPECT_EQ(converge(make_later()), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(RenamedTest, StandsBackFromANewerOneAndSaysSo) {
  model.functions[test::key_of(former)].description = mark_of(former, 3'000).description();
  EXPECT_EQ(state_after(make(no_time(), Unmarked::refuse, 2'000)), State::superseded);
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
    EXPECT_EQ(converge(make()), "");
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
  EXPECT_EQ(converge(make_later(Unmarked::adopt)), "");
  EXPECT_FALSE(there_is_a_former());
}

TEST_F(ProvisionerTest, LeavesSettingsOfANewerConfigurationAlone) {
  wanted.memory_mb = 256;
  there_is_the_relay();
  relay().description = mark_of(wanted, 3'000).description();
  wanted.memory_mb = 128;
  EXPECT_EQ(state_after(make(no_time(), Unmarked::refuse, 2'000)), State::superseded);
  EXPECT_THAT(api.writes(), IsEmpty());
  EXPECT_TRUE(run(make(no_time(), Unmarked::refuse, 4'000).converge()));
  EXPECT_EQ(relay().memory, 128);
  EXPECT_EQ(parse_mark(relay().description)->generation, 4'000);
}

}  // namespace
}  // namespace gateway::cloud

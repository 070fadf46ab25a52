// That no bucket is left without a rule when what is new is refused: what was there stays, or is
// put back.
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
using test::ModelTrigger;
using State = ProvisioningState;

class PutBackTest : public ProvisionerTest {
 protected:
  // Every call of `action` from the `first` one on fails with `codes`, one after the other; the
  // last one of them stays.
  void refuse(const std::string& action, std::vector<ModelFault> codes, unsigned first = 1) {
    api.fault = [=, calls = 0U](const std::string& called) mutable -> std::optional<ModelFault> {
      if (called != action || ++calls < first) return std::nullopt;
      return codes[std::min<std::size_t>(calls - first, codes.size() - 1)];
    };
  }
  // Another product holds a rule that the wanted ones would overlap.
  void another_product_holds(const std::string& prefix) {
    ModelTrigger rule;
    rule.name = wanted.buckets[0].endpoint.host();
    rule.event = "cos:ObjectCreated:*";
    rule.prefix = prefix;
    model.other_rules.push_back(rule);
  }
  [[nodiscard]] static std::vector<std::string> rules_of(const ModelFunction& function) {
    std::vector<std::string> found;
    for (const auto& trigger : function.triggers) {
      if (!trigger.deleted) found.push_back(trigger.event + " " + trigger.prefix);
    }
    std::ranges::sort(found);
    return found;
  }
  // Returns a predecessor of another name, which holds the wanted events.
  Wanted there_is_a_former() {
    Wanted former = wanted;
    former.name = "former";
    ModelFunction function = test::relay_as_wanted(former);
    function.description = mark_of(former, 1'000).description();
    model.functions[test::key_of(former)] = function;
    return former;
  }

  const std::vector<std::string> both_{"cos:ObjectCreated:* in/", "cos:ObjectRemove:* in/"};
  const ModelFault transient_{ErrorKind::transient, "InternalError"};
  const ModelFault stubborn_{ErrorKind::stubborn, "UnsupportedOperation.Cos"};
  const ModelFault full_{ErrorKind::permanent, "LimitExceeded.Trigger"};
  const ModelFault denied_{ErrorKind::denied, "UnauthorizedOperation.CAM"};
};

TEST_F(PutBackTest, APredecessorKeepsItsRulesWhicheverAttemptIsRefused) {
  const Wanted former = there_is_a_former();
  for (const unsigned first : {1U, 2U}) {  // what asks, and what comes after the deletion
    for (const auto& codes : {std::vector{full_}, {denied_}, {transient_, full_}, {stubborn_}}) {
      SCOPED_TRACE(codes.back().code);
      refuse("CreateTrigger", codes, first);
      // What puts back is not refused.
      auto refused = api.fault;
      api.fault = [&, refused](const std::string& action) mutable -> std::optional<ModelFault> {
        const bool puts_back = action == "CreateTrigger" && !api.sent.empty() &&
                               api.sent.back().at("FunctionName").as_string() == "former";
        return puts_back ? std::nullopt : refused(action);
      };
      EXPECT_EQ(state_after(make(no_time(), Unmarked::refuse, 2'000)), State::failed);
      EXPECT_EQ(rules_of(*model.find(former)), both_);
      api.fault = nullptr;
    }
  }
  EXPECT_EQ(converge(make(no_time(), Unmarked::refuse, 3'000)), "");
  EXPECT_THAT(rules_of(*model.find(former)), testing::IsEmpty());
}

TEST_F(PutBackTest, APredecessorKeepsItsRulesWhereTheRightToMakeNewOnesIsMissing) {
  const Wanted former = there_is_a_former();
  refuse("CreateTrigger", {denied_});
  EXPECT_EQ(state_after(make(no_time(), Unmarked::refuse, 2'000)), State::failed);
  EXPECT_TRUE(provisioner->status().denied);
  EXPECT_EQ(rules_of(*model.find(former)), both_);
  EXPECT_EQ(api.count("DeleteTrigger"), 0U) << "what has no right to make it cannot put it back";
}

TEST_F(PutBackTest, APredecessorGetsItsRulesBackIfAnotherProductHoldsAPartOfTheNewOnes) {
  const Wanted former = there_is_a_former();
  wanted.buckets[0].prefix.clear();
  another_product_holds("thumbs/");
  EXPECT_EQ(state_after(make(no_time(), Unmarked::refuse, 2'000)), State::failed);
  EXPECT_EQ(provisioner->status().code, "InvalidParameterValue.CosNotifyRuleConflict");
  EXPECT_EQ(rules_of(*model.find(former)), both_);
}

TEST_F(PutBackTest, APredecessorGetsItsRulesBackAtTheDeadline) {
  const Wanted former = there_is_a_former();
  wanted.buckets[0].prefix.clear();
  another_product_holds("thumbs/");
  ProvisioningPace pace = no_time();
  pace.stubborn_attempts = 1'000'000;
  pace.poll = 1ms;
  const auto deadline = std::chrono::steady_clock::now() + 300ms;
  EXPECT_FALSE(run(make(pace, Unmarked::refuse, 2'000).converge(deadline)));
  EXPECT_EQ(rules_of(*model.find(former)), both_);
}

TEST_F(PutBackTest, AFunctionKeepsItsOwnRuleIfAWiderOneIsRefused) {
  there_is_the_relay();
  wanted.buckets[0].prefix.clear();
  another_product_holds("thumbs/");
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_EQ(rules_of(relay()), both_);
  model.other_rules.clear();
  EXPECT_EQ(converge(make()), "");
}

TEST_F(PutBackTest, WhatWasPutBackIsNotTakenAwayInEveryRound) {
  there_is_the_relay();
  wanted.buckets[0].prefix.clear();
  another_product_holds("thumbs/");
  ProvisioningPace pace = no_time();
  pace.reconcile = 10min;
  EXPECT_EQ(state_after(make(pace)), State::failed);
  const std::size_t deletions = api.count("DeleteTrigger");
  const std::string error = provisioner->status().last_error;
  EXPECT_EQ(state_after(*provisioner), State::failed);
  EXPECT_EQ(provisioner->status().last_error, error);
  EXPECT_EQ(api.count("DeleteTrigger"), deletions) << "each leaves the bucket without a rule";
}

TEST_F(PutBackTest, AFunctionKeepsItsOwnRuleIfOneElsewhereIsRefused) {
  there_is_the_relay();
  wanted.buckets[0].prefix = "out/";
  another_product_holds("out/");
  EXPECT_EQ(state_after(make()), State::failed);
  EXPECT_THAT(rules_of(relay()), testing::Contains("cos:ObjectCreated:* in/"));
}

TEST_F(PutBackTest, ARuntimeThatTheRegionDoesNotHaveLeavesTheFunctionAsItWas) {
  for (const unsigned first : {1U, 2U}) {  // what asks, and what comes after the deletion
    SCOPED_TRACE(first);
    model = {};
    wanted.runtime = "Nodejs18.15";
    there_is_the_relay();
    wanted.runtime = "Nodejs18.51";
    unsigned calls = 0;
    api.fault = [&](const std::string& action) -> std::optional<ModelFault> {
      if (action != "CreateFunction" || ++calls < first) return std::nullopt;
      if (api.sent.back().at("Runtime").as_string() == "Nodejs18.15") return std::nullopt;
      return ModelFault(ErrorKind::permanent, "InvalidParameterValue.Runtime");
    };
    EXPECT_EQ(state_after(make()), State::failed);
    EXPECT_EQ(provisioner->status().code, "InvalidParameterValue.Runtime");
    EXPECT_EQ(relay().runtime, "Nodejs18.15");
    EXPECT_EQ(rules_of(relay()), both_);
    const std::size_t creations = api.count("CreateFunction");
    EXPECT_EQ(state_after(*provisioner), State::failed);
    EXPECT_EQ(api.count("CreateFunction"), creations) << "it is not tried again and again";
  }
}

TEST_F(PutBackTest, ARuntimeChangeWithoutARightLeavesTheRules) {
  for (const std::string right : {"DeleteTrigger", "DeleteFunction", "CreateFunction",
                                  "CreateTrigger", "UpdateFunctionEventInvokeConfig"}) {
    SCOPED_TRACE(right);
    model = {};
    wanted.runtime = "Nodejs18.15";
    wanted.retries = 1;
    there_is_the_relay();
    relay().retries = 2;
    wanted.runtime = "Nodejs16.13";
    refuse(right, {denied_});
    EXPECT_EQ(state_after(make()), State::failed);
    EXPECT_TRUE(provisioner->status().denied);
    EXPECT_EQ(rules_of(relay()), both_);
  }
}

}  // namespace
}  // namespace gateway::cloud

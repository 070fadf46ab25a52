#include "cloud/provisioning_plan.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "cloud/function_mark.hpp"
#include "support/wanted_relay.hpp"
#include "unit/cloud/plan_support.hpp"

namespace gateway::cloud {
namespace {

using test::wanted;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Found as_wanted() {
  Found found;
  FoundFunction function;
  function.status = "Active";
  function.available = "Available";
  function.type = "Event";
  function.runtime = wanted().runtime;
  function.handler = wanted().handler;
  function.description = mark_of(wanted()).description();
  function.memory_mb = 128;
  function.timeout_seconds = 60;
  function.public_net = true;
  function.environment = {{"GATEWAY_TOKEN", "s3cret"}, {"GATEWAY_URL", "http://gateway.example"}};
  found.function = function;
  FoundRetryRules rules;
  rules.retries = 2;
  rules.max_age_seconds = 21600;
  found.retry_rules = rules;
  for (const auto& event : wanted().buckets[0].events) {
    found.triggers.push_back(test::found_trigger(wanted().buckets[0].endpoint.host(), event,
                                                 wanted().buckets[0].prefix));
  }
  return found;
}

// "update UpdateFunctionCode", or "wait" and "refuse": what is not `none`, in order.
std::vector<std::string> steps(const Plan& plan) {
  std::vector<std::string> found;
  for (const auto& step : plan.steps) {
    if (step.action == PlannedStep::Action::none) continue;
    std::string text(label(step.action));
    if (!step.call.action.empty()) text += " " + step.call.action;
    found.push_back(text);
  }
  return found;
}

Plan converge(const Found& found, const ProvisioningHistory& history = {},
              Unmarked unmarked = Unmarked::refuse) {
  Claim claim;
  claim.unmarked = unmarked;
  return plan_convergence(wanted(), found, history, claim);
}

struct PlanCase {
  std::string name;
  std::function<void(Found&)> change;
  std::vector<std::string> steps;
  std::string reason;  // of the first step
};

TEST(ProvisioningPlan, TakesTheStepsThatTheFoundStateAsksFor) {
  const std::string anew = "DeleteFunction";
  const std::vector<PlanCase> cases{
      {"nothing", [](Found&) {}, {}, ""},
      {"settling",
       [](Found& f) { f.function->status = "Publishing"; },
       {"wait"},
       "it is Publishing"},
      {"new state", [](Found& f) { f.function->status = "Thawing"; }, {"wait"}, "it is Thawing"},
      {"not ours", [](Found& f) { f.function->description = "x"; }, {"refuse"}, "--adopt"},
      {"arrears",
       [](Found& f) { f.function->available = "InsufficientBalance"; },
       {"refuse"},
       "arrears"},
      {"memory",
       [](Found& f) { f.function->memory_mb = 64; },
       {"update UpdateFunctionConfiguration"},
       "memory is 64 MB, wanted 128 MB"},
      {"timeout",
       [](Found& f) { f.function->timeout_seconds = 3; },
       {"update UpdateFunctionConfiguration"},
       "timeout is 3 s, wanted 60 s"},
      {"environment",
       [](Found& f) { f.function->environment[0].second = "x"; },
       {"update UpdateFunctionConfiguration"},
       "environment differs in GATEWAY_TOKEN"},
      {"network",
       [](Found& f) { f.function->public_net = false; },
       {"update UpdateFunctionConfiguration"},
       "public network"},
      {"untold settings",
       [](Found& f) {
         f.function->public_net.reset();
         f.function->memory_mb.reset();
         f.function->runtime.clear();
         f.function->handler.clear();
         f.function->type.clear();
       },
       {},
       ""},
      {"handler",
       [](Found& f) { f.function->handler = "main"; },
       {"update UpdateFunctionCode"},
       "handler is main"},
      {"code",
       [](Found& f) {
         f.function->description =
             FunctionMark("0123456789abcdef", mark_of(wanted()).settings).description();
       },
       {"update UpdateFunctionCode", "update UpdateFunctionConfiguration"},
       "it is 0123456789abcdef"},
      {"an unreadable mark",
       [](Found& f) { f.function->description = "Managed by cos gateway. Later format."; },
       {"update UpdateFunctionCode", "update UpdateFunctionConfiguration"},
       "it is unknown"},
      {"retries",
       [](Found& f) { f.retry_rules->retries = 0; },
       {"update UpdateFunctionEventInvokeConfig"},
       "retries 0, wanted 2"},
      {"max age",
       [](Found& f) { f.retry_rules->max_age_seconds = 60; },
       {"update UpdateFunctionEventInvokeConfig"},
       "max age 60 s, wanted 21600 s"},
      {"a disabled trigger",
       [](Found& f) { f.triggers[1].enabled = false; },
       {"update UpdateTriggerStatus"},
       "disabled"},
      {"a missing trigger",
       [](Found& f) { f.triggers.pop_back(); },
       {"create CreateTrigger"},
       "absent"},
      {"a trigger on $LATEST", [](Found& f) { f.triggers[0].qualifier = "$LATEST"; }, {}, ""},
      {"a stale trigger that is in the way",
       [](Found& f) { f.triggers[0].suffix = ".old"; },
       {"move DeleteTrigger"},
       "no such trigger"},
      {"a stale trigger that is not goes last",
       [](Found& f) { f.triggers[0].prefix = "out/"; },
       {"create CreateTrigger", "remove DeleteTrigger"},
       "absent"},
      {"a stale trigger that takes the last place",
       [](Found& f) {
         f.triggers[0].prefix = "out/";
         for (unsigned i = 0; i < 8; ++i) {
           f.triggers.push_back(f.triggers[0]);
           f.triggers.back().name = "other-1.cos.ap-guangzhou.myqcloud.com";
         }
       },
       {"move DeleteTrigger"},
       "no such trigger"},
      {"a trigger of a version",
       [](Found& f) { f.triggers[0].qualifier = "1"; },
       {"move DeleteTrigger"},
       "no such trigger"},
      {"a duplicate",
       [](Found& f) {
         f.triggers.push_back(f.triggers[0]);
         f.triggers.back().qualifier = "$LATEST";
       },
       {"remove DeleteTrigger"},
       "another one like it"},
      {"twice the same", [](Found& f) { f.triggers.push_back(f.triggers[0]); }, {}, ""},
      {"others' triggers",
       [](Found& f) {
         f.triggers.push_back(f.triggers[0]);
         f.triggers.back().name = "other-1.cos.ap-guangzhou.myqcloud.com";
         f.triggers.push_back(f.triggers[0]);
         f.triggers.back().type = "ckafka";
       },
       {},
       ""},
      {"update failed",
       [](Found& f) { f.function->status = "UpdateFailed"; },
       {"update UpdateFunctionCode", "update UpdateFunctionConfiguration"},
       "it is UpdateFailed"},
      {"create failed",
       [](Found& f) {
         f.function->status = "CreateFailed";
         f.triggers.clear();
       },
       {"remove " + anew, "create CreateFunction", "create CreateTrigger", "create CreateTrigger",
        "update UpdateFunctionEventInvokeConfig"},
       "it is CreateFailed"},
      {"another type",
       [](Found& f) { f.function->type = "HTTP"; },
       {"remove DeleteTrigger", "remove DeleteTrigger", "remove " + anew, "create CreateFunction",
        "create CreateTrigger", "create CreateTrigger", "update UpdateFunctionEventInvokeConfig"},
       "the function goes"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.name);
    Found found = as_wanted();
    one.change(found);
    ProvisioningHistory history;
    history.looked(found);
    const Plan plan = converge(found, history);
    EXPECT_EQ(steps(plan), one.steps);
    const PlannedStep* next = plan.next();
    EXPECT_EQ(next == nullptr, one.steps.empty());
    if (next != nullptr) EXPECT_THAT(next->reason, HasSubstr(one.reason));
  }
}

TEST(ProvisioningPlan, StartsWithTheFunctionIfThereIsNothing) {
  EXPECT_THAT(steps(converge(Found())),
              ElementsAre("create CreateFunction", "create CreateTrigger", "create CreateTrigger",
                          "update UpdateFunctionEventInvokeConfig"));
}

TEST(ProvisioningPlan, NamesEveryResourceAndSaysWhyItIsLeftAlone) {
  const Plan plan = converge(as_wanted());
  std::vector<std::string> resources;
  for (const auto& step : plan.steps) {
    resources.push_back(step.resource);
    EXPECT_EQ(step.reason, "as wanted");
  }
  EXPECT_THAT(resources,
              ElementsAre("code of function default/relay", "settings of function default/relay",
                          "trigger cos:ObjectCreated:* prefix 'in/' on "
                          "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com",
                          "trigger cos:ObjectRemove:* prefix 'in/' on "
                          "examplebucket-1250000000.cos.ap-guangzhou.myqcloud.com",
                          "retry rules of function default/relay"));
}

TEST(ProvisioningPlan, KeepsTheSameOfTwoTriggersInWhateverOrderTheyAreListed) {
  Found found = as_wanted();
  found.triggers.push_back(found.triggers[0]);
  found.triggers.back().qualifier = "$LATEST";
  const Plan plan = converge(found);
  std::swap(found.triggers.front(), found.triggers.back());
  const Plan other = converge(found);
  ASSERT_NE(plan.next(), nullptr);
  ASSERT_NE(other.next(), nullptr);
  EXPECT_EQ(plan.next()->call.parameters, other.next()->call.parameters);
  EXPECT_EQ(plan.next()->call.parameters.at("Qualifier"), "$LATEST");
}

TEST(ProvisioningPlan, WaitsForWhatWasWrittenAndDoesNotShowThenRepeatsIt) {
  Found found = as_wanted();
  found.triggers.pop_back();
  ProvisioningHistory history;
  const Plan first = converge(found, history);
  history.wrote(first.next()->call.action, first.next()->resource, found);
  for (unsigned looks = 1; looks < ProvisioningHistory::kLooksUntilRepeat; ++looks) {
    history.looked(found);
    EXPECT_THAT(steps(converge(found, history)), ElementsAre("wait"));
  }
  history.looked(found);
  EXPECT_THAT(steps(converge(found, history)), ElementsAre("create CreateTrigger"));
}

TEST(ProvisioningPlan, TrustsItsCodeUpdateOnlyWhileNobodyElseWrites) {
  Found found = as_wanted();
  found.function->description = FunctionMark("0123456789abcdef", "0123456789abcdef").description();
  ProvisioningHistory history;
  history.looked(found);
  history.wrote("UpdateFunctionCode", "code of function default/relay", found);
  history.looked(found);
  EXPECT_THAT(steps(converge(found, history)), ElementsAre("update UpdateFunctionConfiguration"));
  found.function->description = FunctionMark("fedcba9876543210", "0123456789abcdef").description();
  found.function->status = "Updating";
  history.looked(found);
  found.function->status = "Active";
  history.looked(found);
  EXPECT_THAT(steps(converge(found, history)),
              ElementsAre("update UpdateFunctionCode", "update UpdateFunctionConfiguration"));
}

TEST(ProvisioningPlan, AdoptsWithUnknownCodeAndSettings) {
  Found found = as_wanted();
  found.function->description = "mine";
  EXPECT_THAT(steps(converge(found, {}, Unmarked::adopt)),
              ElementsAre("update UpdateFunctionCode", "update UpdateFunctionConfiguration"));
}

TEST(RemovalPlan, TakesTriggersThenTheFunction) {
  EXPECT_THAT(steps(plan_removal(wanted(), as_wanted(), {})),
              ElementsAre("remove DeleteTrigger", "remove DeleteTrigger", "remove DeleteFunction"));
  EXPECT_THAT(steps(plan_removal(wanted(), Found(), {})), IsEmpty());
}

// Returns what is as wanted, with a trigger of somebody else.
Found with_another_trigger(bool timer) {
  Found found = as_wanted();
  found.triggers.push_back(found.triggers[0]);
  FoundTrigger& other = found.triggers.back();
  other.type = timer ? "timer" : "cos";
  other.name = timer ? "nightly" : "other-1.cos.ap-guangzhou.myqcloud.com";
  return found;
}

TEST(RemovalPlan, KeepsAFunctionWithOtherTriggersAndNamesThem) {
  for (const bool timer : {true, false}) {
    const Found found = with_another_trigger(timer);
    const Plan plan = plan_removal(wanted(), found, {});
    EXPECT_THAT(steps(plan), ElementsAre("remove DeleteTrigger", "remove DeleteTrigger", "refuse"));
    EXPECT_THAT(plan.steps.back().reason, HasSubstr(found.triggers.back().name));
  }
}

TEST(ProvisioningPlan, DoesNotMakeAFunctionAnewWhoseOtherTriggersWouldGoWithIt) {
  for (const bool timer : {true, false}) {
    Found found = with_another_trigger(timer);
    found.function->runtime = "Nodejs16.13";
    const Plan plan = converge(found);
    EXPECT_THAT(steps(plan), ElementsAre("refuse"));
    EXPECT_THAT(plan.next()->reason, HasSubstr(found.triggers.back().name));
  }
}

TEST(ProvisioningPlan, AsksBeforeItDeletesWhatItMakesAnew) {
  Found found = as_wanted();
  found.function->runtime = "Nodejs16.13";
  const Plan plan = converge(found);
  ASSERT_EQ(plan.next()->asks.size(), 2U);
  EXPECT_EQ(plan.next()->asks[1].call.action, "CreateFunction");
  EXPECT_EQ(plan.next()->asks[1].call.parameters.at("Runtime").as_string(), wanted().runtime);
  EXPECT_EQ(plan.next()->asks[0].call.action, "CreateTrigger");
  EXPECT_EQ(plan.next()->back.action, "CreateTrigger") << "for when the function cannot go";
}

// It has what else is wanted, and stays as it was but for that.
TEST(ProvisioningPlan, LeavesAFunctionAsItWasThatCannotBeMadeAnew) {
  Found found = as_wanted();
  found.function->runtime = "Nodejs16.13";
  RefusedFunction refused(*found.function);
  refused.text = "CreateFunction: InvalidParameterValue.Runtime";
  refused.denied = true;
  Claim claim;
  claim.refused = &refused;
  found.triggers.pop_back();
  const Plan plan = plan_convergence(wanted(), found, {}, claim);
  EXPECT_THAT(steps(plan),
              ElementsAre("update UpdateFunctionConfiguration", "create CreateTrigger", "refuse"));
  EXPECT_THAT(plan.steps.back().reason, HasSubstr("InvalidParameterValue.Runtime"));
  EXPECT_TRUE(plan.steps.back().denied);
  found.function.reset();
  const Plan again = plan_convergence(wanted(), found, {}, claim);
  EXPECT_EQ(again.next()->call.action, "CreateFunction");
  EXPECT_EQ(again.next()->call.parameters.at("Runtime"), "Nodejs16.13");
}

TEST(RemovalPlan, RefusesWhatIsNotOursAndWaitsForWhatChanges) {
  Found found = as_wanted();
  found.function->description = "mine";
  EXPECT_THAT(steps(plan_removal(wanted(), found, {})), ElementsAre("refuse"));
  found.function->status = "Deleting";
  EXPECT_THAT(steps(plan_removal(wanted(), found, {})), ElementsAre("wait"));
}

}  // namespace
}  // namespace gateway::cloud

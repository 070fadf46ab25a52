#include "cloud/succession_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "support/wanted_relay.hpp"
#include "unit/cloud/plan_support.hpp"

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::kOurs;
using test::rules_of;
using test::steps_with_functions;
using test::wanted;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

FoundTrigger trigger_for(const std::string& event,
                         const std::string& prefix = wanted().buckets[0].prefix) {
  return test::found_trigger(wanted().buckets[0].endpoint.host(), event, prefix);
}

FoundFunction active(const std::string& description) {
  FoundFunction function = test::active_relay(description);
  function.available = "Available";
  function.runtime = wanted().runtime;
  function.handler = wanted().handler;
  return function;
}

// The wanted function is ready but for its triggers; one of ours of another name holds the events.
Found renamed(Generation predecessor = 1'000) {
  Found found;
  found.function = active(mark_of(wanted(), kOurs).description());
  found.retry_rules = rules_of(wanted());
  Wanted former = wanted();
  former.name = "former";
  RelatedFunction related;
  related.space = former.space;
  related.name = former.name;
  related.function = active(mark_of(former, predecessor).description());
  for (const auto& event : former.buckets[0].events) related.triggers.push_back(trigger_for(event));
  found.related.push_back(related);
  return found;
}

Claim claim(std::chrono::seconds now = 10'000s) {
  Claim made;
  made.generation = kOurs;
  made.grace = 360s;
  made.now = std::chrono::sys_seconds(now);
  return made;
}

void supersede(Found& found, std::chrono::seconds since, const std::string& heir = {}) {
  auto& description = found.related[0].function.description;
  FunctionMark mark = parse_mark(description).value_or(FunctionMark());
  Succession succession;
  succession.heir = heir.empty() ? identity_of(wanted().space, wanted().name) : heir;
  succession.generation = kOurs;
  succession.since = std::chrono::sys_seconds(since);
  mark.succession = succession;
  description = mark.description();
}

Plan converge_as(const Found& found, const Claim& by = claim()) {
  return plan_convergence(wanted(), found, {}, by);
}

constexpr const char* kMark = "update UpdateFunctionConfiguration former";
constexpr const char* kMove =
    "move DeleteTrigger former, CreateTrigger relay, DeleteTrigger former, CreateTrigger relay";

TEST(SuccessionPlan, MarksThePredecessorThenMovesEachRuleAtOnce) {
  const Plan plan = converge_as(renamed());
  EXPECT_THAT(steps_with_functions(plan), ElementsAre(kMark, kMove));
  const auto marked = parse_mark(plan.steps[2].call.parameters.at("Description").as_string());
  ASSERT_TRUE(marked && marked->succession);
  EXPECT_EQ(marked->succession->heir, identity_of("default", "relay"));
  EXPECT_EQ(marked->succession->since.time_since_epoch(), 10'000s);
  EXPECT_EQ(marked->generation, 1'000);
  EXPECT_THAT(plan.steps[2].call.parameters, SizeIs(3)) << "nothing else of it is changed";
  const PlannedStep& move = plan.steps[3];
  ASSERT_THAT(move.asks, SizeIs(1)) << "whether it may be made at all";
  EXPECT_EQ(move.asks[0].call.parameters, move.then[0].call.parameters);
  EXPECT_EQ(move.back.action, "CreateTrigger");
  EXPECT_EQ(move.back.parameters.at("FunctionName"), "former");
  EXPECT_EQ(move.then[1].back.parameters.at("FunctionName"), "former");
}

TEST(SuccessionPlan, MakesTheFunctionBeforeItTakesAnythingFromThePredecessor) {
  Found found = renamed();
  found.function.reset();
  found.retry_rules.reset();
  EXPECT_THAT(steps_with_functions(converge_as(found)),
              ElementsAre("create CreateFunction relay", kMark, kMove,
                          "update UpdateFunctionEventInvokeConfig relay"));
}

TEST(SuccessionPlan, DeletesThePredecessorWhenItCanNoLongerBeInvoked) {
  Found found = renamed();
  supersede(found, 10'000s);
  found.related[0].triggers.clear();
  for (const auto& event : wanted().buckets[0].events) found.triggers.push_back(trigger_for(event));
  const Plan early = converge_as(found, claim(10'359s));
  EXPECT_THAT(steps_with_functions(early), IsEmpty());
  EXPECT_EQ(early.again_in, 1s);
  const Plan late = converge_as(found, claim(10'360s));
  EXPECT_THAT(steps_with_functions(late), ElementsAre("remove DeleteFunction former"));
  EXPECT_EQ(late.again_in, std::nullopt);
}

TEST(SuccessionPlan, TakesWhatIsLeftOfThePredecessorsTriggersWithIt) {
  Found found = renamed();
  supersede(found, 0s);
  found.related[0].triggers = {trigger_for("cos:ObjectRestore:Post")};
  for (const auto& event : wanted().buckets[0].events) found.triggers.push_back(trigger_for(event));
  EXPECT_THAT(steps_with_functions(converge_as(found)),
              ElementsAre("remove DeleteTrigger former", "remove DeleteFunction former"));
}

// The new trigger was refused, and the former one put back.
TEST(SuccessionPlan, KeepsAPredecessorThatStillHoldsWantedEvents) {
  Found found = renamed();
  supersede(found, 0s);
  const Plan plan = converge_as(found);
  EXPECT_THAT(steps_with_functions(plan), ElementsAre(kMove)) << "it is not deleted after that";
  EXPECT_EQ(plan.next({wanted().buckets[0].endpoint.host()}), nullptr);
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, {}, claim())),
              ElementsAre("remove DeleteFunction relay", "remove DeleteTrigger former",
                          "remove DeleteTrigger former", "remove DeleteFunction former"));
}

TEST(SuccessionPlan, TakesItsOwnTriggersFromAPredecessorThatHasOthersWhenAllIsRemoved) {
  Found found = renamed();
  supersede(found, 0s);
  found.related[0].triggers.back().type = "timer";
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, {}, claim())),
              ElementsAre("remove DeleteFunction relay", "remove DeleteTrigger former", "refuse"));
}

TEST(SuccessionPlan, KeepsAPredecessorThatHasTriggersOfOthers) {
  for (const bool timer : {true, false}) {
    Found found = renamed();
    supersede(found, 0s);
    FoundTrigger other = trigger_for("cos:ObjectCreated:*");
    if (timer) {
      other.type = "timer";
    } else {
      other.name = "other-1250000000.cos.ap-guangzhou.myqcloud.com";
    }
    found.related[0].triggers = {other};
    for (const auto& event : wanted().buckets[0].events)
      found.triggers.push_back(trigger_for(event));
    EXPECT_THAT(steps_with_functions(converge_as(found)), IsEmpty());
  }
}

struct SuccessionCase {
  std::string name;
  std::function<void(Found&)> change;
  std::vector<std::string> steps;
};

TEST(SuccessionPlan, TakesTheStepsThatTheFoundStateAsksFor) {
  const std::vector<SuccessionCase> cases{
      {"marked already", [](Found& f) { supersede(f, 10'000s); }, {kMove}},
      {"marked for another heir",
       [](Found& f) { supersede(f, 0s, std::string(16, 'a')); },
       {kMark, kMove}},
      {"changing",
       [](Found& f) { f.related[0].function.status = "Updating"; },
       {"wait", kMark, kMove}},
      {"a mark of an older release",
       [](Found& f) {
         f.related[0].function.description =
             "Managed by cos gateway. Code 0123456789abcdef, settings 0123456789abcdef.";
       },
       {kMark, kMove}},
      {"one event of two",
       [](Found& f) { f.related[0].triggers.pop_back(); },
       {"create CreateTrigger relay", kMark, "move DeleteTrigger former, CreateTrigger relay"}},
      {"parts of an event",
       [](Found& f) {
         f.related[0].triggers = {trigger_for("cos:ObjectCreated:Put"),
                                  trigger_for("cos:ObjectCreated:Post", "in/deeper/")};
       },
       {"create CreateTrigger relay", kMark,
        "move DeleteTrigger former, DeleteTrigger former, CreateTrigger relay"}},
      {"a rule of the whole bucket for two wanted ones",
       [](Found& f) { f.related[0].triggers[0].prefix.clear(); },
       {kMark, kMove}},
  };
  for (const auto& [name, change, expected] : cases) {
    SCOPED_TRACE(name);
    Found found = renamed();
    change(found);
    EXPECT_EQ(steps_with_functions(converge_as(found)), expected);
  }
}

// Of every state: whether it is marked, and what is done about the function afterwards.
TEST(SuccessionPlan, TakesOverFromAPredecessorInAnyState) {
  for (const std::string status : {"UpdateFailed", "PublishFailed", "DeleteFailed"}) {
    SCOPED_TRACE(status);
    Found found = renamed();
    found.related[0].function.status = status;
    EXPECT_THAT(steps_with_functions(converge_as(found)), ElementsAre(kMark, kMove));
    // It refuses to be marked: its events are more important.
    ProvisioningHistory history;
    for (unsigned i = 0; i < 3; ++i) {
      history.refused("UpdateFunctionConfiguration", "function default/former");
    }
    EXPECT_THAT(steps_with_functions(plan_convergence(wanted(), found, history, claim())),
                ElementsAre(kMove));
    found.related[0].triggers.clear();
    found.related[0].taken_over = std::chrono::sys_seconds(10'000s);
    for (const auto& event : wanted().buckets[0].events)
      found.triggers.push_back(trigger_for(event));
    EXPECT_EQ(converge_as(found, claim(10'359s)).again_in, 1s);
    EXPECT_THAT(steps_with_functions(converge_as(found, claim(10'360s))),
                ElementsAre("remove DeleteFunction former"));
  }
}

TEST(SuccessionPlan, DeletesAtOnceWhatWasNeverCreated) {
  Found found = renamed();
  found.related[0].function.status = "CreateFailed";
  EXPECT_THAT(steps_with_functions(converge_as(found)), ElementsAre(kMove)) << "it takes no mark";
  found.related[0].triggers.clear();
  found.related[0].taken_over = std::chrono::sys_seconds(10'000s);
  for (const auto& event : wanted().buckets[0].events) found.triggers.push_back(trigger_for(event));
  EXPECT_THAT(steps_with_functions(converge_as(found, claim(10'000s))),
              ElementsAre("remove DeleteFunction former"));
}

TEST(SuccessionPlan, IsReadyThoughAPredecessorCannotBeDeletedYetOrAtAll) {
  Found found = renamed();
  supersede(found, 0s);
  found.related[0].triggers.clear();
  for (const auto& event : wanted().buckets[0].events) found.triggers.push_back(trigger_for(event));
  found.related[0].function.status = "Updating";
  EXPECT_THAT(steps_with_functions(converge_as(found)), IsEmpty());
  EXPECT_EQ(converge_as(found).again_in, 30s);
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, {}, claim())),
              ElementsAre("remove DeleteTrigger relay", "remove DeleteTrigger relay",
                          "remove DeleteFunction relay", "wait"));
  found.related[0].function.status = "DeleteFailed";
  ProvisioningHistory history;
  for (unsigned i = 0; i < 3; ++i) history.refused("DeleteFunction", "function default/former");
  const Plan plan = plan_convergence(wanted(), found, history, claim());
  EXPECT_THAT(steps_with_functions(plan), IsEmpty());
  EXPECT_THAT(plan.steps.back().reason, HasSubstr("delete it in the SCF console"));
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, history, claim())),
              ElementsAre("remove DeleteTrigger relay", "remove DeleteTrigger relay",
                          "remove DeleteFunction relay", "refuse"));
}

TEST(SuccessionPlan, TakesOverFromAnotherNamespace) {
  Found found = renamed();
  found.related[0].space = "other";
  found.related[0].name = "relay";
  const Plan plan = converge_as(found);
  ASSERT_THAT(steps_with_functions(plan), SizeIs(2));
  const auto found_move =
      std::ranges::find(plan.steps, PlannedStep::Action::move, &PlannedStep::action);
  ASSERT_NE(found_move, plan.steps.end());
  const PlannedStep& move = *found_move;
  EXPECT_EQ(move.call.parameters.at("Namespace").as_string(), "other");
  EXPECT_EQ(move.then.front().call.parameters.at("Namespace").as_string(), "default");
}

TEST(SuccessionPlan, LeavesADeploymentAloneThatDoesNotConflict) {
  Found found = renamed();
  for (auto& trigger : found.related[0].triggers) trigger.prefix = "out/";
  EXPECT_THAT(steps_with_functions(converge_as(found)),
              ElementsAre("create CreateTrigger relay", "create CreateTrigger relay"));
}

TEST(SuccessionPlan, StandsBackFromANewerDeployment) {
  std::vector<Found> all(3);
  all[0] = renamed(kOurs + 1);  // it holds the events
  all[1] = renamed();
  all[1].function = active(FunctionMark("0123456789abcdef", "0123456789abcdef").description());
  FunctionMark newer = mark_of(wanted(), kOurs + 1);
  FunctionMark other("0123456789abcdef", newer.settings);
  other.generation = kOurs + 1;
  all[1].function->description = other.description();  // its code is another
  all[2] = renamed();
  FunctionMark taken = mark_of(wanted(), 1);
  Succession succession;
  succession.heir = identity_of("default", "later");
  succession.generation = kOurs + 1;
  taken.succession = succession;
  all[2].function->description = taken.description();  // somebody took over from it
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    const Plan plan = converge_as(all[i]);
    EXPECT_THAT(steps_with_functions(plan), IsEmpty());
    EXPECT_THAT(plan.superseded, HasSubstr("a newer configuration, of 1970-01-01 00:00:02 UTC"));
    EXPECT_THAT(steps_with_functions(plan_removal(wanted(), all[i], {}, claim())), IsEmpty());
  }
}

TEST(SuccessionPlan, GoesOnWhereTheOtherOneIsNotNewerOrDeployedTheSame) {
  for (const Generation other : {Generation{0}, kOurs - 1, kOurs, Generation{1} << 50}) {
    SCOPED_TRACE(other);
    Found found = renamed(other);
    EXPECT_THAT(steps_with_functions(converge_as(found)), ElementsAre(kMark, kMove));
    EXPECT_THAT(converge_as(found).superseded, IsEmpty());
  }
  Found same = renamed();
  same.function->description = mark_of(wanted(), kOurs + 1).description();
  EXPECT_THAT(steps_with_functions(converge_as(same)), ElementsAre(kMark, kMove));
}

TEST(SuccessionPlan, TakesBackWhatAnOlderOneTookOver) {
  Found found = renamed();
  FunctionMark taken = mark_of(wanted(), 1);
  Succession succession;
  succession.heir = identity_of("default", "former");
  succession.generation = kOurs - 1;
  taken.succession = succession;
  found.function->description = taken.description();
  EXPECT_THAT(steps_with_functions(converge_as(found)),
              ElementsAre("update UpdateFunctionConfiguration relay", kMark, kMove));
}

TEST(SuccessionPlan, RemovesPredecessorsAtOnceWithTheFunction) {
  Found found = renamed();
  supersede(found, 10'000s);
  found.related[0].triggers.clear();
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, {}, claim())),
              ElementsAre("remove DeleteFunction relay", "remove DeleteFunction former"));
  found.function.reset();
  EXPECT_THAT(steps_with_functions(plan_removal(wanted(), found, {}, claim())),
              ElementsAre("remove DeleteFunction former"));
}

TEST(SuccessionPlan, GivesAPredecessorTheTimeOfAllItsTries) {
  Wanted slow = wanted();
  slow.retries = 2;
  slow.timeout = 60s;
  EXPECT_EQ(grace_of(slow), 360s);
  slow.retries = 0;
  slow.timeout = 900s;
  EXPECT_EQ(grace_of(slow), 960s);
}

TEST(NotificationRule, OverlapsIfEventsPrefixesAndSuffixesAllDo) {
  const NotificationRule whole{"cos:ObjectCreated:*", "", ""};
  const std::vector<std::pair<NotificationRule, bool>> cases{
      {{"cos:ObjectCreated:*", "", ""}, true},
      {{"cos:ObjectCreated:Put", "a/", ".jpg"}, true},
      {{"cos:ObjectRemove:*", "", ""}, false},
      {{"cos:ObjectRemove:Delete", "", ""}, false},
  };
  for (const auto& [other, expected] : cases) {
    EXPECT_EQ(overlap(whole, other), expected) << other.event;
    EXPECT_EQ(overlap(other, whole), expected) << other.event;
  }
  const NotificationRule part{"cos:ObjectCreated:Put", "Log", ".jpg"};
  EXPECT_TRUE(overlap(part, {"cos:ObjectCreated:Put", "Lo", ""}));
  EXPECT_FALSE(overlap(part, {"cos:ObjectCreated:Post", "Lo", ""}));
  EXPECT_FALSE(overlap(part, {"cos:ObjectCreated:Put", "Lo", ".png"}));
  EXPECT_FALSE(overlap(part, {"cos:ObjectCreated:Put", "old", ".jpg"}));
}

}  // namespace
}  // namespace gateway::cloud

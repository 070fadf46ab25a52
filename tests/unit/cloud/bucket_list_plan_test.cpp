#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cloud/function_mark.hpp"
#include "cloud/provisioning_plan.hpp"
#include "support/wanted_relay.hpp"
#include "unit/cloud/plan_support.hpp"

// What is planned for functions that share the buckets of one configuration.
namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using test::active_relay;
using test::kOurs;
using test::rules_of;
using test::steps_with_functions;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Wanted function_named(const std::string& name, const std::vector<std::string>& buckets) {
  Wanted wanted = test::wanted_relay();
  wanted.name = name;
  wanted.deployment = "the list";
  wanted.buckets.clear();
  for (const auto& bucket : buckets) {
    wanted.buckets.push_back(test::wanted_bucket(bucket));
    wanted.buckets.back().events.pop_back();
  }
  return wanted;
}

FoundTrigger trigger_on(const std::string& bucket) {
  return test::found_trigger(test::wanted_bucket(bucket).endpoint.host(), "cos:ObjectCreated:*",
                             "in/");
}

Found found_as(const Wanted& wanted, const std::vector<std::string>& triggers) {
  Found found;
  found.function = active_relay(mark_of(wanted, kOurs).description());
  found.retry_rules = rules_of(wanted);
  for (const auto& bucket : triggers) found.triggers.push_back(trigger_on(bucket));
  return found;
}

RelatedFunction related(const Wanted& wanted, const std::vector<std::string>& triggers,
                        Generation generation = kOurs) {
  RelatedFunction one;
  one.space = wanted.space;
  one.name = wanted.name;
  one.function = active_relay(mark_of(wanted, generation).description());
  for (const auto& bucket : triggers) one.triggers.push_back(trigger_on(bucket));
  return one;
}

Claim claim(const std::vector<Wanted>& list, bool keeps_house = true) {
  Claim made;
  made.generation = kOurs;
  made.grace = 360s;
  made.now = std::chrono::sys_seconds(10'000s);
  made.siblings = &list;
  made.keeps_house = keeps_house;
  return made;
}

TEST(BucketListPlan, TheGiverLeavesARuleUntilTheTakerHasIt) {
  const std::vector<Wanted> list{function_named("giver", {"a"}),
                                 function_named("taker", {"b", "c"})};
  const Wanted before = function_named("giver", {"a", "b"});
  Found giver = found_as(before, {"a", "b"});
  const Plan kept = plan_convergence(list[0], giver, {}, claim(list));
  EXPECT_THAT(steps_with_functions(kept), ElementsAre("update UpdateFunctionConfiguration giver"));
  EXPECT_THAT(kept.steps[2].reason, HasSubstr("function default/taker takes it over"));
  // The mark that is written still has the bucket.
  const auto written = parse_mark(kept.steps[1].call.parameters.at("Description").as_string());
  ASSERT_TRUE(written);
  EXPECT_TRUE(written->names_bucket(trigger_on("b").name));

  Found taker = found_as(list[1], {"c"});
  taker.related.push_back(related(before, {"a", "b"}));
  const Plan taken = plan_convergence(list[1], taker, {}, claim(list, false));
  EXPECT_THAT(steps_with_functions(taken),
              ElementsAre("move DeleteTrigger giver, CreateTrigger taker"))
      << "the giver is not marked as superseded";

  // When it is gone, the giver's mark is written once more, without it.
  giver = found_as(list[0], {"a"});
  FunctionMark mark = mark_of(list[0], kOurs);
  mark.add_bucket(trigger_on("b").name);
  giver.function->description = mark.description();
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], giver, {}, claim(list))),
              ElementsAre("update UpdateFunctionConfiguration giver"));
}

TEST(BucketListPlan, ATriggerGoesIfTheMarkNamesItsBucket) {
  const std::vector<Wanted> list{function_named("relay", {"a"})};
  const Wanted before = function_named("relay", {"a", "b"});
  EXPECT_THAT(
      steps_with_functions(
          plan_convergence(list[0], found_as(before, {"a", "b"}), {}, claim(list))),
      ElementsAre("update UpdateFunctionConfiguration relay", "remove DeleteTrigger relay"));
  EXPECT_THAT(steps_with_functions(
                  plan_convergence(list[0], found_as(list[0], {"a", "b"}), {}, claim(list))),
              IsEmpty())
      << "somebody else has put it there";
}

TEST(BucketListPlan, AFunctionThatIsNoLongerConfiguredIsEmptiedMarkedAndDeleted) {
  const std::vector<Wanted> list{function_named("relay", {"a"}), function_named("other", {"b"})};
  const Wanted gone = function_named("gone", {"b", "c"});
  Found found = found_as(list[0], {"a"});
  found.related.push_back(related(gone, {"b", "c"}, kOurs - 1));
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, claim(list))),
              ElementsAre("remove DeleteTrigger gone"))
      << "b is taken over by the other function";
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, claim(list, false))),
              IsEmpty());
  found.related[0].triggers.clear();
  const Plan marks = plan_convergence(list[0], found, {}, claim(list));
  ASSERT_THAT(steps_with_functions(marks), ElementsAre("update UpdateFunctionConfiguration gone"));
  found.related[0].function.description =
      std::string(marks.steps.back().call.parameters.at("Description").as_string());
  Claim later = claim(list);
  EXPECT_EQ(plan_convergence(list[0], found, {}, later).again_in, 360s);
  later.now += 360s;
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, later)),
              ElementsAre("remove DeleteFunction gone"));
}

TEST(BucketListPlan, TriggersOfOneFunctionGoInOneGo) {
  const std::vector<Wanted> list{function_named("relay", {"a"})};
  Found found = found_as(function_named("relay", {"a", "b", "c"}), {"a", "b", "c"});
  found.function->description =
      mark_of(function_named("relay", {"a", "b", "c"}), kOurs).description();
  found.related.push_back(related(function_named("gone", {"d", "e", "f"}), {"d", "e", "f"}));
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, claim(list))),
              ElementsAre("update UpdateFunctionConfiguration relay",
                          "remove DeleteTrigger relay, DeleteTrigger relay",
                          "remove DeleteTrigger gone, DeleteTrigger gone, DeleteTrigger gone"));
}

// Two teams of one account that gave their functions the same name.
TEST(BucketListPlan, AFunctionOfAnotherListThatHasNoBucketInCommonIsRefused) {
  const std::vector<Wanted> list{function_named("relay", {"a"}), function_named("relay-2", {"b"})};
  Wanted other = function_named("relay", {"x"});
  other.deployment = "another list";
  Found found = found_as(other, {"x"});
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, claim(list))),
              ElementsAre("refuse"));
  EXPECT_THAT(steps_with_functions(plan_removal(list[0], found, {}, claim(list))),
              ElementsAre("refuse"));
  Claim adopts = claim(list);
  adopts.unmarked = Unmarked::adopt;
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, adopts)),
              testing::Not(testing::Contains("refuse")));
  other.deployment = list[0].deployment;
  EXPECT_THAT(
      steps_with_functions(plan_convergence(list[0], found_as(other, {"x"}), {}, claim(list))),
      testing::Not(testing::Contains("refuse")))
      << "the list has changed altogether";
  other.deployment = "another list";
  other.buckets = list[1].buckets;
  EXPECT_THAT(
      steps_with_functions(plan_convergence(list[0], found_as(other, {"b"}), {}, claim(list))),
      testing::Not(testing::Contains("refuse")))
      << "it posts elsewhere now, and entries have moved";
}

TEST(BucketListPlan, AFunctionOfAnotherBucketThatPostsElsewhereIsRefused) {
  std::vector<Wanted> mine{function_named("relay", {"a"})};
  mine[0].deployment.clear();
  Wanted theirs = function_named("relay", {"x"});
  theirs.deployment.clear();
  Found found = found_as(theirs, {"x"});
  EXPECT_THAT(steps_with_functions(plan_convergence(mine[0], found, {}, claim(mine))),
              testing::Not(testing::Contains("refuse")))
      << "the bucket of one gateway has changed";
  found.function->environment[1].second = "http://elsewhere.example";
  EXPECT_THAT(steps_with_functions(plan_convergence(mine[0], found, {}, claim(mine))),
              ElementsAre("refuse"));
}

// Where functions cannot be listed nobody can say that nothing is left there.
TEST(BucketListPlan, APlaceThatCannotBeListedIsNotDoneWith) {
  Wanted nothing = function_named("", {});
  Found found;
  found.unlisted =
      ApiError(ErrorKind::denied, "ListFunctions", "UnauthorizedOperation.CAM", {}, {});
  for (const bool removal : {false, true}) {
    const Plan plan =
        removal ? plan_removal(nothing, found, {}) : plan_convergence(nothing, found, {});
    ASSERT_THAT(steps_with_functions(plan), ElementsAre("refuse"));
    EXPECT_TRUE(plan.next()->denied);
  }
}

TEST(BucketListPlan, AFunctionOfANewerOrAnotherListIsLeftAlone) {
  const std::vector<Wanted> list{function_named("relay", {"a"})};
  Found found = found_as(list[0], {"a"});
  found.related.push_back(related(function_named("newer", {"c"}), {"c"}, kOurs + 1));
  Wanted other = function_named("another", {"d"});
  other.deployment = "another list";
  found.related.push_back(related(other, {"d"}, kOurs - 1));
  EXPECT_THAT(steps_with_functions(plan_convergence(list[0], found, {}, claim(list))), IsEmpty());
}

TEST(BucketListPlan, ANewerHolderHasOneBucketAlone) {
  const std::vector<Wanted> list{function_named("relay", {"a", "b"})};
  Found found = found_as(list[0], {});
  Wanted newer = function_named("newer", {"a"});
  newer.deployment.clear();
  found.related.push_back(related(newer, {"a"}, kOurs + 1));
  const Plan plan = plan_convergence(list[0], found, {}, claim(list));
  EXPECT_THAT(steps_with_functions(plan), ElementsAre("create CreateTrigger relay"));
  EXPECT_THAT(plan.superseded, IsEmpty());
  EXPECT_THAT(plan.superseded_buckets, testing::SizeIs(1));
}

TEST(BucketListPlan, GoesOnWithTheBucketsThatAreNotHeldUp) {
  Plan plan;
  const auto add = [&](PlannedStep::Action action, const std::string& bucket) {
    plan.steps.push_back(step(action, "trigger", bucket));
    plan.steps.back().bucket = bucket;
  };
  add(PlannedStep::Action::wait, "a");
  add(PlannedStep::Action::move, "a");
  add(PlannedStep::Action::create, "b");
  add(PlannedStep::Action::create, "c");
  EXPECT_EQ(plan.next({})->reason, "b") << "a's wait holds up a's move alone";
  EXPECT_EQ(plan.next({"b"})->reason, "c");
  EXPECT_EQ(plan.next({"b", "c"})->action, PlannedStep::Action::wait);
  EXPECT_EQ(plan.next({"a", "b", "c"}), nullptr);
  plan.steps.push_back(step(PlannedStep::Action::remove, "function", "whole"));
  EXPECT_EQ(plan.next({"a", "b", "c"})->reason, "whole");
  EXPECT_EQ(plan.next({"b", "c"})->action, PlannedStep::Action::wait) << "it comes first";
}

}  // namespace
}  // namespace gateway::cloud

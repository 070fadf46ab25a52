#include "cloud/provisioning_patience.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace gateway::cloud {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

NextMove move_of(NextMove::Kind kind, std::chrono::milliseconds pause = 0ms,
                 std::string text = {}) {
  NextMove move;
  move.kind = kind;
  move.pause = pause;
  move.text = std::move(text);
  return move;
}

class Obstacles : public ::testing::Test {
 protected:
  const Instant now_{1000s};
  BucketObstacles obstacles_;
};

TEST_F(Obstacles, AFailureThatMayPassHoldsItsBucketUpForThePause) {
  EXPECT_TRUE(obstacles_.note("a", move_of(NextMove::Kind::retry, 5s), now_));
  EXPECT_TRUE(obstacles_.note("b", move_of(NextMove::Kind::retry, 3s), now_));
  EXPECT_THAT(obstacles_.held_up(now_), ElementsAre("a", "b"));
  EXPECT_EQ(obstacles_.first_retry(now_), now_ + 3s);
  EXPECT_THAT(obstacles_.held_up(now_ + 3s), ElementsAre("a"));
  EXPECT_EQ(obstacles_.first_retry(now_ + 3s), now_ + 5s);
  EXPECT_THAT(obstacles_.held_up(now_ + 5s), IsEmpty());
  EXPECT_EQ(obstacles_.first_retry(now_ + 5s), Instant::max());
  EXPECT_EQ(obstacles_.failure(), nullptr) << "both may still pass";
}

TEST_F(Obstacles, AFailureThatWillNotPassHoldsItsBucketUpForGood) {
  EXPECT_TRUE(obstacles_.note("a", move_of(NextMove::Kind::fail, 1s, "denied"), now_));
  EXPECT_THAT(obstacles_.held_up(now_ + 24h), ElementsAre("a"));
  EXPECT_EQ(obstacles_.first_retry(now_), Instant::max());
  ASSERT_NE(obstacles_.failure(), nullptr);
  EXPECT_EQ(obstacles_.failure()->text, "denied");
}

TEST_F(Obstacles, AnyOtherOutcomeEndsThem) {
  static_cast<void>(obstacles_.note("a", move_of(NextMove::Kind::fail), now_));
  EXPECT_NE(obstacles_.find("a"), nullptr);
  EXPECT_FALSE(obstacles_.note("a", move_of(NextMove::Kind::look, 1s), now_));
  EXPECT_EQ(obstacles_.find("a"), nullptr);
  EXPECT_EQ(obstacles_.size(), 0U);
}

TEST_F(Obstacles, AreForgottenWhereThePlanHasNothingToDo) {
  static_cast<void>(obstacles_.note("a", move_of(NextMove::Kind::fail), now_));
  static_cast<void>(obstacles_.note("b", move_of(NextMove::Kind::fail), now_));
  Plan plan;
  PlannedStep left;
  left.action = PlannedStep::Action::create;
  left.bucket = "b";
  plan.steps.push_back(left);
  obstacles_.forget_settled(plan);
  EXPECT_EQ(obstacles_.find("a"), nullptr);
  EXPECT_NE(obstacles_.find("b"), nullptr);
}

TEST(ProvisioningPatience, CountsWritesByWhatTheyAreMadeTo) {
  ProvisioningPatience patience(ProvisioningPace(), 1);
  const auto wrote = [&](const std::string& resource) {
    return patience.wrote(step(PlannedStep::Action::remove, resource, {})).kind;
  };
  for (unsigned i = 0; i < 500; ++i) {
    ASSERT_EQ(wrote("trigger " + std::to_string(i)), NextMove::Kind::look);
  }
  for (unsigned i = 0; i < ProvisioningPatience::kWrites; ++i) {
    ASSERT_EQ(wrote("trigger"), NextMove::Kind::look);
  }
  EXPECT_EQ(wrote("trigger"), NextMove::Kind::fail) << "somebody undoes them";
}

}  // namespace
}  // namespace gateway::cloud

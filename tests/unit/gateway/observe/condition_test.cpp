#include "gateway/observe/condition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::observe {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// A gateway that is well, and a clock that moves by a second with each look.
class ConditionTest : public testing::Test {
 protected:
  ConditionTest() {
    seen_.now = Instant{} + std::chrono::hours(1);
    seen_.targets[0].url = "http://bus:8080/gateway/orders";
    seen_.provisioning = "ready";
    seen_.spool_max_bytes = 1000;
    static_cast<void>(monitor_.judge(seen_));
  }

  Condition after(seconds time = seconds(1)) {
    seen_.now += time;
    return monitor_.judge(seen_);
  }
  void have_targets(std::size_t count) {
    seen_.targets.resize(count);
    seen_.targets[1].url = "http://other";
    monitor_ = ConditionMonitor();
    static_cast<void>(after());
  }
  void deliver(std::uint64_t events) {
    seen_.delivered += events;
    seen_.posts[200] += events;
  }
  static egress::StoreStatus store(std::uint64_t bytes = 0) {
    egress::StoreStatus made;
    made.backlog_bytes = bytes;
    return made;
  }

  Observation seen_;
  ConditionMonitor monitor_;
};

TEST_F(ConditionTest, AQuietGatewayIsWell) {
  const Condition condition = after(seconds(600));
  EXPECT_EQ(condition.health, Health::ok);
  EXPECT_EQ(condition.problem, "");
}

TEST_F(ConditionTest, AGatewayThatDeliversIsWell) {
  deliver(3);
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, OnePostThatIsRefusedIsEnoughToFail) {
  seen_.refused = 1;
  seen_.posts[502] = 1;
  seen_.targets[0].last = {404, "no such bus orders\nsecond line"};
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem,
              AllOf(HasSubstr("answers 404 'no such bus orders'"), HasSubstr("check `eventbus`"),
                    HasSubstr("http://bus:8080/gateway/orders"), Not(HasSubstr("second line"))));
}

TEST_F(ConditionTest, RetriesWithoutADeliveryAreAFailureBeforeAnythingIsGivenUp) {
  seen_.in_flight = 1;
  seen_.retried = 2;
  seen_.targets[0].last = {503, "busy"};
  EXPECT_EQ(after().health, Health::failing);
}

// It accepts connections and answers nothing any more.
TEST_F(ConditionTest, AnEventbusThatFallsSilentIsAFailureThoughItDeliveredBefore) {
  deliver(20);
  static_cast<void>(after());
  seen_.in_flight = 2;
  for (int second = 0; second < 10; ++second) EXPECT_EQ(after().health, Health::ok) << second;
  seen_.targets[0].last = {0, "no answer within delivery.timeout", seen_.now + seconds(1)};
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem, HasSubstr("no answer within delivery.timeout"));

  seen_.in_flight = 0;
  seen_.spool = store();
  seen_.spooled = 2;
  for (int second = 0; second < 30; ++second) EXPECT_EQ(after().health, Health::degraded);
  deliver(1);
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, ABrokenConnectionIsNoProblem) {
  deliver(20);
  seen_.in_flight = 1;
  seen_.targets[0].last = {0, "closed by the eventbus", seen_.now};
  EXPECT_EQ(after().health, Health::ok);
  deliver(1);
  for (int second = 0; second < 10; ++second) EXPECT_EQ(after().health, Health::ok) << second;
}

TEST_F(ConditionTest, RetriesBesideDeliveriesAreNoProblem) {
  deliver(5);
  seen_.retried = 2;
  seen_.targets[0].last = {503, "busy"};
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, PostsRefusedForALimitNameIt) {
  constexpr auto kSource = static_cast<std::size_t>(Unavailable::source);
  constexpr auto kBytes = static_cast<std::size_t>(Unavailable::bytes);
  deliver(50);
  seen_.posts[503] = 5;
  seen_.unavailable[kSource] = 3;
  seen_.unavailable[kBytes] = 2;
  Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("5 of 55 posts"), HasSubstr("max_per_source"),
                                       HasSubstr("raise gateway.max_per_source")));
  seen_.posts[503] += 2;
  seen_.unavailable[kBytes] += 2;
  condition = after();
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("7 of 57 posts"), HasSubstr("max_in_flight"),
                                       HasSubstr("slower than posts come")));
}

TEST_F(ConditionTest, SomeThatAreRefusedDegrade) {
  deliver(5);
  seen_.refused = 2;
  seen_.targets[0].last = {400, "bad event"};
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, HasSubstr("2 events given up"));
}

TEST_F(ConditionTest, AFailureIsForgottenAfterTheWindow) {
  seen_.refused = 1;
  seen_.targets[0].last = {404, ""};
  EXPECT_EQ(after().health, Health::failing);
  for (int i = 0; i < 59; ++i) EXPECT_EQ(after().health, Health::failing) << i;
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, AllDeadLetteredIsAFailureThoughPostsAreAnswered200) {
  seen_.dead_lettered = 3;
  seen_.posts[200] = 3;
  seen_.dead_letters = store();
  seen_.targets[0].last = {404, "no such bus"};
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem, HasSubstr("events become dead letters"));
}

TEST_F(ConditionTest, AnEventbusThatIsAwayDegradesWithASpoolAndFailsWithout) {
  seen_.eventbus_up = false;
  seen_.targets[0].last = {0, "Connection refused"};
  EXPECT_EQ(after().health, Health::failing);
  seen_.spool = store();
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("cannot be reached: Connection refused"),
                                       HasSubstr("go to the spool")));
}

TEST_F(ConditionTest, ASpoolDoesNotHelpAgainstAnEventbusThatRefusesAllEvents) {
  seen_.spool = store();
  seen_.refused = seen_.posts[502] = 1;
  seen_.targets[0].last = {404, "no such bus"};
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("answers 404 'no such bus'; posts fail with 502;"),
                                       Not(HasSubstr("spool"))));
}

TEST_F(ConditionTest, EventsGoToTheSpoolThoughOneBecameADeadLetterBefore) {
  seen_.spool = seen_.dead_letters = store();
  seen_.dead_lettered = 1;
  static_cast<void>(after());
  seen_.targets[0].last = {0, "Connection refused"};
  for (const bool up : {false, true}) {
    seen_.eventbus_up = up;
    const Condition condition = after();
    EXPECT_EQ(condition.health, Health::degraded);
    EXPECT_THAT(condition.problem, HasSubstr("events go to the spool"));
    seen_.spooled += 2;
  }
}

TEST_F(ConditionTest, EventsThatGoToTheSpoolDoNotHideThatMoreAreRefused) {
  seen_.spool = store();
  seen_.spooled = 2;
  EXPECT_EQ(after().health, Health::degraded);
  seen_.refused = 3;
  EXPECT_EQ(after().health, Health::failing);
}

TEST_F(ConditionTest, NamesTheTargetWhoseEventsAreNotDelivered) {
  seen_.targets[0].spooled = 7;  // before the window
  have_targets(3);
  deliver(5);
  seen_.refused = seen_.targets[1].failed = 1;
  seen_.targets[1].last = {404, "no such bus", seen_.now};
  seen_.targets[0].last = {429, "", seen_.now + seconds(1)};
  EXPECT_THAT(after().problem, HasSubstr("the eventbus http://other answers 404 'no such bus'"));
}

TEST_F(ConditionTest, NamesTheTargetThatIsDownAndPassesWhileAnotherIsNot) {
  have_targets(2);
  seen_.targets[1].down = true;
  seen_.eventbus_up = false;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, HasSubstr("the eventbus http://other does not answer"));
  seen_.targets[0].down = true;
  EXPECT_EQ(after().health, Health::failing);
}

TEST_F(ConditionTest, NamesTheTargetThatAnsweredLastWhileEventsAreTriedAgain) {
  have_targets(2);
  seen_.targets[0].last = {503, "", seen_.now};
  seen_.targets[1].last = {500, "", seen_.now + seconds(1)};
  seen_.retried = 1;
  EXPECT_THAT(after().problem, HasSubstr("the eventbus http://other answers 500"));
}

TEST_F(ConditionTest, AFullSpoolWithAnEventbusThatIsAwayFails) {
  seen_.eventbus_up = false;
  seen_.spool = store();
  seen_.spool->state = egress::StoreState::full;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem, HasSubstr("the spool is full"));
}

TEST_F(ConditionTest, AStoreThatTakesEventsAgainIsNotCalledBroken) {
  deliver(5);
  seen_.spool = store();
  seen_.spool->state = egress::StoreState::full;
  seen_.spool->error = "No space left on device";
  seen_.not_stored = 2;
  EXPECT_THAT(after().problem,
              AllOf(HasSubstr("the spool cannot be written (full)"), HasSubstr("No space left")));
  for (const bool dead_letters : {false, true}) {
    seen_.spool = store();
    if (dead_letters) seen_.dead_letters = store();
    const Condition condition = after();
    EXPECT_EQ(condition.health, Health::degraded);
    EXPECT_THAT(condition.problem, AllOf(HasSubstr("2 events not stored"), HasSubstr("again"),
                                         Not(HasSubstr("cannot be written"))));
  }
  seen_.dead_letters->state = egress::StoreState::failing;
  EXPECT_THAT(after().problem, HasSubstr("the dead-letter store cannot be written (failing)"));
}

TEST_F(ConditionTest, TheSpoolIsToldOfBeforeItIsFull) {
  seen_.spool = store(700);
  static_cast<void>(after());
  deliver(1);
  seen_.spool->backlog_bytes = 800;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_EQ(condition.cause, "spool_nearly_full");
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("80 % full"), HasSubstr("left at this rate")));
}

TEST_F(ConditionTest, ASpoolThatIsBeingDrainedIsNoProblem) {
  seen_.spool = store(900);
  static_cast<void>(after());
  deliver(1);
  seen_.spool->backlog_bytes = 850;
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, AllPostsUnauthorisedIsAFailure) {
  seen_.posts[401] = 3;
  EXPECT_EQ(after().cause, "unauthorised");
  deliver(1);
  EXPECT_EQ(after().health, Health::ok);
}

TEST_F(ConditionTest, APostOfAStrangerIsNoFailure) {
  for (std::uint64_t posts = 1; posts < 3; ++posts) {
    seen_.posts[401] = posts;
    EXPECT_EQ(after().health, Health::ok) << posts;
  }
  seen_.posts[401] = 3;
  EXPECT_THAT(after().problem, HasSubstr("who posts does not sign"));
  EXPECT_EQ(after(seconds(61)).health, Health::ok);
}

TEST_F(ConditionTest, OnePostThatIsSignedWithAnotherKeyIsAFailure) {
  seen_.posts[401] = 1;
  seen_.wrongly_signed = 1;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::failing);
  EXPECT_THAT(condition.problem, HasSubstr("who posts signs with another key"));
}

TEST_F(ConditionTest, APostOfAStrangerDoesNotHideThatProvisioningFailed) {
  seen_.provisioning = "failed";
  seen_.posts[401] = 1;
  EXPECT_EQ(after().cause, "provisioning");
  EXPECT_EQ(after().health, Health::failing);
}

TEST_F(ConditionTest, ProvisioningThatFailedMattersAsMuchAsThePostsThatArrive) {
  seen_.provisioning = "failed";
  seen_.provisioning_error = "the role needs scf:CreateFunction";
  EXPECT_EQ(after().health, Health::failing);
  deliver(1);
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, HasSubstr("the role needs scf:CreateFunction"));
}

TEST_F(ConditionTest, ACertificateThatExpiresSoonDegrades) {
  seen_.certificate_left = std::chrono::hours(30);
  EXPECT_THAT(after().problem, HasSubstr("expires in 30 hours"));
  seen_.certificate_left = seconds(-1);
  EXPECT_THAT(after().problem, HasSubstr("has expired"));
}

TEST_F(ConditionTest, SpooledEventsThatNoTargetWillTakeDegrade) {
  seen_.spool = store();
  seen_.spool->unclaimed = 3000;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::degraded);
  EXPECT_THAT(condition.problem, AllOf(HasSubstr("3000 events of the spool are for targets"),
                                       HasSubstr("stop the gateway"),
                                       HasSubstr("replay --spool --target URL --to URL")));
}

TEST_F(ConditionTest, StoppingIsNoProblem) {
  seen_.stopping = true;
  seen_.eventbus_up = false;
  const Condition condition = after();
  EXPECT_EQ(condition.health, Health::stopping);
  EXPECT_EQ(condition.problem, "");
}

TEST(RemedyTest, EveryStatusHasOne) {
  BusAnswer answer;
  for (; answer.status < 600; ++answer.status) {
    EXPECT_STRNE(remedy_for(answer), "") << answer.status;
  }
}

TEST(DescribedTest, NoControlCharacterOfAnAnswerPasses) {
  EXPECT_THAT(described({500, "a\x1b[31mb\nc"}),
              AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("c"))));
}

TEST(DescribedTest, ErrorsWithTheLongestNamesAreWhole) {
  const std::string host(253, 'h');
  BusAnswer answer;
  answer.take(0, host + ":8080: name look-up of " + host + ": Temporary failure in name resolution",
              Instant{});
  EXPECT_THAT(described(answer), EndsWith("Temporary failure in name resolution"));
}

TEST_F(ConditionTest, NamesABucketInTroubleWhileOthersWork) {
  seen_.provisioning = "failed";
  seen_.buckets = 20;
  seen_.buckets_in_trouble = 5;
  seen_.bucket_in_trouble = "logs-1.cos.ap-beijing.myqcloud.com";
  seen_.bucket_error = "another function holds a rule";
  const Condition some = after();
  EXPECT_EQ(some.health, Health::degraded);
  EXPECT_THAT(some.problem, AllOf(HasSubstr("5 of 20 buckets"), HasSubstr("logs-1.cos"),
                                  HasSubstr("another function holds a rule")));
  seen_.buckets_in_trouble = 20;
  EXPECT_EQ(after().health, Health::failing);
}

}  // namespace
}  // namespace gateway::observe

#include "gateway/observe/outcome_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::observe {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OutcomeLogTest : public testing::Test {
 protected:
  std::vector<OutcomeLine> after(seconds time = seconds(1)) {
    seen_.now += time;
    return log_.due(seen_);
  }

  Observation seen_;
  OutcomeLog log_;
};

TEST_F(OutcomeLogTest, DeliveriesAreNotToldOf) {
  seen_.delivered = 5;
  EXPECT_THAT(after(), IsEmpty());
}

TEST_F(OutcomeLogTest, TheFirstEventGivenUpIsToldOfAtOnceWithAnswerKeyAndRemedy) {
  seen_.refused = 1;
  seen_.targets[0].last = {404, "no such bus"};
  seen_.example_key = "photos/1.jpg";
  const auto lines = after();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].events, 1U);
  EXPECT_EQ(lines[0].answer.status, 404U);
  EXPECT_EQ(lines[0].example_key, "photos/1.jpg");
  EXPECT_THAT(lines[0].what_to_do, HasSubstr("eventbus"));
}

TEST_F(OutcomeLogTest, ThenAfterTenSecondsThenOnceAMinute) {
  std::vector<int> at;
  for (int second = 0; second < 200; ++second) {
    ++seen_.timed_out;
    if (!after().empty()) at.push_back(second);
  }
  EXPECT_THAT(at, testing::ElementsAre(0, 10, 70, 130, 190));
}

TEST_F(OutcomeLogTest, NoEventIsMissingFromTheNumbers) {
  std::uint64_t told = 0;
  for (int second = 0; second < 131; ++second) {
    seen_.dead_lettered += 7;
    for (const auto& line : after()) told += line.events;
  }
  EXPECT_EQ(told, seen_.dead_lettered);
}

TEST_F(OutcomeLogTest, AfterAQuietMinuteItIsNewsAgain) {
  seen_.refused = 1;
  EXPECT_THAT(after(), SizeIs(1));
  seen_.refused = 2;
  EXPECT_THAT(after(seconds(10)), SizeIs(1));
  EXPECT_THAT(after(seconds(60)), IsEmpty());
  seen_.refused = 3;
  EXPECT_THAT(after(), SizeIs(1));
  seen_.refused = 4;
  EXPECT_THAT(after(seconds(9)), IsEmpty());
  EXPECT_THAT(after(seconds(1)), SizeIs(1));
}

TEST_F(OutcomeLogTest, KindsAreToldOfApart) {
  seen_.refused = seen_.timed_out = seen_.not_stored = seen_.dead_lettered = seen_.spooled = 1;
  EXPECT_THAT(after(), SizeIs(5));
}

TEST_F(OutcomeLogTest, TheTargetsWhoseEventsTheyAreAreNamed) {
  seen_.targets.resize(3);
  for (unsigned i = 0; i < 3; ++i) {
    seen_.targets[i].url = std::to_string(i);
    seen_.targets[i].last = {500 + i, ""};
  }
  seen_.targets[0].spooled = seen_.spooled = 5;
  auto lines = after();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].targets, "0");
  seen_.targets[1].spooled = 1;
  seen_.targets[2].spooled = 3;
  seen_.spooled += 4;
  EXPECT_THAT(after(), IsEmpty());
  lines = after(seconds(10));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].targets, "1, 2");
  EXPECT_EQ(lines[0].answer.status, 502U);
  seen_.timed_out = seen_.targets[0].failed = 1;
  ASSERT_THAT(after(), SizeIs(1));
  static_cast<void>(after());
  seen_.refused = seen_.targets[1].failed = 1;
  lines = after();
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].targets, "1");
}

TEST_F(OutcomeLogTest, TheEndOfASpoolIsToldWithWhatCameThroughAndHowLongItTook) {
  seen_.spool.emplace();
  seen_.spool->backlog_rows = 40;
  seen_.spooled = 40;
  EXPECT_THAT(after(), SizeIs(1));
  seen_.spool->backlog_rows = 0;
  seen_.replayed = 40;
  const auto lines = after(seconds(30));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_TRUE(lines[0].good);
  EXPECT_EQ(lines[0].events, 40U);
  EXPECT_EQ(lines[0].took, seconds(30));
  EXPECT_THAT(after(), IsEmpty());
}

}  // namespace
}  // namespace gateway::observe

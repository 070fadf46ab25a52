#include "load/answer_plan.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace gateway::load {
namespace {

using std::chrono::milliseconds;

const AnswerLine::TimePoint kNow{};
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kUnavailable = "HTTP/1.1 503 Planned\r\nContent-Length: 0\r\n\r\n";

TEST(AnswerPlan, WithoutFaultsAnswers200AtOnce) {
  AnswerPlan plan{SinkSettings()};
  EXPECT_TRUE(plan.plain());
  const AnswerPlan::Decision decision = plan.next();
  EXPECT_EQ(decision.status, 200U);
  EXPECT_EQ(decision.latency.count(), 0);
  EXPECT_FALSE(decision.cut);
}

TEST(AnswerPlan, FailsCutsAndDelaysAsOftenAsTold) {
  SinkSettings settings;
  settings.least_latency = milliseconds(1);
  settings.most_latency = milliseconds(3);
  settings.fail_share = 0.5;
  settings.fail_statuses = {429, 503};
  settings.cut_share = 0.2;
  AnswerPlan plan(settings);
  EXPECT_FALSE(plan.plain());
  std::map<unsigned, int> statuses;
  int cuts = 0;
  double latency = 0;
  for (int i = 0; i < 10'000; ++i) {
    const AnswerPlan::Decision decision = plan.next();
    EXPECT_GE(decision.latency, milliseconds(1));
    EXPECT_LE(decision.latency, milliseconds(3));
    latency += static_cast<double>(decision.latency.count()) / 1e6;
    if (decision.cut) ++cuts;
    if (!decision.cut) ++statuses[decision.status];
  }
  EXPECT_NEAR(cuts, 2000, 200);
  EXPECT_NEAR(statuses[200], 4000, 250);
  EXPECT_NEAR(statuses[429], 2000, 200);
  EXPECT_NEAR(statuses[503], 2000, 200);
  EXPECT_NEAR(latency / 10'000, 2, 0.1);
}

TEST(AnswerLine, AnswersLeaveInOrderNoneBeforeItIsDue) {
  AnswerLine line;
  std::string out;
  line.add(200, kNow + milliseconds(20));
  line.add(503, kNow + milliseconds(10));  // ready first, but second in the line
  EXPECT_EQ(line.due(), kNow + milliseconds(20));
  line.take(kNow + milliseconds(19), out);
  EXPECT_EQ(out, "");
  line.take(kNow + milliseconds(20), out);
  EXPECT_EQ(out, std::string(kOk) + kUnavailable);
  EXPECT_TRUE(line.empty());
}

}  // namespace
}  // namespace gateway::load

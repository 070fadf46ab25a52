#include "gateway/replay/replay_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gateway::replay {
namespace {

using egress::StoreKind;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(ProgressBar, Fills) {
  EXPECT_EQ(progress_bar(0, 10), "[>         ]");
  EXPECT_EQ(progress_bar(0.55, 10), "[=====>    ]");
  EXPECT_EQ(progress_bar(0.99, 10), "[=========>]");
  EXPECT_EQ(progress_bar(1, 10), "[==========]");
  EXPECT_EQ(progress_bar(7, 10), "[==========]");
  EXPECT_EQ(progress_bar(-1, 10), "[>         ]");
}

TEST(ProgressLine, SaysWhatThereIs) {
  ReplayProgress progress;
  progress.fraction = 0.5;
  progress.per_second = 1234.4;
  progress.counts.handed_over = 120;
  progress.counts.delivered = 100;
  EXPECT_EQ(progress_line(progress), " 50%  delivered 100  in flight 20  1234/s");
  progress.counts.refused = 15;
  progress.counts.failed = 5;
  EXPECT_EQ(progress_line(progress), " 50%  delivered 100  refused 15  failed 5  1234/s");
}

TEST(ReplayResult, IsGoodOnlyWhenAllWasDelivered) {
  ReplayResult result;
  EXPECT_TRUE(result.all_delivered()) << "nothing to send";
  result.selected = result.counts.delivered = 5;
  EXPECT_TRUE(result.all_delivered());
  result.selected = 6;
  EXPECT_FALSE(result.all_delivered());
  result.selected = 5;
  result.damaged = 1;
  EXPECT_FALSE(result.all_delivered());
  result.damaged = 0;
  result.not_marked = 1;
  EXPECT_FALSE(result.all_delivered());
  result.not_marked = 0;
  result.end = ReplayResult::End::store_failed;
  EXPECT_FALSE(result.all_delivered());
}

TEST(ResultText, HasTheBalance) {
  ReplayResult result;
  result.selected = 10;
  result.counts.delivered = 4;
  result.counts.refused = 3;
  result.counts.refusals = {{404, 1}, {422, 2}};
  result.counts.failed = 2;
  result.counts.left = 1;
  const std::string text = result_text(result, StoreKind::dead_letters);
  for (const char* part : {"  selected              10\n", "  delivered              4\n",
                           "  refused                3  404 x 1, 422 x 2\n",
                           "  failed                 2  not within delivery.deadline\n",
                           "  left                   1\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("damaged")));
  EXPECT_THAT(text, Not(HasSubstr("not noted")));
}

TEST(ResultText, SaysWhyItEnded) {
  ReplayResult result;
  result.end = ReplayResult::End::stopped;
  result.more = true;
  EXPECT_THAT(result_text(result, StoreKind::spool),
              AllOf(HasSubstr("Stopped"), HasSubstr("not all were counted")));
  result.end = ReplayResult::End::unavailable;
  EXPECT_THAT(result_text(result, StoreKind::spool),
              AllOf(HasSubstr("The eventbus takes no events"), Not(HasSubstr("It "))));
  result.error = "cannot be reached: no such host; check `target`";
  EXPECT_THAT(result_text(result, StoreKind::spool),
              HasSubstr("It cannot be reached: no such host; check `target`.\n"));
  result.end = ReplayResult::End::store_failed;
  result.error = "spool.db: disk I/O error";
  result.not_marked = 7;
  EXPECT_THAT(result_text(result, StoreKind::spool),
              AllOf(HasSubstr("disk I/O error"), HasSubstr("still in the spool")));
  EXPECT_THAT(result_text(result, StoreKind::dead_letters), HasSubstr("not marked as replayed"));
}

TEST(ResultJson, IsOneObjectWithTheSumAndEachTarget) {
  ReplayResult one;
  one.selected = one.counts.delivered = 5;
  ReplayResult other;
  other.end = ReplayResult::End::unavailable;
  other.selected = 7;
  other.counts.refused = 3;
  other.counts.refusals = {{404, 3}};
  other.counts.left = 4;
  ReplayResult total;
  total.add(one);
  total.add(other);
  EXPECT_EQ(result_json(total, {{"http://a/", one}, {"http://b/", other}}),
            R"({"end":"unavailable","selected":12,"all_counted":true,"delivered":5,"refused":3,)"
            R"("failed":0,"left":4,"damaged":0,"not_marked":0,"refusals":{"404":3},"error":"",)"
            R"("targets":[{"target":"http://a/","end":"complete","selected":5,"all_counted":true,)"
            R"("delivered":5,"refused":0,"failed":0,"left":0,"damaged":0,"not_marked":0,)"
            R"("refusals":{},"error":""},)"
            R"({"target":"http://b/","end":"unavailable","selected":7,"all_counted":true,)"
            R"("delivered":0,"refused":3,"failed":0,"left":4,"damaged":0,"not_marked":0,)"
            R"("refusals":{"404":3},"error":""}]})"
            "\n");
}

}  // namespace
}  // namespace gateway::replay

#include "gateway/checkup/finding.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace gateway::checkup {
namespace {

TEST(Findings, AreAlignedAndAdviceStandsBelow) {
  const Findings findings{Finding::ok("a", "well"), Finding::warn("bc", "so so", "look"),
                          Finding::fail(Blame::unavailable, "def", "gone", "")};
  EXPECT_EQ(text_of(findings),
            "ok    a    well\n"
            "warn  bc   so so\n"
            "           -> look\n"
            "FAIL  def  gone\n");
}

TEST(Findings, DoNotUpsetATerminal) {
  const Findings findings{Finding::warn("a", "\x1B[31mred\n\xFF", "b\r\x07")};
  EXPECT_EQ(text_of(findings), "warn  a  ?[31mred??\n         -> b??\n");
}

TEST(Findings, AreJsonForPrograms) {
  const Findings findings{Finding::ok("a", "x \"y\""),
                          Finding::fail(Blame::denied, "b", "\xFF", "do")};
  const auto report = boost::json::parse(json_of(findings));
  EXPECT_FALSE(report.at("ok").as_bool());
  const auto& all = report.at("findings").as_array();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at("verdict").as_string(), "ok");
  EXPECT_EQ(all[0].at("text").as_string(), "x \"y\"");
  EXPECT_FALSE(all[0].as_object().contains("advice"));
  EXPECT_EQ(all[1].at("verdict").as_string(), "FAIL");
  EXPECT_EQ(all[1].at("text").as_string(), "?");
  EXPECT_EQ(all[1].at("advice").as_string(), "do");
}

TEST(Findings, TheGravestFailureDecides) {
  const auto fail = [](Blame blame) { return Finding::fail(blame, "a", "b", ""); };
  EXPECT_EQ(gravest(Findings{}), Blame::none);
  EXPECT_EQ(gravest(Findings{Finding::ok("a", "b"), Finding::warn("a", "b", "c")}), Blame::none);
  EXPECT_EQ(gravest(Findings{fail(Blame::unavailable), Finding::ok("a", "b")}), Blame::unavailable);
  EXPECT_EQ(gravest(Findings{fail(Blame::denied), fail(Blame::unavailable)}), Blame::denied);
  EXPECT_EQ(gravest(Findings{fail(Blame::configuration), fail(Blame::denied)}),
            Blame::configuration);
}

TEST(Findings, SoftenedFailuresAreWarnings) {
  const auto softened = Finding::fail(Blame::unavailable, "a", "b", "c").softened();
  EXPECT_EQ(softened.verdict(), Verdict::warn);
  EXPECT_EQ(softened.blame(), Blame::none);
  EXPECT_EQ(softened.advice(), "c");
  EXPECT_EQ(Finding::ok("a", "b").softened().verdict(), Verdict::ok);
}

}  // namespace
}  // namespace gateway::checkup

#include "report/html_report.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "report/plot.hpp"
#include "results_of.hpp"

namespace gateway::report {
namespace {

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

boost::json::value some_results() {
  return results_of({{},
                     {.gateway = "floor"},
                     {.name = "conns64-records10", .records = "10", .us_per_post = 20},
                     {.name = "conns64-records10", .gateway = "floor", .records = "10"},
                     {.name = "rate", .rate = 1000},
                     {.name = "rate", .rate = 2000, .posts_per_s = 2000}});
}

TEST(HtmlReportTest, HasAPlotForEachQuestionAndItsFigures) {
  const std::string page = render_html(some_results(), nullptr);
  EXPECT_NE(page.find("CPU per record by records in a post, 64 connections"), std::string::npos);
  EXPECT_NE(page.find("Latency by throughput at fixed rates"), std::string::npos);
  EXPECT_NE(page.find("% of posts took"), std::string::npos);
  EXPECT_NE(page.find("cos-gateway, 10 a post: 20.0 µs per record"), std::string::npos);
  EXPECT_EQ(page.find("Against the previous run"), std::string::npos);
  EXPECT_EQ(count(page, "<figure>"), count(page, "</figure>"));
  EXPECT_EQ(page.find("nan"), std::string::npos);
  EXPECT_EQ(page.find("inf\""), std::string::npos);
}

TEST(HtmlReportTest, NeedsNothingFromAnywhere) {
  const std::string page = render_html(some_results(), nullptr);
  EXPECT_FALSE(std::regex_search(page, std::regex("(src|href)=|url\\(|@import|https?://")));
}

TEST(HtmlReportTest, EscapesWhatItIsGiven) {
  const std::string page = render_html(
      results_of({{.name = "<b>x</b>", .gateway = "<script>alert('&')</script>"},
                  {.name = "<b>x</b>", .gateway = "<script>alert('&')</script>", .records = "10"}}),
      nullptr);
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<b>x"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;&amp;&#39;)"), std::string::npos);
}

TEST(HtmlReportTest, ShowsWhatHasChanged) {
  const auto previous = results_of({{.us_per_post = 20}});
  const std::string page = render_html(results_of({{.us_per_post = 10}}), &previous);
  EXPECT_NE(page.find("Against the previous run"), std::string::npos);
  EXPECT_NE(page.find("-50.0 %"), std::string::npos);
}

TEST(HtmlReportTest, SaysSomethingOfNothing) {
  for (const char* text : {"{}", "[]", R"({"runs":[{}]})"}) {
    SCOPED_TRACE(text);
    EXPECT_NE(render_html(boost::json::parse(text), nullptr).find("</html>"), std::string::npos);
  }
}

TEST(PlotTest, LeavesOutWhatALogarithmicScaleCannotShow) {
  Plot plot{"t", {"x", Scale::logarithmic}, {"y", Scale::logarithmic}, false, {}};
  plot.series.push_back(
      {"s", 0, false, {{0, 1, "no", 1, 1}, {1, 0, "no", 0, 0}, {2, 3, "yes", 3, 3}}});
  const std::string svg = draw(plot);
  EXPECT_EQ(svg.find("data-tip=\"no\""), std::string::npos);
  EXPECT_NE(svg.find("data-tip=\"yes\""), std::string::npos);
}

}  // namespace
}  // namespace gateway::report

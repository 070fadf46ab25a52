#include "report/results.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "results_of.hpp"

namespace gateway::report {
namespace {

TEST(ResultsTest, GathersTheRepetitionsOfALoadByGateway) {
  const Results results = read_results(results_of({{.us_per_post = 12},
                                                   {.gateway = "nginx", .us_per_post = 90},
                                                   {.gateway = "floor", .us_per_post = 8},
                                                   {.repetition = 2, .us_per_post = 10},
                                                   {.repetition = 3, .us_per_post = 11},
                                                   {.records = "10"}}));
  ASSERT_EQ(results.groups.size(), 2U);
  const Group& group = results.groups[0];
  EXPECT_EQ(group.load.text(), "64 connections, 1 record a post");
  ASSERT_EQ(group.cells.size(), 3U);
  EXPECT_EQ(group.cells[0].gateway, "cos-gateway");
  EXPECT_EQ(group.cells[1].gateway, "floor");
  EXPECT_EQ(group.cells[2].gateway, "nginx");
  const Cell& cell = group.cells[0];
  EXPECT_EQ(cell.runs.size(), 3U);
  EXPECT_DOUBLE_EQ(cell.median(&Measures::us_per_post), 11);
  EXPECT_DOUBLE_EQ(cell.least(&Measures::us_per_post), 10);
  EXPECT_DOUBLE_EQ(cell.most(&Measures::us_per_post), 12);
  EXPECT_NEAR(cell.spread(&Measures::us_per_post), 2.0 / 11, 1e-9);
  EXPECT_EQ(results.groups[1].load.records_per_post, 10);
}

TEST(ResultsTest, KeepsScenariosApartThatHaveTheSameLoad) {
  const Results results = read_results(results_of({{}, {.name = "long-keys"}}));
  ASSERT_EQ(results.groups.size(), 2U);
  EXPECT_EQ(results.groups[1].name, "long-keys");
}

TEST(ResultsTest, ComparesWithinARepetitionBecauseAMachineDrifts) {
  // The second repetition ran on a machine half as fast.
  const Results results =
      read_results(results_of({{.us_per_post = 12},
                               {.gateway = "floor", .us_per_post = 10},
                               {.repetition = 2, .us_per_post = 24},
                               {.gateway = "floor", .repetition = 2, .us_per_post = 20}}));
  const Group& group = results.groups[0];
  EXPECT_DOUBLE_EQ(ratio(*group.of("cos-gateway"), *group.of("floor"), &Measures::us_per_post),
                   1.2);
}

TEST(ResultsTest, HasNoRatioWithoutACommonRepetition) {
  const Results results =
      read_results(results_of({{.repetition = 1}, {.gateway = "floor", .repetition = 2}}));
  const Group& group = results.groups[0];
  EXPECT_EQ(ratio(*group.of("cos-gateway"), *group.of("floor"), &Measures::us_per_post), 0);
}

TEST(ResultsTest, AddsHistogramsUp) {
  const Results results = read_results(results_of({{}, {.repetition = 2}}));
  const auto histogram = results.groups[0].cells[0].histogram();
  ASSERT_EQ(histogram.size(), 2U);
  EXPECT_EQ(histogram[0], std::pair(90.0, 10.0));
  EXPECT_EQ(histogram[1], std::pair(110.0, 30.0));
}

TEST(ResultsTest, TakesTheMeanOfADistributionOfRecords) {
  const Results results = read_results(results_of({{.records = "1..100"}}));
  EXPECT_EQ(results.groups[0].load.records, "1..100");
  EXPECT_EQ(results.groups[0].load.records_per_post, 1);  // 1000 records in 1000 posts
}

TEST(ResultsTest, ReadsWhateverIsThere) {
  for (const char* text : {"null", "[]", "{}", R"({"runs":[{}]})", R"({"runs":[null,7]})",
                           R"({"runs":[{"result":{"histogram":[1,[2],[3,"x"]],"errors":5}}]})",
                           R"({"micro":{"subjects":[{}]},"instructions":[{}],"commands":[1]})"}) {
    SCOPED_TRACE(text);
    EXPECT_NO_THROW(static_cast<void>(read_results(boost::json::parse(text))));
  }
}

TEST(ResultsTest, NamesEachCommandOnce) {
  const Results results =
      read_results(results_of({{}, {.repetition = 2}}, R"(,"commands":["micro-bench"])"));
  EXPECT_EQ(results.commands, (std::vector<std::string>{"micro-bench", "cos-bench suite"}));
}

TEST(MedianTest, IsTheMiddleOneOrBetweenTheTwo) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 3}), 3);
  EXPECT_EQ(median({4, 1, 9, 2}), 3);
}

}  // namespace
}  // namespace gateway::report

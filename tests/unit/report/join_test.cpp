#include "report/join.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "report/results.hpp"
#include "results_of.hpp"

namespace gateway::report {
namespace {

Results joined(const Parts& parts) {
  return read_results(boost::json::parse(join(parts)));
}

TEST(JoinTest, KeepsRepetitionsOfDifferentSuitesApart) {
  Parts parts;
  parts.suites.push_back(
      results_of({{.us_per_post = 12}, {.gateway = "floor", .us_per_post = 10}}));
  parts.suites.push_back(
      results_of({{.us_per_post = 30}, {.gateway = "nginx", .us_per_post = 240}}));
  const Results results = joined(parts);
  ASSERT_EQ(results.groups.size(), 1U);
  const Group& group = results.groups[0];
  EXPECT_EQ(group.of("cos-gateway")->runs.size(), 2U);
  // Each only against those it took turns with.
  EXPECT_DOUBLE_EQ(ratio(*group.of("cos-gateway"), *group.of("floor"), &Measures::us_per_post),
                   1.2);
  EXPECT_DOUBLE_EQ(ratio(*group.of("nginx"), *group.of("cos-gateway"), &Measures::us_per_post), 8);
}

TEST(JoinTest, PutsTimesAndCountsOfAPartTogether) {
  Parts parts;
  parts.suites.push_back(results_of({}));
  parts.micro_times =
      boost::json::parse(R"({"benchmarks":[{"name":"split/1","real_time":1.5,"time_unit":"us"},)"
                         R"({"name":"store_append/1","real_time":2.0,"time_unit":"ms"}]})");
  parts.micro_instructions = boost::json::parse(
      R"({"simdjson":"haswell","subjects":[{"name":"split/1","items":1,"instructions":5760}]})");
  parts.instructions = boost::json::parse(
      R"({"counts":[{"gateway":"floor","records_per_post":1,"connections":16,"per_post":6400}]})");
  parts.commands = {"micro-bench"};
  const Results results = joined(parts);
  EXPECT_EQ(results.simdjson, "haswell");
  ASSERT_EQ(results.micro.size(), 2U);
  EXPECT_EQ(results.micro[0].instructions, 5760);
  EXPECT_DOUBLE_EQ(results.micro[0].nanoseconds, 1500);
  EXPECT_EQ(results.micro[1].name, "store_append/1");
  EXPECT_DOUBLE_EQ(results.micro[1].nanoseconds, 2e6);
  ASSERT_EQ(results.instructions.size(), 1U);
  EXPECT_EQ(results.instructions[0].per_post, 6400);
  EXPECT_EQ(results.commands, std::vector<std::string>{"micro-bench"});
  EXPECT_EQ(results.version, "1.2.3");
}

}  // namespace
}  // namespace gateway::report

#include "load/result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace gateway::load {
namespace {

using testing::HasSubstr;
using testing::Not;

RunResult result(double cpu_us_per_record) {
  return {{"name", "a-run"},
          {"gateway", {{"kind", "cos-gateway"}}},
          {"result",
           {{"posts_per_s", 1234},
            {"errors", boost::json::object()},
            {"cpu",
             {{"us_per_post", 10 * cpu_us_per_record},
              {"us_per_record", cpu_us_per_record},
              {"user_us_per_record", cpu_us_per_record / 4},
              {"system_us_per_record", cpu_us_per_record * 3 / 4}}}}}};
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 5}), 5);
  EXPECT_EQ(median({9, 1, 5, 7}), 6);
}

TEST(ResultsTable, ARowHasMediansOfTheRepetitionsAndTheLeastCpuTime) {
  const std::array repetitions{result(5), result(3), result(4)};
  const std::string row = table_row(repetitions);
  EXPECT_THAT(row, HasSubstr("a-run"));
  EXPECT_THAT(row, HasSubstr("1234"));
  EXPECT_THAT(row, HasSubstr("40.00"));        // us per post
  EXPECT_THAT(row, HasSubstr("4.00 (3.00)"));  // per record
  EXPECT_THAT(row, HasSubstr("1.00+3.00"));
  EXPECT_THAT(row, Not(HasSubstr("MISSING")));
}

TEST(ResultsTable, SaysWhatIsMissingAndLeavesOutWhatIsNotKnown) {
  RunResult of_a_server_elsewhere = result(1);
  of_a_server_elsewhere.at("result").as_object().erase("cpu");
  EXPECT_THAT(table_row(std::array{of_a_server_elsewhere}), HasSubstr(" - "));
  RunResult lossy = result(1);
  lossy.at("result").as_object()["missing"] = 3;
  EXPECT_THAT(table_row(std::array{lossy}), HasSubstr("MISSING 3"));
}

RunResult that_took(const char* gateway, double latency_us) {
  RunResult made = result(1);
  made.at("gateway").as_object()["kind"] = gateway;
  made.at("result").as_object()["latency_us"] = {{"p50", latency_us}, {"p99", 2 * latency_us}};
  return made;
}

TEST(ResultsTable, SaysWhatAGatewayAddsToTheLatencyOfNone) {
  const std::array direct{that_took("direct", 100), that_took("direct", 1000),
                          that_took("direct", 100)};
  const std::array gateway{that_took("cos-gateway", 200), that_took("cos-gateway", 1100),
                           that_took("cos-gateway", 900)};
  EXPECT_THAT(added_latency(gateway, direct),
              testing::ContainsRegex("cos-gateway +adds 100 us to p50, 200 us to p99"));
  EXPECT_EQ(added_latency(direct, direct), "");
  EXPECT_EQ(added_latency(gateway, gateway), "");
}

}  // namespace
}  // namespace gateway::load

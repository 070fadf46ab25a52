#include "load/results_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <vector>

namespace gateway::load {
namespace {

using testing::HasSubstr;
using testing::Not;

RunResult result(double cpu_us) {
  RunResult result;
  result.name = "a-run";
  result.gateway.kind = "cos-gateway";
  result.posts = 10;
  result.records = 100;
  result.posts_per_s = 1234;
  RunUsage usage;
  usage.user_us = cpu_us / 4;
  usage.system_us = cpu_us * 3 / 4;
  result.usage = usage;
  return result;
}

TEST(Median, IsTheMiddleOrTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median(std::vector<double>{}), 0);
  EXPECT_EQ(median(std::vector<double>{3}), 3);
  EXPECT_EQ(median(std::vector<double>{9, 1, 5}), 5);
  EXPECT_EQ(median(std::vector<double>{9, 1, 5, 7}), 6);
}

TEST(ResultsTable, ARowHasMediansOfTheRepetitionsAndTheLeastCpuTime) {
  const std::array repetitions{result(500), result(300), result(400)};
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
  of_a_server_elsewhere.usage.reset();
  EXPECT_THAT(table_row(std::array{of_a_server_elsewhere}), HasSubstr(" - "));
  RunResult lossy = result(1);
  lossy.missing = 3;
  EXPECT_THAT(table_row(std::array{lossy}), HasSubstr("MISSING 3"));
}

RunResult that_took(const char* gateway, std::chrono::microseconds latency) {
  RunResult made = result(1);
  made.gateway.kind = gateway;
  for (int i = 0; i < 100; ++i) made.latencies.add(latency);
  return made;
}

TEST(ResultsTable, SaysWhatAGatewayAddsToTheLatencyOfNone) {
  using std::chrono::microseconds;
  const std::array direct{that_took("direct", microseconds(100)),
                          that_took("direct", microseconds(1000)),
                          that_took("direct", microseconds(100))};
  const std::array gateway{that_took("cos-gateway", microseconds(200)),
                           that_took("cos-gateway", microseconds(1100)),
                           that_took("cos-gateway", microseconds(900))};
  EXPECT_THAT(added_latency(gateway, direct),
              testing::ContainsRegex("cos-gateway +adds (9[0-9]|10[0-9]) us to p50, "));
  EXPECT_EQ(added_latency(direct, direct), "");
  EXPECT_EQ(added_latency(gateway, gateway), "");
}

}  // namespace
}  // namespace gateway::load

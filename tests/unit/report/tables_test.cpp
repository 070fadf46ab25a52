#include "report/tables.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "results_of.hpp"

namespace gateway::report {
namespace {

std::string cell_of(const Table& table, std::size_t row, std::string_view column) {
  const auto at = std::ranges::find(table.columns, column);
  return table.rows.at(row).at(static_cast<std::size_t>(at - table.columns.begin()));
}

TEST(TablesTest, AnOpenLoopShowsWhatAGatewayAddsRepetitionByRepetition) {
  const std::vector<RunText> runs{
      {.name = "rate", .gateway = "direct", .repetition = 1, .rate = 1000, .p99 = 100},
      {.name = "rate", .gateway = "direct", .repetition = 2, .rate = 1000, .p99 = 5000},
      {.name = "rate", .gateway = "direct", .repetition = 3, .rate = 1000, .p99 = 100},
      {.name = "rate", .repetition = 1, .rate = 1000, .p99 = 400},
      {.name = "rate", .repetition = 2, .rate = 1000, .p99 = 5400},
      {.name = "rate", .repetition = 3, .rate = 1000, .p99 = 9000}};
  const Table table = open_loop_table(read_results(results_of(runs)));
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(cell_of(table, 0, "gateway"), "cos-gateway");
  EXPECT_EQ(cell_of(table, 0, "p99 added"), "400 µs");
  EXPECT_EQ(cell_of(table, 1, "gateway"), "direct");
  EXPECT_EQ(cell_of(table, 1, "p99 added"), "-");
}

TEST(TablesTest, WithoutALoadThatMeetsNoGatewayNothingIsSaidToBeAdded) {
  const Table table = open_loop_table(read_results(results_of({{.name = "rate", .rate = 1000}})));
  ASSERT_EQ(table.rows.size(), 1U);
  EXPECT_EQ(cell_of(table, 0, "p99 added"), "-");
}

}  // namespace
}  // namespace gateway::report

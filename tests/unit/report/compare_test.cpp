#include "report/compare.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "results_of.hpp"

namespace gateway::report {
namespace {

Results read(const std::vector<RunText>& runs, std::string_view more = {}) {
  return read_results(results_of(runs, more));
}

const Change& find(const std::vector<Change>& changes, std::string_view measure) {
  const auto found = std::ranges::find(changes, measure, &Change::measure);
  if (found == changes.end()) throw std::runtime_error("no such change");
  return *found;
}

TEST(CompareTest, TellsBetterFromWorseByWhatIsMeasured) {
  const auto changes = compare(read({{.us_per_post = 8, .posts_per_s = 700}}),
                               read({{.us_per_post = 10, .posts_per_s = 1000}}));
  EXPECT_EQ(find(changes, "CPU µs/post").verdict, Verdict::better);
  EXPECT_NEAR(find(changes, "CPU µs/post").share, -0.2, 1e-9);
  EXPECT_EQ(find(changes, "posts/s").verdict, Verdict::worse);
  EXPECT_EQ(find(changes, "p99 µs").verdict, Verdict::same);
}

TEST(CompareTest, IgnoresAChangeWithinTheThreshold) {
  const auto changes = compare(read({{.us_per_post = 10.9}}), read({{.us_per_post = 10}}));
  EXPECT_EQ(find(changes, "CPU µs/post").verdict, Verdict::same);
}

TEST(CompareTest, WidensTheNoiseByTheSpreadOfTheRepetitions) {
  const std::vector<RunText> before{{.us_per_post = 10}};
  const std::vector<RunText> spread{{.us_per_post = 9},
                                    {.repetition = 2, .us_per_post = 12},
                                    {.repetition = 3, .us_per_post = 15}};
  const auto changes = compare(read(spread), read(before));
  EXPECT_NEAR(find(changes, "CPU µs/post").share, 0.2, 1e-9);
  EXPECT_NEAR(find(changes, "CPU µs/post").noise, 0.25, 1e-9);
  EXPECT_EQ(find(changes, "CPU µs/post").verdict, Verdict::same);
}

TEST(CompareTest, FollowsAnOpenLoopWhoseRateHasChanged) {
  const auto changes = compare(read({{.name = "half-rate", .rate = 60000, .p99 = 900}}),
                               read({{.name = "half-rate", .rate = 50000, .p99 = 500}}));
  EXPECT_EQ(find(changes, "p99 µs").verdict, Verdict::worse);
}

TEST(CompareTest, LeavesOutWhatOnlyOneHas) {
  EXPECT_TRUE(compare(read({{.name = "a"}}), read({{.name = "b"}})).empty());
  EXPECT_TRUE(compare(read({{.gateway = "node"}}), read({{.gateway = "go"}})).empty());
}

TEST(CompareTest, TakesInstructionsAtTheirWord) {
  const auto with = [](double instructions, const char* simdjson) {
    return read({}, fmt::format(R"(,"micro":{{"simdjson":"{}","subjects":[{{"name":"split",)"
                                R"("items":1,"instructions":{}}}]}})",
                                simdjson, instructions));
  };
  const auto changes = compare(with(1010, "haswell"), with(1000, "haswell"));
  EXPECT_EQ(find(changes, "instructions/call").verdict, Verdict::worse);
  EXPECT_TRUE(compare(with(1010, "icelake"), with(1000, "haswell")).empty());
}

TEST(CompareTest, ShowsOnlyWhatCountsUnlessAsked) {
  const auto changes = compare(read({{.us_per_post = 5}}), read({{.us_per_post = 10}}));
  EXPECT_EQ(to_table(changes, false).rows.size(), 1U);
  EXPECT_EQ(to_table(changes, true).rows.size(), changes.size());
  EXPECT_GT(changes.size(), 1U);
}

}  // namespace
}  // namespace gateway::report

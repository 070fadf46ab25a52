#include "report/commands.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iterator>

#include "report/results.hpp"
#include "results_of.hpp"
#include "support/temporary_folder.hpp"

namespace gateway::report {
namespace {

TEST(ReportCommands, JoinTakesEverySuiteThatStandsBehindTheCommandLines) {
  const test::TemporaryFolder folder;
  const auto write = [&](const char* name, std::string_view gateway) {
    const auto results = results_of({{.gateway = std::string(gateway)}});
    std::ofstream(folder.file(name)) << boost::json::serialize(results);
  };
  write("one", "floor");
  write("two", "nginx");
  CLI::App app;
  add_report_commands(app);
  app.parse("join -o " + folder.file("all") + " --command=first --command=second " +
            folder.file("one") + " " + folder.file("two"));
  std::ifstream file(folder.file("all"));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const Results results = read_results(boost::json::parse(text));
  ASSERT_EQ(results.groups.size(), 1U);
  EXPECT_NE(results.groups[0].of("floor"), nullptr);
  EXPECT_NE(results.groups[0].of("nginx"), nullptr);
  EXPECT_EQ(results.commands, (std::vector<std::string>{"first", "second", "cos-bench suite"}));
}

}  // namespace
}  // namespace gateway::report

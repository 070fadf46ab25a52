#include "report/commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "report/compare.hpp"
#include "report/html_report.hpp"
#include "report/join.hpp"
#include "report/results.hpp"
#include "report/tables.hpp"

namespace gateway::report {
namespace {

boost::json::value read_json(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) throw std::runtime_error("cannot read " + path);
  boost::system::error_code failed;
  auto value = boost::json::parse(text, failed);
  if (failed) throw std::runtime_error(fmt::format("{}: {}", path, failed.message()));
  return value;
}

void write(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path);
}

void add_report(CLI::App& app) {
  struct Options {
    std::string results;
    std::string previous;
    std::string output = "report.html";
  };
  const auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("report", "One HTML page with plots and tables");
  command->add_option("results", options->results, "JSON of a run")->required();
  command->add_option("--previous", options->previous, "JSON of the run to compare with");
  command->add_option("-o,--output", options->output, "The page")->capture_default_str();
  command->callback([options] {
    std::optional<boost::json::value> previous;
    if (!options->previous.empty()) previous = read_json(options->previous);
    write(options->output,
          render_html(read_json(options->results), previous ? &*previous : nullptr));
    fmt::print("{}\n", options->output);
  });
}

void add_table(CLI::App& app) {
  const auto results = std::make_shared<std::string>();
  CLI::App* const command = app.add_subcommand("table", "The figures as Markdown tables");
  command->add_option("results", *results, "JSON of a run")->required();
  command->callback(
      [results] { fmt::print("{}", to_markdown(read_results(read_json(*results)))); });
}

void add_compare(CLI::App& app) {
  struct Options {
    std::string before;
    std::string now;
    bool all = false;
    NoiseThreshold threshold;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* const command = app.add_subcommand("compare", "What has changed between two runs");
  command->add_option("before", options->before, "JSON of a run")->required();
  command->add_option("now", options->now, "JSON of a later run")->required();
  command->add_flag("--all", options->all, "Also what is within the noise");
  command->add_option("--noise", options->threshold.measured, "Least share that counts as a change")
      ->capture_default_str();
  command->callback([options] {
    const auto changes = compare(read_results(read_json(options->now)),
                                 read_results(read_json(options->before)), options->threshold);
    const Table table = to_table(changes, options->all);
    fmt::print("{} figures compared, {}\n", changes.size(),
               table.rows.empty() ? "nothing has changed beyond the noise" : "of them:");
    if (!table.rows.empty()) fmt::print("\n{}", to_markdown(table));
  });
}

void add_join(CLI::App& app) {
  struct Options {
    std::string output;
    std::vector<std::string> suites;
    std::string micro_times;
    std::string micro_instructions;
    std::string instructions;
    std::vector<std::string> commands;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* const command =
      app.add_subcommand("join", "Puts what several programs measured into one file");
  command->add_option("suites", options->suites, "JSON of cos-bench; the first gives the machine")
      ->required();
  command->add_option("-o,--output", options->output, "JSON of it all")->required();
  command->add_option("--micro-times", options->micro_times, "micro-bench --benchmark_out");
  command->add_option("--micro-instructions", options->micro_instructions,
                      "micro-bench --instructions");
  command->add_option("--instructions", options->instructions, "count-instructions");
  // One each: what stands behind the last of them is a suite.
  command->add_option("--command", options->commands, "A command line to be kept with the results")
      ->allow_extra_args(false)
      ->take_all();
  command->callback([options] {
    const auto read = [](const std::string& path) {
      return path.empty() ? boost::json::value() : read_json(path);
    };
    Parts parts;
    for (const std::string& suite : options->suites) parts.suites.push_back(read_json(suite));
    parts.micro_times = read(options->micro_times);
    parts.micro_instructions = read(options->micro_instructions);
    parts.instructions = read(options->instructions);
    parts.commands = options->commands;
    write(options->output, join(parts));
  });
}

}  // namespace

void add_report_commands(CLI::App& app) {
  add_report(app);
  add_table(app);
  add_compare(app);
  add_join(app);
}

}  // namespace gateway::report

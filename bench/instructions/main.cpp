#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "instructions/program_count.hpp"
#include "load/bucket_entries.hpp"
#include "micro/payloads.hpp"

namespace {

namespace json = boost::json;
using gateway::instructions::Load;
using gateway::instructions::Program;

// Fewer posts suffice when posts are longer.
constexpr std::uint64_t kRecordsToCount = 4000;
constexpr std::uint64_t kLeastPosts = 100;

// Parses "name=command with {port} and {sink}", the words separated by blanks.
Program read_program(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos) throw CLI::ValidationError(text, "expected NAME=COMMAND");
  Program program{text.substr(0, equals), {}, {}};
  std::istringstream words(text.substr(equals + 1));
  for (std::string word; words >> word;) program.command.push_back(word);
  return program;
}

Program product(const std::string& path) {
  return {"cos-gateway",
          {path, "run", "--config", "{config}"},
          "target: http://127.0.0.1:{sink}\neventbus: bench\nfunction: { provision: false }\n"
          "gateway:\n  listen: 127.0.0.1:{port}\n  admin: 127.0.0.1:0\n  threads: 1\n"
          "  auth: none\n"};
}

Program with_many_entries(Program program) {
  program.name += ", hundred entries";
  program.config += gateway::load::many_entries(gateway::micro::kBucketHost);
  return program;
}

}  // namespace

int main(int argc, char** argv) {
  std::string program;
  bool many_entries = false;
  std::vector<std::string> others;
  std::vector<std::size_t> records{1, 10, 100};
  Load load;
  std::string output;
  CLI::App app("Counts the user instructions a gateway takes for a post, by callgrind");
  auto* const own = app.add_option("--program", program, "The cos-gateway to count");
  app.add_flag("--many-entries", many_entries, "Also with a hundred entries of `buckets`")
      ->needs(own);
  app.add_option("--gateway", others, "Another: NAME=COMMAND with {port} and {sink}");
  app.add_option("--records", records, "Records in a post")->delimiter(',')->capture_default_str();
  app.add_option("--connections", load.connections, "Posting at once")->capture_default_str();
  app.add_option("-o,--output", output, "Write JSON to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    std::vector<Program> programs;
    if (!program.empty()) programs.push_back(product(program));
    if (many_entries) programs.push_back(with_many_entries(product(program)));
    for (const std::string& text : others) programs.push_back(read_program(text));
    json::array counts;
    for (const Program& each : programs) {
      for (const std::size_t n : records) {
        load.records_per_post = n;
        load.posts = std::max(kLeastPosts, kRecordsToCount / std::max<std::uint64_t>(n, 1));
        const double per_post = instructions_per_post(each, load);
        fmt::print("{}: {:.0f} instructions for a post of {}, {:.0f} a record\n", each.name,
                   per_post, n, per_post / static_cast<double>(n));
        std::fflush(stdout);
        counts.push_back({{"gateway", each.name},
                          {"records_per_post", n},
                          {"connections", load.connections},
                          {"per_post", per_post}});
      }
    }
    if (output.empty()) return 0;
    std::ofstream file(output);
    file << json::serialize(json::object{{"counts", std::move(counts)}}) << '\n';
    file.close();
    if (!file) throw std::runtime_error("cannot write " + output);
  } catch (const std::exception& error) {
    fmt::print(stderr, "count-instructions: {}\n", error.what());
    return 70;
  }
}

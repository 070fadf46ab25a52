#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "micro/subjects.hpp"
#include "process/callgrind.hpp"
#include "testkit/guarded.hpp"
#include "testkit/text_file.hpp"

// The function that callgrind observes, with a name that contains no types.
extern "C" [[gnu::noinline]] void cos_gateway_counted(const std::function<void(std::size_t)>& run,
                                                      std::size_t times) {
  run(times);
}

namespace gateway::micro {
namespace {

constexpr std::string_view kUsage =
    "usage: micro-bench [options of Google Benchmark, e.g. --benchmark_filter=split]\n"
    "       micro-bench --instructions [FILE]   exact counts, by valgrind; as JSON to FILE\n";

constexpr std::size_t kCalls = 50;
constexpr std::string_view kCountedRun = "--counted-run";  // and the name of a file to write to

Subjects all_subjects() {
  Subjects subjects;
  add_requests(subjects);
  add_splitting(subjects);
  add_identity(subjects);
  add_budget(subjects);
  add_delivery(subjects);
  add_encoding(subjects);
  add_answers(subjects);
  add_signing(subjects);
  return subjects;
}

// Runs the counted part and returns true if the arguments are those that count_instructions()
// passed; otherwise returns false.
bool counted_run(int argc, char** argv, const std::vector<Subject>& subjects) {
  if (argc != 3 || argv[1] != kCountedRun) return false;
  for (const Subject& subject : subjects) {
    const auto run = subject.prepare();
    run(kCalls);
    cos_gateway_counted(run, kCalls);
    cos_gateway_counted(run, 2 * kCalls);
  }
  test::write_text(argv[2], simdjson::get_active_implementation()->name());
  return true;
}

// Counts the instructions in user space of one call of the body of each subject, by callgrind.
// Unlike time, the count is exact and repeatable. It is the difference between a run of 2N calls
// and one of N, after N calls that are not counted. Prints a table, with the implementation that
// simdjson chooses for the processor that valgrind emulates: a real processor may get a wider one.
// Writes the same as JSON to `file`, unless that is empty.
//
// Runs this program again under valgrind, which must then call counted_run(). Throws
// std::runtime_error if there is no valgrind or if it fails.
void count_instructions(const std::vector<Subject>& subjects, const std::string& file) {
  const bench::Callgrind callgrind;
  const std::string simdjson_file = callgrind.file("simdjson");
  callgrind.run({"--toggle-collect=cos_gateway_counted", "--dump-after=cos_gateway_counted"},
                {std::filesystem::read_symlink("/proc/self/exe").string(), std::string(kCountedRun),
                 simdjson_file});
  const std::string simdjson = test::read_text(simdjson_file);
  fmt::print("instructions, with simdjson's code for {}\n{:<32}{:>12}{:>14}\n", simdjson, "",
             "a call", "an item");
  boost::json::array counts;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto& [name, work, time, prepare] = subjects[i];
    const double once = callgrind.dump(2 * i + 1);
    const double twice = callgrind.dump(2 * i + 2);
    const double call = (twice - once) / static_cast<double>(kCalls);
    const double item = call / static_cast<double>(work.items);
    fmt::print("{:<32}{:>12.0f}{:>14.0f}\n", name, call, item);
    counts.push_back({{"name", name},
                      {"items", work.items},
                      {"bytes", work.bytes},
                      {"instructions", call},
                      {"instructions_per_item", item}});
  }
  if (file.empty()) return;
  const boost::json::object all{{"simdjson", simdjson}, {"subjects", std::move(counts)}};
  test::write_text(file, boost::json::serialize(all) + '\n');
}

int measure(int argc, char** argv) {
  const Subjects subjects = all_subjects();
  if (counted_run(argc, argv, subjects.all())) return 0;
  if (argc > 1 && argv[1] == std::string_view("--instructions")) {
    count_instructions(subjects.all(), argc > 2 ? argv[2] : "");
    return 0;
  }
  for (const Subject& subject : subjects.all()) {
    benchmark::RegisterBenchmark(subject.name.c_str(), subject.time);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    fmt::print(stderr, "{}", kUsage);
    return 64;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace gateway::micro

int main(int argc, char** argv) {
  return gateway::test::guarded("micro-bench", [&] { return gateway::micro::measure(argc, argv); });
}

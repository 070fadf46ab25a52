#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "micro/instructions.hpp"
#include "micro/subjects.hpp"

namespace {

using namespace gateway::micro;

constexpr std::string_view kUsage =
    "usage: micro-bench [options of Google Benchmark, e.g. --benchmark_filter=split]\n"
    "       micro-bench --instructions [FILE]   exact counts, by valgrind; as JSON to FILE\n";

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

}  // namespace

int main(int argc, char** argv) {
  try {
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
  } catch (const std::exception& error) {
    fmt::print(stderr, "micro-bench: {}\n", error.what());
    return 70;
  }
}

#include "micro/instructions.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <functional>
#include <string_view>
#include <utility>

#include "process/callgrind.hpp"
#include "testkit/text_file.hpp"

// The function that callgrind observes, with a name that contains no types.
extern "C" [[gnu::noinline]] void cos_gateway_counted(const std::function<void(std::size_t)>& run,
                                                      std::size_t times) {
  run(times);
}

namespace gateway::micro {
namespace {

constexpr std::size_t kCalls = 50;
constexpr std::string_view kCountedRun = "--counted-run";  // and the name of a file to write to

}  // namespace

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

}  // namespace gateway::micro

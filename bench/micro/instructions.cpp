#include "micro/instructions.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <functional>
#include <string_view>

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

Counts count(const std::vector<Subject>& subjects) {
  const bench::Callgrind callgrind;
  const std::string simdjson = callgrind.file("simdjson");
  callgrind.run({"--toggle-collect=cos_gateway_counted", "--dump-after=cos_gateway_counted"},
                {std::filesystem::read_symlink("/proc/self/exe").string(), std::string(kCountedRun),
                 simdjson});
  Counts counts;
  counts.simdjson = test::read_text(simdjson);
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const double once = callgrind.dump(2 * i + 1);
    const double twice = callgrind.dump(2 * i + 2);
    counts.counts.push_back(
        {subjects[i].name, subjects[i].work, (twice - once) / static_cast<double>(kCalls)});
  }
  return counts;
}

std::string to_json(const Counts& counts) {
  boost::json::array subjects;
  for (const Count& each : counts.counts) {
    const auto items = static_cast<double>(each.work.items);
    subjects.push_back({{"name", each.name},
                        {"items", each.work.items},
                        {"bytes", each.work.bytes},
                        {"instructions", each.instructions},
                        {"instructions_per_item", each.instructions / items}});
  }
  return boost::json::serialize(
      boost::json::object{{"simdjson", counts.simdjson}, {"subjects", std::move(subjects)}});
}

}  // namespace gateway::micro

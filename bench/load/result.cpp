#include "load/result.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

#include <boost/json/array.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "gateway/version.hpp"

namespace gateway::load {
namespace {

namespace json = boost::json;

json::object this_machine() {
  utsname kernel{};
  ::uname(&kernel);
  std::string cpu = kernel.machine;
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    cpu = line.substr(colon + 2);
    break;
  }
  return {{"cpu", cpu}, {"cores", std::thread::hardware_concurrency()}, {"kernel", kernel.release}};
}

}  // namespace

double figure(const RunResult& run, std::string_view pointer) {
  boost::system::error_code unknown;
  const json::value* const found = run.find_pointer(fmt::format("/result{}", pointer), unknown);
  return found != nullptr ? found->to_number<double>() : 0;
}

std::string_view name_of(const RunResult& run) {
  return run.at("name").as_string();
}

std::string_view gateway_of(const RunResult& run) {
  return run.at("gateway").at("kind").as_string();
}

double errors_of(const RunResult& run) {
  double sum = 0;
  for (const auto& error : run.at("result").at("errors").as_object()) {
    sum += error.value().to_number<double>();
  }
  return sum;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

std::vector<double> figures(std::span<const RunResult> repetitions, std::string_view pointer) {
  std::vector<double> values;
  values.reserve(repetitions.size());
  for (const RunResult& run : repetitions) values.push_back(figure(run, pointer));
  return values;
}

std::string table_head() {
  constexpr std::string_view kColumns =
      "{:<22} {:<12} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>15} {:>13} {:>7} {:>8} "
      "{:>7}\n";
  return fmt::format(kColumns, "run", "gateway", "posts", "records", "MB", "p50", "p99", "p99.9",
                     "max", "CPU", "CPU/record", "user+sys", "switch", "resident", "errors") +
         fmt::format(kColumns, "", "", "/s", "/s", "/s", "us", "us", "us", "us", "us/post",
                     "us (min)", "us/record", "/post", "MiB", "");
}

std::string table_row(std::span<const RunResult> repetitions) {
  const auto middle = [&](std::string_view pointer) {
    return median(figures(repetitions, pointer));
  };
  const RunResult& first = repetitions.front();
  std::string row =
      fmt::format("{:<22} {:<12} {:>9.0f} {:>9.0f} {:>7.1f} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f} ",
                  name_of(first), gateway_of(first), middle("/posts_per_s"),
                  middle("/records_per_s"), middle("/mb_per_s"), middle("/latency_us/p50"),
                  middle("/latency_us/p99"), middle("/latency_us/p999"), middle("/latency_us/max"));
  if (first.at("result").as_object().contains("cpu")) {
    row += fmt::format("{:>8.2f} {:>15} {:>13} {:>7.2f} {:>8.1f} ", middle("/cpu/us_per_post"),
                       fmt::format("{:.2f} ({:.2f})", middle("/cpu/us_per_record"),
                                   std::ranges::min(figures(repetitions, "/cpu/us_per_record"))),
                       fmt::format("{:.2f}+{:.2f}", middle("/cpu/user_us_per_record"),
                                   middle("/cpu/system_us_per_record")),
                       middle("/context_switches/per_post"),
                       middle("/resident_bytes/peak") / (1 << 20));
  } else {
    row += fmt::format("{:>8} {:>15} {:>13} {:>7} {:>8} ", "-", "-", "-", "-", "-");
  }
  std::vector<double> errors;
  double missing = 0;
  for (const RunResult& run : repetitions) {
    errors.push_back(errors_of(run));
    missing += figure(run, "/missing");
  }
  row += fmt::format("{:>7.0f}", median(errors));
  if (missing != 0) row += fmt::format("  MISSING {:.0f}", missing);
  return row + "\n";
}

std::string added_latency(std::span<const RunResult> repetitions, std::span<const RunResult> base) {
  const RunResult& first = repetitions.front();
  if (gateway_of(base.front()) != "direct" || gateway_of(first) == "direct") return {};
  const auto added = [&](std::string_view pointer) {
    return median_between(repetitions, base, pointer, std::minus());
  };
  return fmt::format("{:<22} {:<12} adds {:.0f} us to p50, {:.0f} us to p99\n", name_of(first),
                     gateway_of(first), added("/latency_us/p50"), added("/latency_us/p99"));
}

json::object document(const std::vector<RunResult>& results, const std::string& git) {
  json::object program{{"version", kVersion}};
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  if (!git.empty()) program["git"] = git;
  return {{"schema", 1},
          {"program", std::move(program)},
          {"machine", this_machine()},
          {"at", fmt::format("{:%FT%TZ}", now)},
          {"runs", json::array(results.begin(), results.end())}};
}

}  // namespace gateway::load

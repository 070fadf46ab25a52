#include "load/results_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace gateway::load {
namespace {

std::vector<double> all(std::span<const RunResult> results, std::string_view pointer) {
  std::vector<double> values;
  values.reserve(results.size());
  for (const RunResult& result : results) values.push_back(figure(result, pointer));
  return values;
}

}  // namespace

double median(std::span<const double> values) {
  if (values.empty()) return 0;
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

std::string table_head() {
  return fmt::format(
      "{:<22} {:<12} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>15} {:>13} {:>7} {:>8} "
      "{:>7}"
      "\n{:<22} {:<12} {:>9} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>15} {:>13} {:>7} {:>8} "
      "{:>7}"
      "\n",
      "run", "gateway", "posts", "records", "MB", "p50", "p99", "p99.9", "max", "CPU", "CPU/record",
      "user+sys", "switch", "resident", "errors", "", "", "/s", "/s", "/s", "us", "us", "us", "us",
      "us/post", "us (min)", "us/record", "/post", "MiB", "");
}

std::string table_row(std::span<const RunResult> repetitions) {
  const auto middle = [&](std::string_view pointer) { return median(all(repetitions, pointer)); };
  const RunResult& first = repetitions.front();
  std::string row =
      fmt::format("{:<22} {:<12} {:>9.0f} {:>9.0f} {:>7.1f} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f} ",
                  name_of(first), gateway_of(first), middle("/posts_per_s"),
                  middle("/records_per_s"), middle("/mb_per_s"), middle("/latency_us/p50"),
                  middle("/latency_us/p99"), middle("/latency_us/p999"), middle("/latency_us/max"));
  if (first.at("result").as_object().contains("cpu")) {
    const auto per_record = all(repetitions, "/cpu/us_per_record");
    row += fmt::format(
        "{:>8.2f} {:>15} {:>13} {:>7.2f} {:>8.1f} ", middle("/cpu/us_per_post"),
        fmt::format("{:.2f} ({:.2f})", median(per_record), std::ranges::min(per_record)),
        fmt::format("{:.2f}+{:.2f}", middle("/cpu/user_us_per_record"),
                    middle("/cpu/system_us_per_record")),
        middle("/context_switches/per_post"), middle("/resident_bytes/peak") / (1 << 20));
  } else {
    row += fmt::format("{:>8} {:>15} {:>13} {:>7} {:>8} ", "-", "-", "-", "-", "-");
  }
  std::vector<double> errors;
  double missing = 0;
  for (const RunResult& result : repetitions) {
    errors.push_back(errors_of(result));
    missing += figure(result, "/missing");
  }
  row += fmt::format("{:>7.0f}", median(errors));
  if (missing != 0) row += fmt::format("  MISSING {:.0f}", missing);
  return row + "\n";
}

std::string added_latency(std::span<const RunResult> repetitions, std::span<const RunResult> base) {
  const RunResult& first = repetitions.front();
  if (gateway_of(base.front()) != "direct" || gateway_of(first) == "direct") return {};
  const auto added = [&](std::string_view pointer) {
    std::vector<double> differences = all(repetitions, pointer);
    const std::vector<double> without = all(base, pointer);
    std::ranges::transform(differences, without, differences.begin(), std::minus());
    return median(differences);
  };
  return fmt::format("{:<22} {:<12} adds {:.0f} us to p50, {:.0f} us to p99\n", name_of(first),
                     gateway_of(first), added("/latency_us/p50"), added("/latency_us/p99"));
}

}  // namespace gateway::load

#include "load/results_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace gateway::load {
namespace {

template <class Figure>
std::vector<double> all(std::span<const RunResult> results, Figure figure) {
  std::vector<double> values;
  values.reserve(results.size());
  for (const RunResult& result : results) values.push_back(figure(result));
  return values;
}

double latency_us(const RunResult& result, double share) {
  return std::chrono::duration<double, std::micro>(result.latencies.quantile(share)).count();
}

std::string megabytes(double bytes) {
  return fmt::format("{:.1f}", bytes / 1048576);
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
  const auto middle = [&](auto figure) { return median(all(repetitions, figure)); };
  const auto quantile = [&](double share) {
    return middle([share](const RunResult& result) { return latency_us(result, share); });
  };
  const RunResult& first = repetitions.front();
  const double errors = middle([](const RunResult& result) {
    double sum = 0;
    for (const auto& [code, count] : result.errors) sum += static_cast<double>(count);
    return sum;
  });
  std::string row = fmt::format(
      "{:<22} {:<12} {:>9.0f} {:>9.0f} {:>7.1f} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f} ", first.name,
      first.gateway.kind, middle([](const auto& r) { return r.posts_per_s; }),
      middle([](const auto& r) { return r.records_per_s; }),
      middle([](const auto& r) { return r.mb_per_s; }), quantile(0.5), quantile(0.99),
      quantile(0.999), quantile(1));
  if (first.usage) {
    const auto per_record = all(repetitions, [](const auto& r) { return r.us_per_record(); });
    const auto share = [](double value, std::uint64_t count) {
      return count == 0 ? 0 : value / static_cast<double>(count);
    };
    row += fmt::format(
        "{:>8.2f} {:>15} {:>13} {:>7.2f} {:>8} ",
        middle([](const auto& r) { return r.us_per_post(); }),
        fmt::format("{:.2f} ({:.2f})", median(per_record), std::ranges::min(per_record)),
        fmt::format("{:.2f}+{:.2f}",
                    middle([&](const auto& r) { return share(r.usage->user_us, r.records); }),
                    middle([&](const auto& r) { return share(r.usage->system_us, r.records); })),
        middle([&](const auto& r) {
          return share(static_cast<double>(r.usage->voluntary + r.usage->involuntary), r.posts);
        }),
        megabytes(middle([](const auto& r) { return static_cast<double>(r.usage->peak_bytes); })));
  } else {
    row += fmt::format("{:>8} {:>15} {:>13} {:>7} {:>8} ", "-", "-", "-", "-", "-");
  }
  row += fmt::format("{:>7.0f}", errors);
  std::uint64_t missing = 0;
  for (const RunResult& result : repetitions) missing += result.missing.value_or(0);
  if (missing != 0) row += fmt::format("  MISSING {}", missing);
  return row + "\n";
}

std::string added_latency(std::span<const RunResult> repetitions, std::span<const RunResult> base) {
  const RunResult& first = repetitions.front();
  if (base.front().gateway.kind != "direct" || first.gateway.kind == "direct") return {};
  const auto added = [&](double share) {
    std::vector<double> differences;
    for (std::size_t i = 0; i < repetitions.size() && i < base.size(); ++i) {
      differences.push_back(latency_us(repetitions[i], share) - latency_us(base[i], share));
    }
    return median(differences);
  };
  return fmt::format("{:<22} {:<12} adds {:.0f} us to p50, {:.0f} us to p99\n", first.name,
                     first.gateway.kind, added(0.5), added(0.99));
}

}  // namespace gateway::load

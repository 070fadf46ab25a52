#pragma once
#include <map>
#include <string>
#include <string_view>

namespace gateway::test {

// A page of metrics in the Prometheus text format, version 0.0.4.
struct Exposition {
  std::map<std::string, std::string> types;  // of metric families: counter, gauge, histogram
  std::map<std::string, double> samples;     // by series: name{label="value"} as written

  // Sum over the series of that name, whatever their labels.
  [[nodiscard]] double total(std::string_view name) const;
};

// Throws std::runtime_error that quotes the line at fault: bad grammar, a series twice, a sample
// without TYPE, or a histogram whose buckets decrease or disagree with its count.
[[nodiscard]] Exposition parse_exposition(std::string_view text);

// The metrics users are promised, by full name, with their types.
[[nodiscard]] const std::map<std::string, std::string>& documented_metrics();

}  // namespace gateway::test

#pragma once
#include <string>

// Figures as people read them: three digits that matter, units that fit.
namespace gateway::report {

[[nodiscard]] std::string figure(double value);           // 12,345 or 12.3 or 0.0123
[[nodiscard]] std::string whole(double value);            // 12,345 or 12
[[nodiscard]] std::string duration(double microseconds);  // 12.3 µs, 1.23 ms, 4.5 s
[[nodiscard]] std::string mebibytes(double bytes);        // 12.3
[[nodiscard]] std::string times(double ratio);            // 1.23x; "-" for 0
[[nodiscard]] std::string percent(double share);          // +12.3 %

}  // namespace gateway::report

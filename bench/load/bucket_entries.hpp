#pragma once
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace gateway::load {

// An account with many buckets, as what is measured has it: so many entries of `buckets`, each with
// patterns as users write them, of which the last takes every record that none of `exclude` keeps
// away.
inline constexpr std::size_t kManyEntries = 100;
inline constexpr std::array<std::string_view, 2> kExcluded = {"**/*.tmp", "*/cache/**"};
inline constexpr std::array<std::string_view, 3> kIncluded = {"backup/**/*.gz", "**/[0-9]?-*.log",
                                                              "**"};

// Returns the section `buckets` of a configuration with these entries. The one in the middle is of
// the bucket with this host.
[[nodiscard]] inline std::string many_entries(std::string_view host) {
  std::string text = "buckets:\n";
  for (std::size_t i = 0; i < kManyEntries; ++i) {
    const std::string endpoint =
        i == kManyEntries / 2 ? std::string(host)
                              : fmt::format("bench{}-1250000000.cos.ap-guangzhou.myqcloud.com", i);
    text += fmt::format("  - {{ endpoint: {}, exclude: ['{}'], include: ['{}'] }}\n", endpoint,
                        fmt::join(kExcluded, "', '"), fmt::join(kIncluded, "', '"));
  }
  return text;
}

}  // namespace gateway::load

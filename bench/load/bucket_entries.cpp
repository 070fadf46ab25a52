#include "load/bucket_entries.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace gateway::load {

std::string many_entries(std::string_view host) {
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

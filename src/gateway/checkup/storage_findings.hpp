#pragma once
#include <cstdint>
#include <optional>

#include "gateway/checkup/finding.hpp"
#include "gateway/checkup/storage_probe.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::checkup {

// Returns what the probe of a store's folder means. `key` is `spool` or `dead_letter`. Without a
// probe the device did not answer in time. Pure.
[[nodiscard]] Findings storage_findings(const std::string& key, const config::Storage& storage,
                                        const std::optional<StorageProbe>& probe);

// Returns the size that the store can grow to: `max_bytes`, or what the device has room for if that
// is less; nullopt if the device could not be examined.
[[nodiscard]] std::optional<std::uint64_t> room_of(const config::Storage& storage,
                                                   const std::optional<StorageProbe>& probe);

}  // namespace gateway::checkup

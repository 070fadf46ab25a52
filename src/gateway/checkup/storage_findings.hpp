#pragma once
#include <cstdint>
#include <optional>

#include "gateway/checkup/finding.hpp"
#include "gateway/checkup/storage_probe.hpp"
#include "gateway/config/settings.hpp"

namespace gateway::checkup {

// What was seen of the folder of a store, `key` being `spool` or `dead_letter`. Without a probe the
// device did not come back in time. Pure.
[[nodiscard]] Findings storage_findings(const std::string& key, const config::Storage& storage,
                                        const std::optional<StorageProbe>& probe);

// What the store can grow to: `max_bytes`, or as much as the device has if that is less. Nothing
// if the device could not be looked at.
[[nodiscard]] std::optional<std::uint64_t> room_of(const config::Storage& storage,
                                                   const std::optional<StorageProbe>& probe);

}  // namespace gateway::checkup

#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/checkup/finding.hpp"
#include "gateway/checkup/storage_probe.hpp"
#include "gateway/config/settings.hpp"
#include "runtime/asio.hpp"

namespace gateway::checkup {

// Returns what the probe of a store's folder means. `key` is `spool` or `dead_letter`. Without a
// probe the device did not answer in time. Pure.
[[nodiscard]] Findings storage_findings(const std::string& key, const config::Storage& storage,
                                        const std::optional<StorageProbe>& probe);

// Returns the size that the store can grow to: `max_bytes`, or what the device has room for if that
// is less; nullopt if the device could not be examined.
[[nodiscard]] std::optional<std::uint64_t> room_of(const config::Storage& storage,
                                                   const std::optional<StorageProbe>& probe);

// Binds a socket to the address and closes it again, without listening. Returns no error if the
// address is free.
[[nodiscard]] error_code try_bind(const config::HostPort& address);

// Returns the finding for the key that names the address. `gateway_there`: whoever holds the port
// answers as a gateway does. Pure.
[[nodiscard]] Finding listen_finding(const std::string& key, const config::HostPort& address,
                                     const error_code& error, bool gateway_there);

}  // namespace gateway::checkup

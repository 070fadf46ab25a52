#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace gateway::checkup {

// What the folder of a store is like.
struct StorageProbe {
  enum class Medium : std::uint8_t {
    disk,
    memory,  // tmpfs, ramfs
    layer,   // overlayfs: what a container writes outside its volumes
    network  // NFS and the like
  };

  StorageProbe() = default;
  std::string problem;  // why nothing could be written there
  std::vector<std::chrono::nanoseconds> syncs;
  Medium medium = Medium::disk;
  std::uint64_t free_bytes = 0;   // for this process
  std::uint64_t store_bytes = 0;  // what the store has there already
};
static_assert(!std::is_aggregate_v<StorageProbe>);

// Writes and syncs a page `writes` times in a file of its own without a name, beside the store at
// `path`; nothing stays. As a device may hang, it is done by a thread that is left behind when
// `patience` is over: then nothing is returned.
[[nodiscard]] std::optional<StorageProbe> probe_storage(const std::string& path, unsigned writes,
                                                        std::chrono::milliseconds patience);

}  // namespace gateway::checkup

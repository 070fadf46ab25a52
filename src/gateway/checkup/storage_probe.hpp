#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "gateway/egress/segments/segment_head.hpp"

namespace gateway::checkup {

// The properties of a store's folder.
struct StorageProbe {
  enum class Medium : std::uint8_t {
    disk,
    memory,  // tmpfs, ramfs
    layer,   // overlayfs: what a container writes outside its volumes
    network  // NFS and the like
  };

  StorageProbe() = default;
  std::string problem;  // why nothing could be written there
  // A file of the store that the process may not write, which `problem` names; empty if it is not
  // that.
  std::string closed_file;
  std::vector<std::chrono::nanoseconds> syncs;
  Medium medium = Medium::disk;
  std::uint64_t free_bytes = 0;   // for this process
  std::uint64_t store_bytes = 0;  // what the store has there already
};
static_assert(!std::is_aggregate_v<StorageProbe>);

// Writes and syncs a page `writes` times, in a file without a name beside the store at `path`; no
// file stays. Opens the files that the store of this kind has there already, and leaves them as
// they are. A device may hang, so a thread of its own does it. If it takes longer than `patience`
// the thread is left behind and nullopt is returned.
[[nodiscard]] std::optional<StorageProbe> probe_storage(const std::string& path,
                                                        egress::StoreKind kind, unsigned writes,
                                                        std::chrono::milliseconds patience);

}  // namespace gateway::checkup

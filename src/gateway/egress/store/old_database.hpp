#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "gateway/egress/segments/segment.hpp"
#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/segments/stored_event.hpp"

// Reads the SQLite databases in which versions up to 0.1 kept events. Nothing else knows them.
namespace gateway::egress {

struct OldRow {
  OldRow() = default;

  StoredEvent event;
  WallInstant added{};
  std::optional<WallInstant> replayed;
};

struct OldTotals {
  OldTotals() = default;

  std::uint64_t rows = 0;     // read
  std::uint64_t damaged = 0;  // that could not be, as far as is known
};

// Returns whether the file is such a database, by its first bytes. Only reads.
[[nodiscard]] IoResult<bool> is_old_database(const std::string& path, FileSystem& files);

// Calls `take` with all events, a bounded number at a time, in order except for those behind
// damage. Damaged rows are skipped and counted. Errors: `unusable` for a store of the other kind,
// errors of the device, and errors that `take` returns.
using TakeOldRows = std::function<StoreResult(std::span<const OldRow>)>;
[[nodiscard]] StoreOutcome<OldTotals> read_old_database(const std::string& path, StoreKind kind,
                                                        const TakeOldRows& take);

}  // namespace gateway::egress

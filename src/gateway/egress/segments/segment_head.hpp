#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/egress/segments/stored_event.hpp"

// The name of a segment, and the bytes of its head, which stand before its records:
//
//   0      identity, 64 bytes, and the same again at 2048
//   1024   seal: how much the segment holds, written when nothing is appended any more
//   4096   a mark of each record
//
// Each part has a CRC-32C behind it. A mark that is not as it was written counts as none: an event
// that is sent twice is better than one that is never sent.
namespace gateway::egress {

enum class StoreKind : std::uint8_t { spool, dead_letters };

// The suffix of the name of a segment, or of one that is being imported.
inline constexpr std::string_view kSegmentSuffix = ".events";
[[nodiscard]] std::string segment_name(std::string_view store, Sequence first,
                                       std::string_view suffix);
// Returns the number in such a name, or nullopt for any other name.
[[nodiscard]] std::optional<Sequence> number_in(std::string_view name, std::string_view store,
                                                std::string_view suffix) noexcept;

struct SegmentIdentity {
  StoreKind kind = StoreKind::spool;
  Sequence first = 1;
  std::uint32_t capacity = 0;  // records it has marks for
};
struct SegmentTotals {
  Sequence count = 0;       // of records, damaged and removed ones too
  Sequence removed = 0;     // of these
  std::uint64_t bytes = 0;  // of the events
};
struct SegmentSeal {
  SegmentTotals totals;   // but for those removed
  std::uint64_t end = 0;  // of the last record
};

inline constexpr std::array<std::size_t, 2> kIdentityAt = {0, 2048};
inline constexpr std::size_t kSealAt = 1024;
inline constexpr std::size_t kTableAt = 4096;
inline constexpr std::size_t kMarkSize = 2 * sizeof(std::uint32_t);

[[nodiscard]] std::uint64_t head_size(std::uint32_t capacity) noexcept;
[[nodiscard]] std::string head_text(const SegmentIdentity& identity);
[[nodiscard]] std::string seal_text(const SegmentSeal& seal);
[[nodiscard]] std::string mark_text(std::uint32_t mark);

// Return nullopt if that does not stand in the first kTableAt bytes of a file, or cannot be.
// `capacity` is that of the file's identity.
[[nodiscard]] std::optional<SegmentIdentity> read_identity(std::string_view head);
[[nodiscard]] std::optional<SegmentSeal> read_seal(std::string_view head, std::uint32_t capacity);
[[nodiscard]] std::uint32_t mark_at(std::string_view table, std::size_t index) noexcept;

// The mark of a removed event. 0 means no mark; any other value is the time at which the event was
// replayed, in seconds since 1970.
inline constexpr std::uint32_t kRemoved = 1;
[[nodiscard]] std::uint32_t replayed_mark(WallInstant when) noexcept;

}  // namespace gateway::egress

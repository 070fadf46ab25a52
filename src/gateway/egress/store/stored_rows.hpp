#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/egress/store/event_block.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/sqlite.hpp"

namespace gateway::egress {

// Between rows of the table and values. A row holds an event or, in a spool, a block of them: then
// its number is that of the first, `status` how many there are, `replayed_ms` which are gone, and
// `event` the block; `attempts` is empty. Throws sqlite::Error.

extern const std::string_view kInsertRow;   // bind_row() or bind_block() fills it in
extern const std::string_view kSelectRow;   // to be followed by a WHERE; what the others read
extern const std::string_view kSelectSize;  // likewise, for RowSize

// `event` must stay until the statement is reset.
void bind_row(sqlite::Statement& insert, Sequence seq, const StoredEvent& event, WallInstant added);
// `bytes` is where the block is made and must stay as well.
void bind_block(sqlite::Statement& insert, Sequence first, std::span<const StoredEvent> events,
                WallInstant added, std::string& bytes);

// Of what is added to a chunk each event is damaged unless it is what was written and passes the
// chunk's check. Defined for StoredChunk and SpooledChunk.

// Adds the events of the row a statement stands at. Returns the number of the last.
Sequence add_row(sqlite::Statement& row, StoredChunk& chunk);

// How much is put into a chunk: rows until there are so many or so many bytes.
struct ChunkBounds {
  std::size_t rows = 0;
  std::size_t bytes = 0;
  bool ends_blocks = false;  // a block that was begun is read to its end, even if that is more
};

// Steps through `rows`, the first of which may be a block that reaches behind `after`, and adds to
// the empty `chunk`, as EventStore::select promises.
template <class Rows>
void collect_rows(sqlite::Statement& rows, const StoreFilter& filter, Sequence after,
                  const ChunkBounds& bounds, Chunk<Rows>& chunk);

// Adds those of `wanted` that the row a statement stands at holds, which is where the first of them
// would be, until max_bytes are reached. Returns how many of `wanted` have been looked at.
template <class Rows>
[[nodiscard]] std::size_t add_wanted(sqlite::Statement& row, std::span<const Sequence> wanted,
                                     Chunk<Rows>& chunk, std::size_t& bytes, std::size_t max_bytes);

// What a row counts as, without what it holds.
struct RowSize {
  explicit RowSize(const sqlite::Statement& row);

  Sequence seq;
  std::string_view reason;  // until the next step
  std::uint64_t bytes;      // of the events that are there
  std::size_t events = 1;   // of a block, those that are gone included
  GoneEvents gone;

  [[nodiscard]] Sequence last() const noexcept { return seq + static_cast<Sequence>(events) - 1; }
  [[nodiscard]] std::size_t there() const noexcept { return events - gone.count(); }
};

// The block a statement stands at; nothing if it is none or damaged. Lasts as the row does.
[[nodiscard]] std::optional<EventBlock> block_of(const sqlite::Statement& row);
[[nodiscard]] GoneEvents gone_from(const sqlite::Statement& block) noexcept;

}  // namespace gateway::egress

#pragma once
#include <cstddef>
#include <string_view>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/sqlite.hpp"

namespace gateway::egress {

// Between rows of the table and values. Throws sqlite::Error.

extern const std::string_view kInsertRow;  // bind_row() fills it in
extern const std::string_view kSelectRow;  // to be followed by a WHERE; what the others read

// `event` must stay until the statement is reset.
void bind_row(sqlite::Statement& insert, const StoredEvent& event, WallInstant added);

// Adds the row a statement stands at, which is damaged unless it is what was written and, if that
// is to be checked, its event a CloudEvent.
void add_row(sqlite::Statement& row, StoredChunk& chunk, RowCheck check);

// Steps through `rows`, which begin behind `after`, as EventStore::select promises.
[[nodiscard]] StoredChunk collect_rows(sqlite::Statement& rows, const StoreFilter& filter,
                                       Sequence after, std::size_t max_rows, std::size_t max_bytes,
                                       RowCheck check);

}  // namespace gateway::egress

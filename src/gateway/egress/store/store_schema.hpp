#pragma once
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/salvage.hpp"
#include "gateway/egress/store/sqlite.hpp"

namespace gateway::egress {

// What a store's database looks like, version 1. One table for both kinds; dead letters fill more
// of its columns. No index but the row number: appending writes one end of the file only. A row of
// a spool may hold several events (stored_rows.hpp); in older files each holds one.

// Makes the tables in an empty database; rows count from behind `first_seq`.
void create_schema(sqlite::Database& database, StoreKind kind, Sequence first_seq,
                   std::span<const Salvage> salvages);

enum class Recognised {
  empty,    // nothing in it yet
  ours,     // of this kind; small damage to what says so has been mended if `mend`
  damaged,  // says it is ours, and is not
};
// Throws Unusable for a database of another kind, version or program.
[[nodiscard]] Recognised recognise_schema(sqlite::Database& database, StoreKind kind, bool mend);

}  // namespace gateway::egress

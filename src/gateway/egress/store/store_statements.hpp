#pragma once
#include <fmt/format.h>

#include <string_view>

#include "gateway/egress/store/store_database.hpp"
#include "gateway/egress/store/stored_rows.hpp"

namespace gateway::egress {

// The row that holds event ?1, or would if it were there, and all behind it.
inline constexpr std::string_view kFromRowOf =
    "seq>=coalesce((SELECT max(seq) FROM events WHERE seq<=?1),?1)";

// What a StoreDatabase asks SQLite again and again, prepared once.
struct StoreDatabase::Statements {
  explicit Statements(sqlite::Database& database)
      : insert(database, kInsertRow),
        select(database, fmt::format("{} WHERE {} ORDER BY seq", kSelectRow, kFromRowOf)),
        select_one(database, fmt::format("{} WHERE seq<=?1 ORDER BY seq DESC LIMIT 1", kSelectRow)),
        sizes(database,
              fmt::format("{} WHERE {} AND seq<=?2 ORDER BY seq", kSelectSize, kFromRowOf)),
        last(database, fmt::format("{} ORDER BY seq DESC LIMIT 1", kSelectSize)),
        sequence(database, "SELECT seq FROM sqlite_sequence WHERE name='events'"),
        note_sequence(database, "UPDATE sqlite_sequence SET seq=?1 WHERE name='events'"),
        remove(database, "DELETE FROM events WHERE seq BETWEEN ?1 AND ?2"),
        shrink(database, "UPDATE events SET size=?2,replayed_ms=?3 WHERE seq=?1"),
        mark(database,
             "UPDATE events SET replayed_ms=?2 WHERE seq=?1 AND(status IS NULL OR attempts "
             "NOTNULL)"),
        add_totals(database,
                   "INSERT INTO totals(reason,rows,bytes)VALUES(?1,?2,?3)ON CONFLICT(reason)"
                   "DO UPDATE SET rows=rows+excluded.rows,bytes=bytes+excluded.bytes"),
        totals(database, "SELECT reason,rows,bytes FROM totals WHERE rows>0"),
        oldest(database, "SELECT added_ms FROM events ORDER BY seq LIMIT 1") {}

  sqlite::Statement insert;
  sqlite::Statement select;
  sqlite::Statement select_one;
  sqlite::Statement sizes;
  sqlite::Statement last;
  sqlite::Statement sequence;
  sqlite::Statement note_sequence;
  sqlite::Statement remove;
  sqlite::Statement shrink;
  sqlite::Statement mark;
  sqlite::Statement add_totals;
  sqlite::Statement totals;
  sqlite::Statement oldest;
};

}  // namespace gateway::egress

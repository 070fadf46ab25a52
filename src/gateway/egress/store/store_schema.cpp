#include "gateway/egress/store/store_schema.hpp"

#include <fmt/format.h>

#include <string_view>

#include "gateway/egress/store/store_database.hpp"

namespace gateway::egress {
namespace {

constexpr int kVersion = 1;

// Told apart by more than one bit, so that a flipped one cannot turn dead letters into a spool.
constexpr std::int64_t application_id(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? 0x636F7353 : 0x636F7344;  // "cosS", "cosD"
}

constexpr std::string_view name_of(StoreKind kind) noexcept {
  return kind == StoreKind::spool ? "a spool" : "dead letters";
}

// SQLite keeps this text, by which a file is recognised. The small columns stand before the large
// ones: what a row is can be read without its event.
constexpr std::string_view kEventsTable =
    "CREATE TABLE events("
    "seq INTEGER PRIMARY KEY AUTOINCREMENT,"
    "added_ms INTEGER NOT NULL,"
    "size INTEGER NOT NULL,"
    "sum INTEGER NOT NULL,"
    "id TEXT NOT NULL,"
    "type TEXT NOT NULL,"
    "bucket TEXT NOT NULL,"
    "key TEXT NOT NULL,"
    "attempts INTEGER,"
    "status INTEGER,"
    "reason TEXT,"
    "endpoint TEXT,"
    "first_ms INTEGER,"
    "last_ms INTEGER,"
    "replayed_ms INTEGER,"
    "body BLOB,"
    "event BLOB NOT NULL)";
constexpr std::string_view kTotalsTable =
    "CREATE TABLE totals("
    "reason TEXT PRIMARY KEY,"
    "rows INTEGER NOT NULL,"
    "bytes INTEGER NOT NULL) WITHOUT ROWID";

void write_identity(sqlite::Database& database, StoreKind kind) {
  database.run(fmt::format("PRAGMA application_id={};PRAGMA user_version={}", application_id(kind),
                           kVersion));
}

}  // namespace

void create_schema(sqlite::Database& database, StoreKind kind, Sequence first_seq,
                   std::span<const Salvage> salvages) {
  sqlite::Transaction transaction(database);
  write_identity(database, kind);
  database.run(fmt::format("{};{};INSERT INTO sqlite_sequence(name,seq)VALUES('events',{})",
                           kEventsTable, kTotalsTable, first_seq));
  begin_salvages(database, salvages);
  transaction.commit();
}

Recognised recognise_schema(sqlite::Database& database, StoreKind kind, bool mend) {
  const std::int64_t application = database.integer("PRAGMA application_id");
  const std::int64_t version = database.integer("PRAGMA user_version");
  if (database.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    // An emptied schema of ours is damage; a file that merely has a header is as good as none.
    return application == application_id(kind) ? Recognised::damaged : Recognised::empty;
  }
  const bool ours =
      database.text("SELECT sql FROM sqlite_schema WHERE name='events'") == kEventsTable &&
      database.text("SELECT sql FROM sqlite_schema WHERE name='totals'") == kTotalsTable;
  const auto other = kind == StoreKind::spool ? StoreKind::dead_letters : StoreKind::spool;
  if (application == application_id(other)) {
    throw Unusable(fmt::format("it holds {}, not {}", name_of(other), name_of(kind)));
  }
  if (ours) {
    if (mend && (application != application_id(kind) || version != kVersion)) {
      write_identity(database, kind);
    }
    return Recognised::ours;
  }
  if (application != application_id(kind)) throw Unusable("it is another program's database");
  if (version > kVersion) {
    throw Unusable(fmt::format("it is of version {}; this program knows {}", version, kVersion));
  }
  return Recognised::damaged;
}

}  // namespace gateway::egress

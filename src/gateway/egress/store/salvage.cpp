#include "gateway/egress/store/salvage.hpp"

namespace gateway::egress {

void begin_salvages(sqlite::Database& database, std::span<const Salvage> salvages) {
  if (salvages.empty()) return;
  database.run(
      "CREATE TABLE salvage(file TEXT PRIMARY KEY,after INTEGER NOT NULL,rows INTEGER NOT NULL,"
      "bytes INTEGER NOT NULL)");
  sqlite::Statement insert(database, "INSERT INTO salvage VALUES(?1,?2,?3,?4)");
  for (const Salvage& salvage : salvages) {
    insert.bind(1, salvage.file)
        .bind(2, salvage.after)
        .bind(3, static_cast<std::int64_t>(salvage.rows))
        .bind(4, static_cast<std::int64_t>(salvage.bytes));
    insert.run();
  }
}

void note_salvage(sqlite::Database& database, const Salvage& salvage, bool finished) {
  if (finished) {
    sqlite::Statement remove(database, "DELETE FROM salvage WHERE file=?1");
    remove.bind(1, salvage.file);
    remove.run();
    return;
  }
  sqlite::Statement update(database, "UPDATE salvage SET after=?2,rows=?3,bytes=?4 WHERE file=?1");
  update.bind(1, salvage.file)
      .bind(2, salvage.after)
      .bind(3, static_cast<std::int64_t>(salvage.rows))
      .bind(4, static_cast<std::int64_t>(salvage.bytes));
  update.run();
}

std::vector<Salvage> read_salvages(sqlite::Database& database) {
  std::vector<Salvage> all;
  if (database.integer("SELECT count(*) FROM sqlite_schema WHERE name='salvage'") == 0) return all;
  sqlite::Statement rows(database, "SELECT file,after,rows,bytes FROM salvage ORDER BY rowid");
  while (rows.step()) {
    Salvage& salvage = all.emplace_back(std::string(rows.text(0)));
    salvage.after = rows.integer(1);
    salvage.rows = static_cast<std::uint64_t>(rows.integer(2));
    salvage.bytes = static_cast<std::uint64_t>(rows.integer(3));
  }
  return all;
}

}  // namespace gateway::egress

#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/salvage.hpp"
#include "gateway/egress/store/sqlite.hpp"

namespace gateway::egress {

// It is no database of this kind, and not damaged either: not ours to move aside.
class Unusable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// An open store's handle, schema and statements; EventStore adds what is done about errors. Throws
// sqlite::Error and Unusable; after either from the constructor there is nothing to close.
class StoreDatabase {
 public:
  struct Settings {
    std::string path;
    std::uint64_t max_bytes = 0;
    StoreKind kind = StoreKind::spool;
    bool owner = false;                 // makes the file if need be and bounds it
    bool check = false;                 // an owner: looks for damage, in bounded time
    Sequence first_seq = 0;             // a new file gives out higher ones
    std::span<const Salvage> salvages;  // whose state a new file is to keep
  };
  explicit StoreDatabase(const Settings& settings);

  // Returns the last row's number.
  Sequence append(std::span<const StoredEvent> events, WallInstant added);
  StoredChunk select(const StoreFilter& filter, Sequence after, std::size_t max_rows,
                     std::size_t max_bytes);
  StoredChunk read_rows(std::span<const Sequence> rows, std::size_t max_bytes);
  // Both make anew what `chunk` holds.
  void read_spooled(Sequence after, std::size_t max_rows, std::size_t max_bytes,
                    SpooledChunk& chunk);
  void read_spooled(std::span<const Sequence> rows, std::size_t max_bytes, SpooledChunk& chunk);
  StoreTotals remove(std::span<const Sequence> rows);
  void mark_replayed(std::span<const Sequence> rows, WallInstant when);
  std::map<std::string, StoreTotals> totals_by_reason();
  std::optional<WallInstant> oldest();
  Sequence last_seq();
  void probe();
  // Appends rows of another file as they stood there, and notes how far that has come.
  void save(std::span<const StoredRow> rows, const Salvage& progress, bool finished);
  std::vector<Salvage> salvages();

  [[nodiscard]] std::size_t wal_bytes() const noexcept { return wal_pages_ * page_size_; }
  [[nodiscard]] std::size_t wal_bound() const noexcept { return wal_bound_; }
  void checkpoint();
  // Moves over all of the log and ends it, so that nothing of it is needed any more.
  void empty_log();

 private:
  enum class Durability : std::uint8_t { unknown, at_checkpoint, at_commit };

  void configure();
  void recognise(const Settings& settings);
  void create(const Settings& settings);
  void check_integrity();
  [[nodiscard]] bool recount(bool bounded);
  void bound_size(std::uint64_t max_bytes);
  void set_durability(Durability durability);
  void set_max_pages(std::uint64_t pages);
  void add_to_totals(const std::map<std::string, StoreTotals>& changes, int sign);
  [[nodiscard]] Sequence last_given_out(std::size_t to_come);
  void note_given_out(Sequence last);
  template <class Rows>
  void read_some(std::span<const Sequence> rows, std::size_t max_bytes, Chunk<Rows>& chunk);
  void remove_range(Sequence first, Sequence last, std::map<std::string, StoreTotals>& removed);
  void remove_from_block(Sequence block, Sequence first, Sequence last,
                         std::map<std::string, StoreTotals>& removed);

  struct Statements;
  struct StatementsDeleter {
    void operator()(Statements* statements) const noexcept;
  };

  sqlite::Database database_;
  const bool blocks_;  // are made of events that arrive together
  std::string block_;
  std::size_t page_size_ = 0;
  std::size_t wal_bound_ = 0;
  std::uint64_t max_pages_ = 0;      // for appending; 0: not bounded here
  std::uint64_t pages_allowed_ = 0;  // as last told to SQLite
  std::size_t wal_pages_ = 0;
  Durability durability_ = Durability::unknown;
  std::unique_ptr<Statements, StatementsDeleter> statements_;
};

}  // namespace gateway::egress

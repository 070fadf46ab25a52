#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gateway/egress/store/sqlite.hpp"
#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// How far copying the rows of a file that was moved aside has come.
struct Salvage {
  Salvage() = default;
  explicit Salvage(std::string name) : file(std::move(name)) {}

  std::string file;         // its name, in the store's folder
  Sequence after = 0;       // all its rows up to here have been looked at
  std::uint64_t rows = 0;   // saved
  std::uint64_t bytes = 0;  // of the events saved
};

// What one step of it has done.
struct SalvageStep {
  SalvageStep() = default;

  std::size_t rows = 0;             // saved by this step
  std::optional<Salvage> finished;  // nothing is left to be had of this file
  std::uint64_t bytes_lost = 0;     // of that file
};

// The store keeps the state of each salvage in a table beside its rows, so that one transaction
// holds both: a crash neither loses nor repeats any. The table is made when there is need for one.
// These throw sqlite::Error.
void begin_salvages(sqlite::Database& database, std::span<const Salvage> salvages);
void note_salvage(sqlite::Database& database, const Salvage& salvage, bool finished);
[[nodiscard]] std::vector<Salvage> read_salvages(sqlite::Database& database);

}  // namespace gateway::egress

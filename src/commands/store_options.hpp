#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "commands/command.hpp"
#include "commands/configuration.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/rows/row_filter.hpp"
#include "gateway/egress/rows/row_walk.hpp"
#include "runtime/standard_streams.hpp"

namespace gateway::commands {

// The options of the subcommands that work on spool and dead letters: which store, which rows.
class StoreOptions {
 public:
  // Adds the options to `command`. They refer to this object, which must live as long.
  void add_to(Command& command);
  // Adds --damaged in the same way.
  void add_damaged_to(Command& command);

  [[nodiscard]] bool damaged() const noexcept { return damaged_; }
  [[nodiscard]] bool dead_letters() const noexcept { return dead_letters_; }
  [[nodiscard]] bool spool() const noexcept { return spool_; }
  [[nodiscard]] std::uint64_t limit() const noexcept {
    return limit_ == 0 ? egress::RowWalk::kNoLimit : limit_;
  }
  [[nodiscard]] bool by_reason() const noexcept { return !text_.reason.empty(); }
  // Returns the filter for the rows that are wanted as of now, or nullopt after printing what is
  // wrong on stderr.
  [[nodiscard]] std::optional<egress::StoreFilter> filter() const;

 private:
  bool dead_letters_ = false;
  bool spool_ = false;
  bool damaged_ = false;
  std::uint64_t limit_ = 0;
  egress::FilterText text_;
};

// A store that a command works on.
struct StorePlace {
  egress::StoreKind kind = egress::StoreKind::spool;
  std::string path;
  bool configured = false;  // a gateway may have had nothing to write there yet
};

// The places of the stores: those that the configuration names, or a path on the command line.
class StorePlaces {
 public:
  // Adds the options to `command`. They refer to this object, which must live as long.
  void add_to(Command& command);
  // Returns the stores that `options` ask for. If there are none it prints why and sets the exit
  // code.
  [[nodiscard]] std::vector<StorePlace> find(const StoreOptions& options, int& exit_code) const;

 private:
  ConfigurationOptions configuration_;
  std::string file_;
  std::string kind_;
};

// Returns the path of a store in the configuration; empty if there is none.
[[nodiscard]] const std::string& path_of(const config::Settings& settings,
                                         egress::StoreKind kind) noexcept;
// Returns the name of the key with that path: spool.path or dead_letter.path.
[[nodiscard]] const char* key_of(egress::StoreKind kind) noexcept;

// Returns whether what a store was asked for has succeeded. Prints why not on stderr.
template <class Result>
[[nodiscard]] bool succeeded(const Result& result) {
  if (!result) print_error("error: {}\n", result.error().text());
  return result.has_value();
}

// Opens a store that a gateway may be running on, to read or also to mark rows. Of a configured one
// the folder has to be there, and no file: it has no rows then. Returns null after printing what is
// wrong on stderr.
[[nodiscard]] std::unique_ptr<egress::EventStore> open_store(const StorePlace& place,
                                                             egress::EventStore::Access access);

}  // namespace gateway::commands

#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/sqlite.hpp"

namespace gateway::egress {

// What can still be read of a store's file that was moved aside. Goes through its rows in order and
// passes over what is damaged: a bad page costs the rows on it. Changes nothing in the file, and
// takes every error for damage.
class DamagedFile {
 public:
  // Goes on behind `after`.
  DamagedFile(const std::string& path, Sequence after);

  // The next rows that are what was written, in bounded time. None is given out twice, whatever the
  // damage makes of the order. There may be none although the end has not been reached.
  [[nodiscard]] StoredChunk next(std::size_t max_rows, std::size_t max_bytes);
  // Of events, as the file's own books have it; if they cannot be read, the size of the file.
  [[nodiscard]] std::uint64_t bytes_held() const noexcept { return bytes_held_; }

 private:
  void take(StoredChunk& chunk, std::size_t& bytes);
  [[nodiscard]] bool readable_behind(Sequence seq);
  [[nodiscard]] bool skip_damage();
  [[nodiscard]] bool given_out(Sequence seq) const;
  void note_given_out(Sequence seq);

  std::uint64_t bytes_held_ = 0;
  std::unique_ptr<sqlite::Database> database_;  // none if it cannot be read at all
  std::unique_ptr<sqlite::Statement> rows_;
  bool walking_ = false;                    // `rows_` stands where the walk has come to
  Sequence at_;                             // the furthest row looked at
  std::map<Sequence, Sequence> given_out_;  // ranges: from the first to the last of each
};

}  // namespace gateway::egress

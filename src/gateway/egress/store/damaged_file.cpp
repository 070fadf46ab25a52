#include "gateway/egress/store/damaged_file.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>

#include "gateway/egress/store/stored_rows.hpp"

namespace gateway::egress {
namespace {

// Whoever reads has other things to do.
constexpr std::chrono::milliseconds kSlice{20};
// Going forward over damage, the next place to try is so much further off: what lies between two
// damaged places is missed only if it is less than this part of the first.
constexpr Sequence kSkipPart = 16;

}  // namespace

DamagedFile::DamagedFile(const std::string& path, Sequence after) : at_(after) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  bytes_held_ = error ? 0 : size;
  try {
    database_ = std::make_unique<sqlite::Database>(path, SQLITE_OPEN_READONLY);
    sqlite3_db_config(database_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    // A writable schema is one that SQLite reads in spite of errors, and then also a file that is
    // shorter than it should be.
    database_->run(
        "PRAGMA writable_schema=ON;PRAGMA cell_size_check=ON;PRAGMA trusted_schema=OFF;"
        "PRAGMA mmap_size=0;PRAGMA cache_size=-4096");
    rows_ = std::make_unique<sqlite::Statement>(
        *database_, fmt::format("{} WHERE seq>?1 ORDER BY seq", kSelectRow));
  } catch (const sqlite::Error&) {
    rows_.reset();
    return;
  }
  try {
    const std::int64_t held = database_->integer("SELECT sum(bytes) FROM totals");
    if (held > 0) bytes_held_ = std::min(bytes_held_, static_cast<std::uint64_t>(held));
  } catch (const sqlite::Error&) {
    // The size of the file has to do.
    return;
  }
}

StoredChunk DamagedFile::next(std::size_t max_rows, std::size_t max_bytes) {
  StoredChunk chunk;
  std::size_t bytes = 0;
  chunk.end = !rows_;
  const auto deadline = std::chrono::steady_clock::now() + kSlice;
  while (!chunk.end && chunk.rows.size() < max_rows && bytes < max_bytes &&
         std::chrono::steady_clock::now() < deadline) {
    try {
      if (!walking_) rows_->bind(1, at_);
      walking_ = true;
      if (rows_->step()) {
        take(chunk, bytes);
      } else {
        chunk.end = true;
      }
    } catch (const sqlite::Error&) {
      chunk.end = !skip_damage();
    }
  }
  chunk.last = at_;
  return chunk;
}

void DamagedFile::take(StoredChunk& chunk, std::size_t& bytes) {
  // Never back: after an error the walk goes on from here, and must come to an end.
  at_ = std::max(at_, rows_->integer(0));
  StoredChunk got;
  at_ = std::max(at_, add_row(*rows_, got));
  for (StoredRow& row : got.rows) {
    if (given_out(row.seq)) continue;
    note_given_out(row.seq);
    bytes += row.event.bytes();
    chunk.rows.push_back(std::move(row));
  }
}

bool DamagedFile::readable_behind(Sequence seq) {
  try {
    rows_->reset();
    rows_->bind(1, seq);
    static_cast<void>(rows_->step());
    return true;
  } catch (const sqlite::Error&) {
    return false;
  }
}

// Finds where rows can be read again behind `at_`, behind which they cannot. False: nowhere.
bool DamagedFile::skip_damage() {
  constexpr Sequence kLast = std::numeric_limits<Sequence>::max();
  Sequence bad = at_;
  Sequence good = 0;
  while (good == 0) {
    const Sequence step = 1 + (bad - at_) / kSkipPart;
    if (bad > kLast - step) return false;
    if (readable_behind(bad + step)) {
      good = bad + step;
    } else {
      bad += step;
    }
  }
  while (good - bad > 1) {
    const Sequence between = bad + (good - bad) / 2;
    (readable_behind(between) ? good : bad) = between;
  }
  at_ = good;
  rows_->reset();
  walking_ = false;
  return true;
}

bool DamagedFile::given_out(Sequence seq) const {
  const auto behind = given_out_.upper_bound(seq);
  return behind != given_out_.begin() && std::prev(behind)->second >= seq;
}

void DamagedFile::note_given_out(Sequence seq) {
  const auto behind = given_out_.upper_bound(seq);
  const bool adjoins = behind != given_out_.begin() && std::prev(behind)->second == seq - 1;
  const auto range = adjoins ? std::prev(behind) : given_out_.emplace(seq, seq).first;
  range->second = seq;
  const auto next = std::next(range);
  if (next != given_out_.end() && next->first == seq + 1) {
    range->second = next->second;
    given_out_.erase(next);
  }
}

}  // namespace gateway::egress

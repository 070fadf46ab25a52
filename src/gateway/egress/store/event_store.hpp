#pragma once
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/egress/store/file_lock.hpp"
#include "gateway/egress/store/salvage.hpp"
#include "gateway/egress/store/spooled_events.hpp"
#include "gateway/egress/store/store_error.hpp"
#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

class DamagedFile;
class StoreDatabase;

enum class StoreKind : std::uint8_t { spool, dead_letters };

// Which rows are wanted; what is empty does not matter.
struct StoreFilter {
  StoreFilter() = default;

  std::optional<WallInstant> since;  // added at or after
  std::optional<WallInstant> until;  // added before
  std::string bucket;
  std::string key_prefix;
  std::string reason;
  bool not_replayed = false;
};

// Rows in order of arrival, and where to go on.
template <class Rows>
struct Chunk {
  Chunk() = default;

  Rows rows;
  std::vector<Sequence> damaged;  // rows that are not what was written: left alone, not given out
  Sequence last = 0;              // all up to here has been looked at: `after` of the next call
  bool end = false;               // there was nothing behind `last`
};
// Whole rows, each known to hold a CloudEvent.
using StoredChunk = Chunk<std::vector<StoredRow>>;
// For readers that parse the events themselves: where a sum is right and the row begins as the
// encoder's events do, nothing more is checked.
using SpooledChunk = Chunk<SpooledEvents>;

struct StoreTotals {
  StoreTotals() = default;

  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // as StoredEvent::bytes() counts
};

// Events on disk: one SQLite database (with its -wal and -shm beside it) that survives a crash of
// the process and of the machine. Synchronous; used by one thread at a time.
//
// A file found damaged, at open or later, is moved aside to "<path>.damaged-<UTC time>" and a new
// one takes its place: moved_aside() tells. What can still be read of it comes back by salvage().
// After an error of the device the store stays usable: each call tries again, with a new handle if
// the old one may be stuck.
class EventStore {
 public:
  // The one owner of the file, made if need be; a lock on "<path>.lock" keeps a second one out. The
  // files together stay near `max_bytes`, which is at least 1 MiB. Errors: in_use, unusable, and
  // what the device says.
  [[nodiscard]] static StoreOutcome<std::unique_ptr<EventStore>> open(const std::string& path,
                                                                      std::uint64_t max_bytes,
                                                                      StoreKind kind);
  // Beside an owner, to read and to mark rows. Never makes a file nor moves one aside.
  [[nodiscard]] static StoreOutcome<std::unique_ptr<EventStore>> open_for_tools(
      const std::string& path, StoreKind kind);
  ~EventStore();
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  // For tools: becomes the owner, which removing rows takes. Errors: in_use.
  [[nodiscard]] StoreResult try_own();

  // All of them or none, in one transaction that is on the device when this returns.
  [[nodiscard]] StoreResult append(std::span<const StoredEvent> events, WallInstant added);
  // Rows behind `after` in order; stops at max_rows, or after the row that reaches max_bytes, or
  // after so many rows passed over that others would have to wait.
  [[nodiscard]] StoreOutcome<StoredChunk> read(Sequence after, std::size_t max_rows,
                                               std::size_t max_bytes);
  [[nodiscard]] StoreOutcome<StoredChunk> select(const StoreFilter& filter, Sequence after,
                                                 std::size_t max_rows, std::size_t max_bytes);
  // Of these rows, which are in order, those that are still there.
  [[nodiscard]] StoreOutcome<StoredChunk> read_rows(std::span<const Sequence> rows,
                                                    std::size_t max_bytes);
  // Likewise, into `chunk`, whose memory is used again. Rows that are one block in the file come
  // together if there may be as many as a block has, even if that is beyond the bounds: to read and
  // to remove half of a block costs as much as all of it.
  [[nodiscard]] StoreResult read_spooled(Sequence after, std::size_t max_rows,
                                         std::size_t max_bytes, SpooledChunk& chunk);
  [[nodiscard]] StoreResult read_spooled(std::span<const Sequence> rows, std::size_t max_bytes,
                                         SpooledChunk& chunk);
  // Both in one transaction each; rows that are not there do not matter. A crash of the machine
  // right after may bring removed rows back and unmark marked ones: they are then sent once more.
  // The removed rows' totals are returned.
  [[nodiscard]] StoreOutcome<StoreTotals> remove(std::span<const Sequence> rows);
  [[nodiscard]] StoreResult mark_replayed(std::span<const Sequence> rows, WallInstant when);

  [[nodiscard]] StoreOutcome<StoreTotals> totals();
  // For a spool all of it stands under the empty reason.
  [[nodiscard]] StoreOutcome<std::map<std::string, StoreTotals>> totals_by_reason();
  [[nodiscard]] StoreOutcome<std::optional<WallInstant>> oldest();
  // The highest number ever given out, 0 before the first.
  [[nodiscard]] StoreOutcome<Sequence> last_seq();

  // Whether an append would succeed now: writes something and takes it back.
  [[nodiscard]] StoreResult probe();
  // Moves what the -wal holds into the database, a matter of its own as it may take a while.
  // checkpoint_due(): now, lest the -wal outgrow its bound; append() does it itself soon after.
  [[nodiscard]] bool checkpoint_due() const noexcept;
  [[nodiscard]] bool checkpoint_possible() const noexcept;
  [[nodiscard]] StoreResult checkpoint();

  // Files were moved aside, now or by an earlier process, and not all of their rows looked at.
  [[nodiscard]] bool salvage_due() const noexcept { return !salvages_.empty(); }
  // Appends some of their rows, each once, in one transaction and in bounded time; they get numbers
  // of their own and keep the time they were added. What cannot be read is passed over.
  [[nodiscard]] StoreOutcome<SalvageStep> salvage();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Where damaged files went, oldest first. As this grows, earlier rows are gone from here.
  [[nodiscard]] const std::vector<std::string>& moved_aside() const noexcept {
    return moved_aside_;
  }
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }

 private:
  enum class Role : std::uint8_t { owner, tool };

  EventStore(std::string path, std::uint64_t max_bytes, StoreKind kind, Role role);
  [[nodiscard]] StoreResult start();
  template <class Call>
  auto attempt(Call call) -> StoreOutcome<decltype(call())>;
  [[nodiscard]] StoreDatabase& connection();
  void catch_up_with_salvages();
  [[nodiscard]] StoreResult replace_damaged_file();
  [[nodiscard]] StoreError error_of(const std::exception& error) const;

  const std::string path_;
  const std::uint64_t max_bytes_;
  const StoreKind kind_;
  const Role role_;
  std::optional<FileLock> lock_;
  std::unique_ptr<StoreDatabase> connection_;  // none after an error that may have left it stuck
  bool checked_ = false;                       // the file has been looked through once
  std::vector<std::string> moved_aside_;
  bool distrust_log_ = false;      // what it says may not be on the device
  Sequence last_seq_ = 0;          // the highest given out, so that a new file goes on behind it
  std::vector<Salvage> salvages_;  // as the database has them; the first is under way
  std::unique_ptr<DamagedFile> damaged_file_;  // of the first
  StoredChunk saving_;                         // of its rows, not known to be in the database
  std::uint64_t commits_ = 0;
};

}  // namespace gateway::egress

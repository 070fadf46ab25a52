#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/egress/segments/segments.hpp"
#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/segments/stored_event.hpp"
#include "gateway/egress/store/spooled_events.hpp"
#include "gateway/egress/store/store_lock.hpp"

namespace gateway::egress {

// Which rows are wanted; what is empty does not matter.
struct StoreFilter {
  StoreFilter() = default;

  std::optional<WallInstant> since;  // added at or after
  std::optional<WallInstant> until;  // added before
  std::string bucket;
  std::string key_prefix;
  std::string reason;
  std::vector<std::string> targets;  // any of these, as TargetNames has them
  bool not_replayed = false;
  bool replayed_only = false;
  bool damaged_only = false;
};

// Rows in order of arrival, and where to go on.
template <class Rows>
struct Chunk {
  Chunk() = default;

  Rows rows;
  std::vector<Sequence> damaged;  // rows that are not what was written, or that hold no CloudEvent
  Sequence last = 0;              // all up to here has been looked at: `after` of the next call
  bool end = false;               // there was nothing behind `last`
};
// Whole rows, each known to hold a CloudEvent.
using StoredChunk = Chunk<std::vector<StoredRow>>;
// For readers that parse the events themselves.
using SpooledChunk = Chunk<SpooledEvents>;

// Events on disk that survive a crash of the process and of the machine. Synchronous; used by one
// thread at a time.
//
// They stand in segments, files "<path>.<number of the first>.events", in order of arrival. An
// event is appended once and marked when it is not needed any more; a segment whose events are all
// removed is deleted. "<path>.lock" keeps a second owner out. Nothing else is written. `path`
// itself is free, or holds the database of an earlier version, which is taken over.
class EventStore {
 public:
  // Opens a store as its one owner, which appends, removes, and deletes segments. The segments
  // together stay below `max_bytes`, which is at least 1 MiB. Errors: in_use, unusable, and what
  // the device says.
  [[nodiscard]] static StoreOutcome<std::unique_ptr<EventStore>> open(
      const std::string& path, std::uint64_t max_bytes, StoreKind kind,
      FileSystem& files = native_file_system());
  // Returns how it can be opened once more, after it has been closed.
  using Opening = std::function<StoreOutcome<std::unique_ptr<EventStore>>()>;
  [[nodiscard]] Opening opening() const;
  // Opens a store beside its owner, to read and, if asked for, to mark rows. Sees what there was at
  // that moment.
  using Access = Segment::Access;
  [[nodiscard]] static StoreOutcome<std::unique_ptr<EventStore>> open_for_tools(
      const std::string& path, StoreKind kind, Access access,
      FileSystem& files = native_file_system());
  // Returns whether there is anything of a store at `path`.
  [[nodiscard]] static bool exists(const std::string& path,
                                   FileSystem& files = native_file_system());
  // Returns an error if something at `path` is in the way of a store, or may not be read. Touches
  // nothing.
  [[nodiscard]] static StoreResult check_path(const std::string& path,
                                              FileSystem& files = native_file_system());
  ~EventStore();
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  // Lets go of the files as they are, as the end of the process would; nothing more is written.
  void abandon() noexcept { lock_.reset(); }
  // Becomes the owner, if it is not. The files are then read anew, as others may have changed them
  // until now.
  [[nodiscard]] StoreResult try_own();
  [[nodiscard]] bool owned() const noexcept { return lock_.has_value(); }

  // Appends all of them. They are on the device when this returns without an error; none is kept
  // otherwise, but for a device that fails in the middle, which may keep some.
  [[nodiscard]] StoreResult append(std::span<const StoredEvent> events, WallInstant added);

  // Reads what a filter wants of the rows behind `after`: at most `max_rows`, and no more once they
  // have `max_bytes` or much has been passed over.
  [[nodiscard]] StoreOutcome<StoredChunk> select(const StoreFilter& filter, Sequence after,
                                                 std::size_t max_rows, std::size_t max_bytes);
  [[nodiscard]] StoreOutcome<StoredChunk> read(Sequence after, std::size_t max_rows,
                                               std::size_t max_bytes) {
    return select(StoreFilter(), after, max_rows, max_bytes);
  }
  // Does the same for rows that are `wanted`, damaged ones included, without a look into the
  // events. Makes anew what `chunk` holds.
  using IsWanted = std::function<bool(const RecordReader::Record&)>;
  [[nodiscard]] StoreResult read_spooled(Sequence after, const IsWanted& wanted,
                                         std::size_t max_rows, std::size_t max_bytes,
                                         SpooledChunk& chunk);

  // Removes rows, which need not be there, in order of their numbers. Returns how many were. They
  // stay removed after a crash of the process, and after one of the machine once sync_marks() has
  // returned.
  [[nodiscard]] StoreOutcome<std::uint64_t> remove(std::span<const Sequence> rows);
  // Does the same, but adds rows of files that may not be written to `unwritable`.
  [[nodiscard]] StoreOutcome<std::uint64_t> remove(std::span<const Sequence> rows,
                                                   std::vector<Sequence>& unwritable);
  [[nodiscard]] StoreResult mark_replayed(std::span<const Sequence> rows, WallInstant when);
  [[nodiscard]] StoreResult sync_marks() { return segments_.sync_marks(); }
  [[nodiscard]] bool has_unsynced_marks() const noexcept { return segments_.has_unsynced_marks(); }
  // Has deleted files closed by `closer`, which outlives this.
  void close_deleted_by(FileCloser& closer) noexcept { segments_.close_deleted_by(closer); }

  [[nodiscard]] StoreTotals totals() const noexcept { return segments_.totals(); }
  // Returns when the first row that is there was added.
  [[nodiscard]] StoreOutcome<std::optional<WallInstant>> oldest() { return segments_.oldest(); }
  // Returns the highest number given out, 0 before the first.
  [[nodiscard]] Sequence last_seq() const noexcept { return segments_.last_seq(); }
  // Returns the last number up to `seq` that a row may have, 0 if there is none.
  [[nodiscard]] Sequence last_up_to(Sequence seq) const noexcept {
    return segments_.last_up_to(seq);
  }
  // Finds out whether an append would succeed now.
  [[nodiscard]] StoreResult probe();
  // Looks at the files. Returns an error if they are not what this store wrote and needs. Rows that
  // others removed are counted out, drained segments deleted, and the space of removed rows beside
  // others is given back. `idle`: nothing was appended for a while.
  [[nodiscard]] StoreResult look(bool idle);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] StoreKind kind() const noexcept { return kind_; }
  // Gives out only higher numbers than this from now on.
  void skip_to(Sequence seq) noexcept { segments_.skip_to(seq); }
  // Returns the files of this store that cannot be read or recognised, or of which events are
  // missing, with the reason of each.
  [[nodiscard]] const std::map<std::string, std::string>& unreadable_files() const noexcept {
    return segments_.unreadable_files();
  }
  // Returns how many files have ever been among them.
  [[nodiscard]] std::uint64_t left_alone() const noexcept { return segments_.left_alone(); }
  // Returns why a file of which all events are removed could not be deleted; empty if none is left.
  [[nodiscard]] const std::string& undeleted() const noexcept { return segments_.undeleted(); }
  // Returns how many times rows were found that this store had not known: files were read anew, or
  // came back.
  [[nodiscard]] std::uint64_t finds() const noexcept { return reread_ + segments_.finds(); }
  // Returns how many bytes were cut off behind the last whole events of files that were not ended:
  // what a write left that was interrupted, or damage.
  [[nodiscard]] std::uint64_t cut_bytes() const noexcept { return segments_.cut_bytes(); }
  // Returns how many rows went with files that somebody removed, moved or cut.
  [[nodiscard]] std::uint64_t vanished_rows() const noexcept { return segments_.vanished_rows(); }
  // Returns how many rows came from the file of an earlier version.
  [[nodiscard]] std::uint64_t taken_over() const noexcept { return taken_over_; }

 private:
  // Passed over by a filter in one go: a few milliseconds' worth.
  static constexpr std::size_t kMostPassedOver = 5000;

  EventStore(std::string path, std::uint64_t max_bytes, StoreKind kind, FileSystem& files);
  [[nodiscard]] StoreResult take_over_old_files();
  [[nodiscard]] StoreResult take_lock();
  [[nodiscard]] StoreResult check_lock();
  [[nodiscard]] StoreResult own_again();
  [[nodiscard]] StoreError may_not_be_written() const;

  const std::string path_;
  const std::uint64_t max_bytes_;
  const StoreKind kind_;
  FileSystem& files_;
  std::optional<StoreLock> lock_;
  Segments segments_;
  std::uint64_t taken_over_ = 0;
  std::uint64_t reread_ = 0;
};

}  // namespace gateway::egress

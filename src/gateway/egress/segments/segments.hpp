#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/egress/segments/file_closer.hpp"
#include "gateway/egress/segments/segment.hpp"
#include "gateway/egress/segments/store_error.hpp"
#include "gateway/egress/segments/stored_event.hpp"
#include "runtime/clock.hpp"

namespace gateway::egress {

struct StoreTotals {
  StoreTotals() = default;

  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;  // of the events
};

[[nodiscard]] StoreError path_error(StoreError::Kind kind, const std::string& path,
                                    std::string_view text);
// Returns what a store says of a failed call to the operating system.
[[nodiscard]] StoreError error_at(const std::string& path, const boost::system::error_code& error);

// The names of files, with their folder, by the numbers in them.
using SegmentFiles = std::map<Sequence, std::string>;
// Returns the files that have names of segments of the store at `path`.
[[nodiscard]] StoreOutcome<SegmentFiles> segment_files(FileSystem& files, const std::string& path,
                                                       std::string_view suffix = kSegmentSuffix);

// The files of a store in order of their numbers, "<path>.<number of the first event><suffix>".
// Appends to the last of them and begins the next, reads and marks events across them, deletes
// those whose events are all removed. Keeps few of them open, as there may be thousands. Used by
// one thread at a time.
class Segments {
 public:
  // Is called with each event that is there. Returns false to end the walk.
  using Visit = std::function<bool(const RecordReader::Record&, std::uint32_t mark)>;
  // Writes the records of a group behind `bytes`, the first with the number `first`.
  using Write = std::function<void(std::string& bytes, Sequence first)>;

  Segments(FileSystem& files, std::string path, StoreKind kind,
           std::string_view suffix = kSegmentSuffix);

  // Opens the files that are there, in place of those it knew. What one file makes impossible, such
  // as a page that cannot be read, is kept to that file, which is left alone. Returns an error if
  // they are of the other kind, or if two of them hold the same numbers.
  // `again`: by a store that has worked with them before, which goes on without one that holds the
  // same numbers as another.
  [[nodiscard]] StoreResult open(Segment::Access access, bool again = false);
  // Finishes what an owner before this one could not, and deletes what is drained.
  void finish();
  // Appends `count` records in one write and syncs; their events have `bytes`. All files together
  // stay below `max_bytes`. After an error none of them counts, but the device may have some.
  [[nodiscard]] StoreResult append(const Write& write, std::size_t count, std::uint64_t bytes,
                                   std::uint64_t max_bytes);
  // Finds out whether append() would succeed now.
  [[nodiscard]] StoreResult probe(std::uint64_t max_bytes);
  // Ends the file that is appended to; the next append begins another.
  void close();

  // Calls `visit` with the events behind `after` and sets `last` to the last one looked at. Returns
  // whether it went through all there are.
  [[nodiscard]] StoreOutcome<bool> walk(Sequence after, Sequence& last, const Visit& visit);
  // Marks these events, given in order of their numbers. Returns how many became removed. Those of
  // files that cannot be written are added to `unwritable`.
  [[nodiscard]] StoreOutcome<std::uint64_t> mark(std::span<const Sequence> rows,
                                                 std::uint32_t value,
                                                 std::vector<Sequence>& unwritable);
  [[nodiscard]] bool has_unsynced_marks() const noexcept;
  [[nodiscard]] StoreResult sync_marks();
  // Deletes files whose events are all removed; the one that is appended to if `active_too`.
  void delete_drained(bool active_too);
  // Returns why the last call of it could not delete one; empty if there was none.
  [[nodiscard]] const std::string& undeleted() const noexcept { return undeleted_; }
  // Gives the space of removed events back to the device, of at most `most` files, where others are
  // still there beside them and none was removed between the last two calls of look().
  void give_space_back(std::size_t most);
  // Finds out what others have done to the files; changes none.
  [[nodiscard]] StoreResult look();
  // Now and then finds out whether there are others, and takes them up. For the owner.
  [[nodiscard]] StoreResult look_for_others();
  // Forgets the file that is appended to, as another process may own it by now.
  void let_go() noexcept { active_ = nullptr; }
  // Records that another process owns the files: what it delivers has not vanished.
  void is_owned_by_another() noexcept { owned_by_another_ = true; }

  // Has deleted files closed by `closer`, which outlives this, from now on.
  void close_deleted_by(FileCloser& closer) noexcept { closer_ = &closer; }

  [[nodiscard]] StoreTotals totals() const noexcept;
  // Returns when the first event that is there was added.
  [[nodiscard]] StoreOutcome<std::optional<WallInstant>> oldest();
  // Returns the highest number given out, 0 before the first.
  [[nodiscard]] Sequence last_seq() const noexcept { return last_seq_; }
  // Returns the last number up to `seq` that an event of these files may have, 0 if there is none.
  // Between two files many numbers may never have been given out.
  [[nodiscard]] Sequence last_up_to(Sequence seq) const noexcept;
  // Gives out only higher numbers than this from now on.
  void skip_to(Sequence seq) noexcept { last_seq_ = seq > last_seq_ ? seq : last_seq_; }
  // Returns the files that are left alone, as they are none of this store or cannot be read, and
  // those of which events are missing: name and reason of each.
  [[nodiscard]] const std::map<std::string, std::string>& unreadable_files() const noexcept {
    return unreadable_files_;
  }
  // Returns how many files have ever been among them.
  [[nodiscard]] std::uint64_t left_alone() const noexcept { return ever_left_alone_.size(); }
  // Returns how many times files were found that were not there before.
  [[nodiscard]] std::uint64_t finds() const noexcept { return finds_; }
  // Returns how many bytes finish() has cut off behind the last whole records.
  [[nodiscard]] std::uint64_t cut_bytes() const noexcept { return cut_bytes_; }
  // Returns how many events went with files that somebody removed, moved or cut.
  [[nodiscard]] std::uint64_t vanished_rows() const noexcept { return vanished_rows_; }

 private:
  // Memory that is kept to be used again.
  static constexpr std::size_t kMostKept = std::size_t{1} << 20;

  [[nodiscard]] std::string path_of(Sequence first) const;
  // Opens a file and adds its segment. Returns it, or null if there is none to be added.
  [[nodiscard]] StoreOutcome<Segment*> add(Sequence number, const std::string& name);
  // Does the same, but leaves a file alone that does not fit: the store works without it.
  [[nodiscard]] StoreOutcome<Segment*> add_if_fit(Sequence number, const std::string& name);
  void note_unreadable(const std::string& name, std::string reason);
  void leave_alone(Sequence number, const std::string& name, std::string reason);
  void finish(Segment& segment);
  [[nodiscard]] bool rests(const std::string& name);
  [[nodiscard]] StoreResult remove_file(const Segment& segment);
  [[nodiscard]] bool delete_file(Segment& segment);
  [[nodiscard]] bool is_all(Segment& segment, std::span<const Sequence> rows);
  [[nodiscard]] bool is_put_off(const Segment& segment,
                                const boost::system::error_code& error) const;
  [[nodiscard]] StoreResult make_room(std::size_t rows, std::size_t bytes, std::uint64_t max_bytes);
  [[nodiscard]] StoreResult begin_next(Segment::Identity identity, std::uint64_t reserve);
  [[nodiscard]] StoreResult check_active();
  // Drops the segment that is appended to, and returns what is said of it.
  [[nodiscard]] StoreError active_is_gone();
  [[nodiscard]] Segment* begun_by(Sequence seq) const noexcept;
  [[nodiscard]] Segment* segment_of(Sequence seq) const noexcept;
  enum class Walked : std::uint8_t { through, ended };
  // Adds the removed events that it passes over to `removed`.
  [[nodiscard]] IoResult<Walked> walk(Segment& segment, Sequence& last, const Visit& visit,
                                      std::size_t& removed);
  // Returns whether what stands behind `last` in a segment could not be read for so long that it
  // counts as damaged.
  [[nodiscard]] bool stays_unreadable(const Segment& segment, Sequence last,
                                      const boost::system::error_code& error);
  [[nodiscard]] StoreResult unless_gone(Segment& segment, const boost::system::error_code& error);
  void drop(const Segment& segment, bool vanished);
  void drop_all();
  void keep_few_open(Segment& used);

  FileSystem& files_;
  const std::string path_;
  const StoreKind kind_;
  const std::string suffix_;
  FileCloser* closer_ = nullptr;
  Segment::Access access_ = Segment::Access::own;
  std::vector<std::unique_ptr<Segment>> segments_;
  Segment* active_ = nullptr;  // the last of them, which is appended to; null before there is need
  std::vector<Segment*> open_;
  // Where the last walk ended, so that the next one can read on there.
  struct Place {
    const Segment* segment = nullptr;
    Sequence next = 0;         // the first event behind it
    std::uint64_t offset = 0;  // of that event, or an earlier one
    RecordReader::Buffer buffer;
  };
  Place place_;
  // Where the device gives nothing, and since when.
  struct Unreadable {
    const Segment* segment = nullptr;
    Sequence last = 0;  // the last event before
    Instant since{};
  };
  Unreadable unreadable_;
  std::string buffer_;
  Sequence last_seq_ = 0;
  Sequence last_cut_back_ = 0;  // the last number of a group that was written, but not whole
  std::optional<std::pair<Sequence, WallInstant>> oldest_;
  std::string undeleted_;
  std::map<std::string, std::string> unreadable_files_;
  std::set<std::string> ever_left_alone_;
  std::map<std::string, FileStatus> seen_;  // files that are none of these, as they were last
  bool punches_ = true;  // as far as is known, the file system can give parts of a file back
  std::uint64_t finds_ = 0;
  std::uint64_t looks_ = 0;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t vanished_rows_ = 0;
  std::uint64_t expected_rows_ = 0;  // by an open() that has not succeeded yet
  bool owned_by_another_ = false;    // since the last open() that has
};

}  // namespace gateway::egress

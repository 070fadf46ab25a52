#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/egress/segments/file_system.hpp"
#include "gateway/egress/segments/record_reader.hpp"
#include "gateway/egress/segments/segment_head.hpp"
#include "gateway/egress/segments/store_error.hpp"

namespace gateway::egress {

// Returns what is said of a file at `path` that is not of this kind, but of the other.
[[nodiscard]] StoreError other_kind(const std::string& path, StoreKind kind);

// Returns whether a call failed because the file of a segment is not there any more, or another one
// is in its place.
[[nodiscard]] bool is_gone(const boost::system::error_code& error) noexcept;
// Returns whether a call failed because this user may not do that with the file.
[[nodiscard]] bool is_forbidden(const boost::system::error_code& error) noexcept;
// Returns whether a call failed because the device, or what this user may have of it, is full.
[[nodiscard]] bool is_full(const boost::system::error_code& error) noexcept;
// Returns whether a call failed for want of what the whole process shares: memory, descriptors.
[[nodiscard]] bool is_of_process(const boost::system::error_code& error) noexcept;

// One file of a store: a head of fixed size with a table of marks, then records that are only ever
// appended. As the table has its room from the beginning, an event can be removed on a full device.
class Segment {
 public:
  using Identity = SegmentIdentity;
  using Totals = SegmentTotals;

  // Creates a file, which must not exist yet, and flushes it to the device. `reserve` bytes are
  // allocated if possible.
  [[nodiscard]] static IoResult<std::unique_ptr<Segment>> create(FileSystem& files,
                                                                 std::string path,
                                                                 const Identity& identity,
                                                                 std::uint64_t reserve);
  // Opens an existing file, for reading, to mark its events too, or as its owner. The rest that a
  // crash left behind the last record does not count, nor do damaged records of the group that was
  // being written. Returns null for a file that is not a segment, or whose identity cannot be read.
  enum class Access : std::uint8_t { read, mark, own };
  [[nodiscard]] static IoResult<std::unique_ptr<Segment>> open(FileSystem& files, std::string path,
                                                               Access access);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }
  [[nodiscard]] Sequence first() const noexcept { return identity_.first; }
  [[nodiscard]] Sequence behind() const noexcept { return identity_.first + totals_.count; }
  // Returns the records of the group that was being written when the process or the machine ended,
  // in order. They are incomplete and were never acknowledged.
  [[nodiscard]] std::span<const Sequence> torn() const noexcept { return torn_; }
  [[nodiscard]] bool sealed() const noexcept { return sealed_; }
  // Returns whether the file had less than its seal says when it was opened: somebody has cut it,
  // or is still copying it. Or a part of it could not be read. What is there can be read, and
  // marked; the file must not be cut, sealed or deleted.
  [[nodiscard]] bool incomplete() const noexcept { return incomplete_; }
  // Has it so, as nobody knows whether it is complete.
  void leave_unfinished() noexcept { incomplete_ = true; }
  // Returns how many events its seal counts that are not there.
  [[nodiscard]] Sequence missing() const noexcept { return missing_; }
  [[nodiscard]] bool drained() const noexcept { return totals_.removed == totals_.count; }
  // Returns the bytes of the file that count.
  [[nodiscard]] std::uint64_t size() const noexcept {
    return sealed_ ? std::min(end_, status_.allocated) : end_;
  }
  // Returns the bytes of the events that are not removed; estimated by their mean if some are
  // removed.
  [[nodiscard]] std::uint64_t live_bytes() const noexcept;

  // Returns whether `records` more may be appended.
  [[nodiscard]] bool takes(std::size_t records) const noexcept;
  // Appends records and syncs. After an error none of them is part of the segment. After a failed
  // sync the segment takes no more records, because any part of them may be on the device.
  [[nodiscard]] IoResult<void> append(std::string_view records, Sequence count,
                                      std::uint64_t events_bytes);
  // Tests whether the device has room for `room` more bytes, and syncs.
  [[nodiscard]] IoResult<void> probe(std::uint64_t room);
  // Ends appending: releases the reserved space and writes the seal.
  [[nodiscard]] IoResult<void> seal();
  // Returns how many bytes stand behind the last whole record: of a write that was interrupted, or
  // of damaged records.
  [[nodiscard]] IoResult<std::uint64_t> bytes_behind_end();

  // Returns a reader of the records from `from` on, whose place is behind `offset`.
  [[nodiscard]] IoResult<RecordReader> records(Sequence from, std::uint64_t offset,
                                               RecordReader::Buffer buffer);
  // Records where a record stands, so that records() need not begin at the first.
  void note_offset(Sequence seq, std::uint64_t offset);
  // Reads the marks of `count` records from `from` on.
  [[nodiscard]] IoResult<std::vector<std::uint32_t>> marks(Sequence from, std::size_t count);
  // Marks these rows, given in the order of their numbers; removed ones stay removed. Returns how
  // many were not removed before and are now. Other processes may mark others at the same time, as
  // nothing is written but these marks. Whoever copies the file may lock it: nobody waits for that.
  [[nodiscard]] IoResult<std::size_t> mark(std::span<const Sequence> rows, std::uint32_t value);
  // Returns whether removed events take a good part of the file, and none was removed of late.
  [[nodiscard]] bool wastes_space() const noexcept;
  // Gives the space of removed events back to the device.
  [[nodiscard]] IoResult<void> punch_removed();
  // Flushes the marks made here to the device.
  [[nodiscard]] IoResult<void> sync_marks();
  [[nodiscard]] bool has_unsynced_marks() const noexcept { return unsynced_marks_; }

  // Tells the state of the file: unchanged at its path, marked by somebody since the marks were
  // counted, grown while it was incomplete and to be opened anew, or gone.
  enum class Presence : std::uint8_t { same, marked, grown, gone };
  [[nodiscard]] IoResult<Presence> look() const;
  // Returns whether its head is as it was written. After a cut a write makes the file as long as it
  // was, with zeros before.
  [[nodiscard]] IoResult<bool> has_head();
  // Returns whether all of its events but these, given in the order of their numbers, are removed.
  [[nodiscard]] IoResult<bool> holds_only(std::span<const Sequence> rows);
  // Records how many are removed by now; of late is since the call before.
  void note_removed() noexcept {
    rests_ = std::exchange(removed_at_note_, totals_.removed) == totals_.removed;
  }
  // Counts again how many are removed.
  [[nodiscard]] IoResult<void> count_marks();
  // Closes the file until it is needed again.
  void rest() noexcept { file_.reset(); }
  // Gives the open file away; null if it is closed.
  [[nodiscard]] std::unique_ptr<File> release() noexcept { return std::move(file_); }

 private:
  Segment(FileSystem& files, std::string path, Access access)
      : files_(files), path_(std::move(path)), access_(access) {}
  // Returns the file, opened again if need be.
  [[nodiscard]] IoResult<File*> file();
  [[nodiscard]] IoResult<File*> file_to_write();
  [[nodiscard]] IoResult<void> find_extent(std::string_view head);
  [[nodiscard]] IoResult<void> scan(std::uint64_t file_size);
  template <class Wanted>
  [[nodiscard]] IoResult<void> write_marks(Sequence from, std::string_view table, Wanted wanted);
  [[nodiscard]] IoResult<std::string> read_table(Sequence from, std::size_t count);
  [[nodiscard]] std::uint64_t place_of_mark(Sequence seq) const noexcept;

  FileSystem& files_;
  std::string path_;
  Access access_;
  Identity identity_;
  Totals totals_;
  FileStatus status_;  // as it was when it was opened or marked last
  std::uint64_t end_ = 0;
  Sequence missing_ = 0;
  Sequence removed_at_note_ = 0;
  Sequence punched_ = 0;                // removed events when their space was given back last
  std::vector<std::uint64_t> offsets_;  // of every kth record, as far as they are known
  std::vector<Sequence> torn_;          // incomplete records of the last group
  std::unique_ptr<File> file_;
  bool rests_ = false;  // nothing was removed between the last two notes
  bool opened_before_ = false;
  bool read_only_ = false;  // file_ is, as nothing else is allowed any more
  bool appendable_ = false;
  bool sealed_ = false;
  bool incomplete_ = false;
  bool unsynced_marks_ = false;
};

}  // namespace gateway::egress

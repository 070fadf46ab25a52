#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/egress/store/file_system.hpp"
#include "gateway/egress/store/record_reader.hpp"
#include "gateway/egress/store/store_error.hpp"

namespace gateway::egress {

enum class StoreKind : std::uint8_t { spool, dead_letters };

// The name of a segment, or of one that is being imported, by `suffix`.
inline constexpr std::string_view kSegmentSuffix = ".events";
[[nodiscard]] std::string segment_name(std::string_view store, Sequence first,
                                       std::string_view suffix);
// The number in such a name; empty for any other name.
[[nodiscard]] std::optional<Sequence> number_in(std::string_view name, std::string_view store,
                                                std::string_view suffix) noexcept;

// The mark of an event that is removed. 0 is none; any other value is the second since 1970 at
// which it was replayed.
inline constexpr std::uint32_t kRemoved = 1;

// One file of a store: a head of fixed size with a table of marks, then records that are only ever
// appended. As the table has its room from the beginning, an event can be removed on a full device.
//
//   0      identity, 64 bytes, and the same again at 2048
//   1024   seal: how much the segment holds, written when nothing is appended any more
//   4096   a mark of each record, with its CRC-32C
//   ...    records
//
// A mark that is not as it was written counts as none: an event that is sent twice is better than
// one that is never sent.
class Segment {
 public:
  struct Identity {
    StoreKind kind = StoreKind::spool;
    Sequence first = 1;
    std::uint32_t capacity = 0;  // records it has marks for
  };
  struct Totals {
    Sequence count = 0;       // of records, damaged and removed ones too
    Sequence removed = 0;     // of these
    std::uint64_t bytes = 0;  // of the events
    WallInstant oldest{};
    WallInstant newest{};
  };

  [[nodiscard]] static std::uint64_t head_size(std::uint32_t capacity) noexcept;

  // Makes a file that must not be there, on the device when this returns; `reserve` bytes are
  // allocated if they can be.
  [[nodiscard]] static IoResult<std::unique_ptr<Segment>> create(FileSystem& files,
                                                                 std::string path,
                                                                 const Identity& identity,
                                                                 std::uint64_t reserve);
  // Opens one that is there. What stands behind the last record as a crash left it does not count,
  // nor do damaged records of the group that was being written. Returns null for a file that is no
  // segment, or whose identity cannot be read.
  [[nodiscard]] static IoResult<std::unique_ptr<Segment>> open(FileSystem& files, std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] const Totals& totals() const noexcept { return totals_; }
  [[nodiscard]] Sequence first() const noexcept { return identity_.first; }
  [[nodiscard]] Sequence behind() const noexcept { return identity_.first + totals_.count; }
  // Records of the group that was being written when the process or the machine ended, in order:
  // incomplete, and never acknowledged.
  [[nodiscard]] std::span<const Sequence> torn() const noexcept { return torn_; }
  [[nodiscard]] bool sealed() const noexcept { return sealed_; }
  [[nodiscard]] bool drained() const noexcept { return totals_.removed == totals_.count; }
  // Returns the bytes of the file that count.
  [[nodiscard]] std::uint64_t size() const noexcept { return end_; }
  // Returns the bytes of events that are not removed; of a segment that is removed in part, by
  // their mean.
  [[nodiscard]] std::uint64_t live_bytes() const noexcept;

  // Returns whether so many more records may be appended.
  [[nodiscard]] bool takes(std::size_t records) const noexcept;
  // Writes records behind the last and syncs. After an error none of them is part of the segment.
  // After a sync that failed it takes nothing more: the device may hold anything of them.
  [[nodiscard]] IoResult<void> append(std::string_view records, Sequence count,
                                      std::uint64_t events_bytes, WallInstant added);
  // Finds out whether the device has room for so many bytes more, and syncs.
  [[nodiscard]] IoResult<void> probe(std::uint64_t room);
  // Ends appending: gives back what was reserved and writes the seal.
  [[nodiscard]] IoResult<void> seal();

  // Returns a reader of the records from `from` on.
  [[nodiscard]] IoResult<RecordReader> records(Sequence from);
  // Notes where a record stands, so that records() need not begin at the first.
  void note_offset(Sequence seq, std::uint64_t offset);
  // Reads the marks of `count` records from `from` on.
  [[nodiscard]] IoResult<std::vector<std::uint32_t>> marks(Sequence from, std::size_t count);
  // Marks these, in order of their numbers; those that are removed stay so. Returns how many were
  // not removed and are now. Other processes may do so meanwhile: each waits for the other.
  [[nodiscard]] IoResult<std::size_t> mark(std::span<const Sequence> rows, std::uint32_t value);
  // Returns when the marks made here are on the device.
  [[nodiscard]] IoResult<void> sync_marks();
  [[nodiscard]] bool has_unsynced_marks() const noexcept { return unsynced_marks_; }

  // What the file is at the moment: still at its path, all there, perhaps marked by others.
  enum class Presence : std::uint8_t { same, marked, gone };
  [[nodiscard]] IoResult<Presence> look();
  // Reads anew how many are removed.
  [[nodiscard]] IoResult<void> count_marks();
  // Closes the file until it is needed again.
  void rest() noexcept { file_.reset(); }
  [[nodiscard]] bool resting() const noexcept { return file_ == nullptr; }

 private:
  Segment(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  [[nodiscard]] IoResult<File*> file();
  [[nodiscard]] bool read_identity(std::string_view head);
  [[nodiscard]] IoResult<void> find_extent(std::string_view head);
  [[nodiscard]] bool read_seal(std::string_view head, std::uint64_t file_size);
  [[nodiscard]] IoResult<void> scan(std::uint64_t file_size);
  [[nodiscard]] IoResult<std::string> read_table(Sequence from, std::size_t count);
  [[nodiscard]] std::uint64_t place_of_mark(Sequence seq) const noexcept;

  FileSystem& files_;
  std::string path_;
  Identity identity_;
  Totals totals_;
  FileStatus status_;  // as it was when it was opened or marked last
  std::uint64_t end_ = 0;
  std::vector<std::uint64_t> offsets_;  // of every kth record, as far as they are known
  std::vector<Sequence> torn_;          // incomplete records of the last group
  std::unique_ptr<File> file_;
  bool appendable_ = false;
  bool sealed_ = false;
  bool unsynced_marks_ = false;
};

}  // namespace gateway::egress

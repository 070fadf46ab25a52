#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/egress/segments/file_system.hpp"
#include "gateway/egress/segments/record.hpp"

namespace gateway::egress {

// Reads the records of a segment one after the other. It reports a record that differs from what
// was written as damaged and searches for the next one, so that damage costs only the events it is
// in.
class RecordReader {
 public:
  struct Range {
    std::uint64_t begin = 0;  // where the record of `first` stands, or an earlier offset
    std::uint64_t end = 0;    // of the records
    Sequence first = 0;       // earlier records are passed over
    Sequence limit = 0;       // no record has this number or a higher one
    bool complete = false;    // there was a record of each number below it
  };
  struct Record {
    Record() = default;

    Sequence seq = 0;
    bool intact = false;
    // Of an intact record. The payload is valid until the next call.
    Sequence group = 0;
    WallInstant added{};
    std::uint64_t offset = 0;
    std::string_view payload;
  };

  // The bytes of a file that were read last: about 256 KiB, more for a larger event.
  struct Buffer {
    Buffer() = default;

    std::string bytes;
    std::uint64_t begin = 0;
  };

  RecordReader(File& file, const Range& range) : RecordReader(file, range, Buffer()) {}
  // `buffer` is what an earlier reader of the same file has left.
  RecordReader(File& file, const Range& range, Buffer buffer)
      : file_(file), range_(range), buffer_(std::move(buffer)), at_(range.begin) {}

  // Reads the next record, intact or damaged, in the order of the numbers. At the end the number is
  // 0. Unless the range is complete, nothing behind the last intact head is reported.
  [[nodiscard]] IoResult<void> next(Record& record);
  // Hands out what was read last, for the next reader of this file; to be called at the end.
  [[nodiscard]] Buffer take_buffer() noexcept { return std::move(buffer_); }
  // Has records damaged that the device does not give, where it gives nothing at all, too.
  void pass_over_unreadable() noexcept { past_unreadable_ = true; }
  // Returns whether there were pages that the device did not give.
  [[nodiscard]] bool missed_pages() const noexcept { return missed_pages_; }
  // Returns the offset at which the records read so far end.
  [[nodiscard]] std::uint64_t end_of_last() const noexcept { return end_of_last_; }

 private:
  [[nodiscard]] IoResult<void> find_head();
  // Returns at least `size` bytes from `offset` on, fewer only where the records end.
  [[nodiscard]] IoResult<std::string_view> bytes_at(std::uint64_t offset, std::size_t size);

  [[nodiscard]] IoResult<std::size_t> read_what_can_be(std::uint64_t offset);

  File& file_;
  Range range_;
  Buffer buffer_;
  std::uint64_t at_;
  std::uint64_t end_of_last_ = 0;
  bool missed_pages_ = false;
  bool past_unreadable_ = false;
  std::optional<RecordHead> head_;  // of the record at at_
};

}  // namespace gateway::egress

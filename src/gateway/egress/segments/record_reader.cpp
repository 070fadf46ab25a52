#include "gateway/egress/segments/record_reader.hpp"

#include <algorithm>
#include <cerrno>

namespace gateway::egress {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

}  // namespace

IoResult<std::string_view> RecordReader::bytes_at(std::uint64_t offset, std::size_t size) {
  const auto left = static_cast<std::size_t>(range_.end - std::min(offset, range_.end));
  size = std::min(size, left);
  std::string& bytes = buffer_.bytes;
  if (offset < buffer_.begin || offset + size > buffer_.begin + bytes.size()) {
    bytes.resize(std::min(std::max(size, kPiece), left));
    buffer_.begin = offset;
    auto got = file_.read(offset, bytes);
    if (!got) got = read_what_can_be(offset);
    if (!got) {
      bytes.clear();
      return got.error();
    }
    bytes.resize(*got);  // fewer if somebody has cut the file
  }
  return std::string_view(bytes).substr(static_cast<std::size_t>(offset - buffer_.begin));
}

// Reads page by page, a page that the device does not give being empty. An error if it gives none,
// unless these are passed over.
IoResult<std::size_t> RecordReader::read_what_can_be(std::uint64_t offset) {
  constexpr std::size_t kPage = 4096;
  IoResult<std::size_t> result = boost::system::error_code(EIO, boost::system::system_category());
  const std::span<char> all(buffer_.bytes);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t size = std::min(kPage - (offset + at) % kPage, all.size() - at);
    const auto got = file_.read(offset + at, all.subspan(at, size));
    if (got && *got < size) return at + *got;
    if (!got) {
      std::ranges::fill(all.subspan(at, size), '\0');
      missed_pages_ = true;
    }
    at += size;
    if (got) result = all.size();
  }
  if (!result && past_unreadable_) result = all.size();
  return result;
}

// Finds the next record that may be in range; without one head_ stays empty.
IoResult<void> RecordReader::find_head() {
  for (;;) {
    const auto bytes = bytes_at(at_, kRecordHeadSize);
    if (!bytes) return bytes.error();
    if (bytes->size() < kRecordHeadSize) return {};
    const auto head = read_record_head(*bytes);
    const bool fits = head && head->seq < range_.limit && head->size <= range_.end - at_ &&
                      at_ + kRecordHeadSize + head->size <= range_.end;
    if (fits && head->seq >= range_.first) {
      head_ = head;
      return {};
    }
    if (fits) {
      at_ += kRecordHeadSize + head->size;
      continue;
    }
    // A mark may stand across the end of what is in memory.
    const std::size_t mark = bytes->find(kRecordMark, 1);
    at_ += mark != std::string_view::npos ? mark : bytes->size() - (kRecordMark.size() - 1);
  }
}

IoResult<void> RecordReader::next(Record& record) {
  record = Record();
  if (!head_) {
    if (auto found = find_head(); !found) return found;
    if (!head_) {
      if (range_.complete && range_.first < range_.limit) record.seq = range_.first++;
      return {};
    }
  }
  if (head_->seq != range_.first) {  // the heads of those before it are damaged
    record.seq = range_.first++;
    return {};
  }
  const auto bytes = bytes_at(at_, kRecordHeadSize + head_->size);
  if (!bytes) return bytes.error();
  if (bytes->size() < kRecordHeadSize + head_->size) return {};
  record.seq = range_.first++;
  record.payload = bytes->substr(kRecordHeadSize, head_->size);
  record.intact = is_intact(*head_, record.payload);
  record.group = head_->group;
  record.added = head_->added;
  record.offset = at_;
  at_ += kRecordHeadSize + head_->size;
  end_of_last_ = at_;
  head_.reset();
  return {};
}

}  // namespace gateway::egress

#include "gateway/egress/store/event_block.hpp"

#include <cstring>

#include "gateway/egress/store/row_sum.hpp"

namespace gateway::egress {
namespace {

constexpr std::size_t kTexts = 5;
// Five lengths and a sum, little-endian.
constexpr std::size_t kEntryBytes = kTexts * sizeof(std::uint32_t) + sizeof(std::uint64_t);
// Two with their other columns just fit on a page: a bad page costs no more than what is on it, and
// however many events a commit has, a third of the file at most is room between rows.
constexpr std::size_t kMostBytes = 16384 / 2 - 192;

template <class Number>
void put(char*& at, Number number) noexcept {
  for (std::size_t i = 0; i < sizeof number; ++i) *at++ = static_cast<char>(number >> 8 * i);
}

template <class Number>
Number get(const char*& at) noexcept {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number |= static_cast<Number>(static_cast<unsigned char>(*at++)) << 8 * i;
  }
  return number;
}

std::array<const std::string*, kTexts> texts_of(const StoredEvent& event) noexcept {
  return {&event.id, &event.type, &event.bucket, &event.key, &event.json};
}

}  // namespace

std::size_t EventBlock::fitting(std::span<const StoredEvent> events) noexcept {
  std::size_t count = 0;
  std::size_t bytes = 0;
  for (const StoredEvent& event : events) {
    bytes += kEntryBytes + event.bytes();
    if (count == kMostEvents || event.details || (count != 0 && bytes > kMostBytes)) break;
    ++count;
  }
  return count == 0 ? 1 : count;
}

std::uint64_t EventBlock::write(std::span<const StoredEvent> events, Sequence first,
                                WallInstant added, std::string& bytes) {
  const std::size_t table = events.size() * kEntryBytes;
  bytes.resize(table);
  std::size_t entry = 0;
  for (const StoredEvent& event : events) {
    const std::size_t begin = bytes.size();
    for (const std::string* text : texts_of(event)) bytes += *text;
    char* at = bytes.data() + entry;
    for (const std::string* text : texts_of(event)) {
      put(at, static_cast<std::uint32_t>(text->size()));
    }
    put(at, text_sum(std::string_view(bytes).substr(begin)));
    entry += kEntryBytes;
  }
  return block_sum(first, added, std::string_view(bytes).substr(0, table));
}

bool EventBlock::Entry::as_written() const noexcept {
  return text_sum(all) == sum;
}

std::optional<EventBlock> EventBlock::read(std::int64_t count, Sequence first, WallInstant added,
                                           std::string_view bytes, std::uint64_t sum) {
  if (count < 1 || count > static_cast<std::int64_t>(kMostEvents)) return std::nullopt;
  EventBlock block;
  block.count_ = static_cast<std::size_t>(count);
  const std::size_t table = block.count_ * kEntryBytes;
  if (bytes.size() < table || block_sum(first, added, bytes.substr(0, table)) != sum) {
    return std::nullopt;
  }
  const char* at = bytes.data();
  bytes.remove_prefix(table);
  for (Entry& entry : std::span(block.entries_).first(block.count_)) {
    const std::string_view rest = bytes;
    for (std::string_view* const text :
         {&entry.id, &entry.type, &entry.bucket, &entry.key, &entry.json}) {
      // The file may have become shorter.
      *text = bytes.substr(0, get<std::uint32_t>(at));
      bytes.remove_prefix(text->size());
    }
    entry.all = rest.substr(0, rest.size() - bytes.size());
    entry.sum = get<std::uint64_t>(at);
  }
  return block;
}

}  // namespace gateway::egress

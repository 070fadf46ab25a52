#pragma once
#include <array>
#include <bit>
#include <boost/endian/conversion.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/egress/segments/stored_event.hpp"

// How an event stands in a segment: a head of fixed size, then its payload. All numbers are
// little-endian.
namespace gateway::egress {

template <class Number>
[[nodiscard]] std::array<char, sizeof(Number)> bytes_of(Number number) noexcept {
  return std::bit_cast<std::array<char, sizeof number>>(boost::endian::native_to_little(number));
}
// Appends a number of `Number`'s size.
template <class Number>
void put(std::string& bytes, Number number) {
  const auto text = bytes_of(number);
  bytes.append(text.data(), text.size());
}
// Takes a number off the front; 0 if the bytes are too few, and none are left then.
template <class Number>
[[nodiscard]] Number take(std::string_view& bytes) noexcept {
  Number number = 0;
  if (bytes.size() < sizeof number) {
    bytes = {};
    return 0;
  }
  std::memcpy(&number, bytes.data(), sizeof number);
  bytes.remove_prefix(sizeof number);
  return boost::endian::little_to_native(number);
}

struct RecordHead {
  RecordHead() = default;

  Sequence seq = 0;
  Sequence group = 0;  // the first of those that were written and synced together
  WallInstant added{};
  std::uint32_t size = 0;  // of the payload
  std::uint32_t sum = 0;   // CRC-32C of the payload
};

inline constexpr std::size_t kRecordHeadSize = 40;
// Where a head begins. No byte of it occurs in UTF-8, and events are UTF-8: behind a damaged record
// the next one is found by looking for this.
inline constexpr std::string_view kRecordMark = "\xFF\xFE\xFD\xFC";

// Appends head and payload of `event`.
void append_record(std::string& bytes, const StoredEvent& event, Sequence seq, Sequence group,
                   WallInstant added);
// Reads the head `bytes` begin with; empty if they do not begin with one that is as it was written.
[[nodiscard]] std::optional<RecordHead> read_record_head(std::string_view bytes) noexcept;
// The payload is what was written behind `head`.
[[nodiscard]] bool is_intact(const RecordHead& head, std::string_view payload) noexcept;

// Return, of an intact payload, the CloudEvent, the target it goes to, and all of it.
[[nodiscard]] std::string_view json_of(std::string_view payload) noexcept;
[[nodiscard]] std::string_view target_of(std::string_view payload) noexcept;
[[nodiscard]] StoredEvent event_of(std::string_view payload);

}  // namespace gateway::egress

#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// Which events of a block are gone, as a bit of each; events of it go one by one, its row with the
// last of them.
class GoneEvents {
 public:
  static constexpr std::size_t kMost = 48;

  GoneEvents() = default;
  // As it is stored: a value that is not what value() makes means that none is gone, as an event
  // that comes twice is better than one that never comes.
  explicit GoneEvents(std::int64_t value) noexcept
      : bits_(static_cast<std::uint64_t>(value) & kBits) {
    if (this->value() != value) bits_ = 0;
  }
  [[nodiscard]] std::int64_t value() const noexcept {
    const std::uint64_t fold = bits_ ^ (bits_ >> 16U) ^ (bits_ >> 32U) ^ kEmptyFold;
    return static_cast<std::int64_t>(bits_ | (fold & 0xFFFFU) << kMost);
  }

  void add(std::size_t index) noexcept { bits_ |= std::uint64_t{1} << index; }
  [[nodiscard]] bool has(std::size_t index) const noexcept { return (bits_ >> index & 1U) != 0; }
  [[nodiscard]] std::size_t count() const noexcept {
    return static_cast<std::size_t>(std::popcount(bits_));
  }

 private:
  static constexpr std::uint64_t kBits = (std::uint64_t{1} << kMost) - 1;
  static constexpr std::uint64_t kEmptyFold = 0x6B5A;
  std::uint64_t bits_ = 0;
};

// Events that arrived together and share a row, as a row costs the same however much it holds. The
// first has the row's number, the others those behind it. They are kept as a table of lengths and
// sums and, behind it, their texts: each event can be told to be what was written by itself.
class EventBlock {
 public:
  static constexpr std::size_t kMostEvents = GoneEvents::kMost;

  // How many of these make a block; one: it is a row by itself.
  [[nodiscard]] static std::size_t fitting(std::span<const StoredEvent> events) noexcept;
  // Makes the bytes of a block; returns the sum over all that is not text.
  static std::uint64_t write(std::span<const StoredEvent> events, Sequence first, WallInstant added,
                             std::string& bytes);
  // `bytes` must stay. Nothing if the table is not what was written.
  [[nodiscard]] static std::optional<EventBlock> read(std::int64_t count, Sequence first,
                                                      WallInstant added, std::string_view bytes,
                                                      std::uint64_t sum);

  struct Entry {
    std::string_view id;
    std::string_view type;
    std::string_view bucket;
    std::string_view key;
    std::string_view json;
    std::string_view all;   // these one behind the other
    std::uint64_t sum = 0;  // of that

    [[nodiscard]] std::size_t bytes() const noexcept { return all.size(); }
    [[nodiscard]] bool as_written() const noexcept;
  };
  [[nodiscard]] std::span<const Entry> entries() const noexcept {
    return {entries_.data(), count_};
  }

 private:
  EventBlock() = default;
  std::array<Entry, kMostEvents> entries_;
  std::size_t count_ = 0;
};

}  // namespace gateway::egress

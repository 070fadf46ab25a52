#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

// A 64-bit sum over what was written, to tell a row that the device altered: SQLite checks the
// structure of its pages, not what stands in the rows. A change within one word of eight bytes
// always changes the sum; any other does but for one in 2^64. Not a defence against forgery.
[[nodiscard]] std::uint64_t row_sum(const StoredEvent& event, WallInstant added) noexcept;
// Likewise of any bytes, in a quarter of the time.
[[nodiscard]] std::uint64_t text_sum(std::string_view bytes) noexcept;
// Likewise of a block's number, its time and its table.
[[nodiscard]] std::uint64_t block_sum(Sequence first, WallInstant added,
                                      std::string_view table) noexcept;

}  // namespace gateway::egress

#pragma once
#include <string>
#include <string_view>

#include "gateway/egress/store/event_store.hpp"

// How rows are shown to people and handed to other programs.
namespace gateway::egress {

[[nodiscard]] std::string_view name_of(StoreKind kind) noexcept;  // "spool" or "dead-letters"

// RFC 3339 in UTC; "-" for a time it cannot write.
[[nodiscard]] std::string time_text(WallInstant time);

// One line without its end, columns apart by tabs: number, time added, id, bucket, key,
// reason/status, attempts, time replayed; "-" for what there is not. Then the target, unless it is
// the top-level one.
[[nodiscard]] std::string list_line(const StoredRow& row);

// Likewise, of a row that cannot be read.
[[nodiscard]] std::string damaged_line(Sequence seq);

// Everything of a row over several lines, the event as it is stored last.
[[nodiscard]] std::string whole_row(const StoredRow& row);

// The CloudEvent on one line of JSON, without its end, plus an extension attribute `storedrow`
// (with a number behind it if the event has one of that name already): a string that holds a JSON
// object with what else is known of the row. It is a CloudEvent again.
[[nodiscard]] std::string export_line(const StoredRow& row, StoreKind kind);

}  // namespace gateway::egress

#include "gateway/egress/store/store_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/egress/store/row_text.hpp"

namespace gateway::egress {

void StoreSummary::add(const StoredRow& row) {
  ++totals_.rows;
  totals_.bytes += row.event.bytes();
  if (row.event.details) ++by_reason_[row.event.details->reason];
  if (row.replayed) ++replayed_;
  oldest_ = oldest_ ? std::min(*oldest_, row.added) : row.added;
  newest_ = newest_ ? std::max(*newest_, row.added) : row.added;
}

std::string StoreSummary::text(StoreKind kind) const {
  std::string text;
  const auto line = [&](std::string_view name, std::string_view value) {
    fmt::format_to(std::back_inserter(text), "  {:<18}{}\n", name, value);
  };
  line("rows", fmt::to_string(totals_.rows));
  line("bytes", fmt::to_string(totals_.bytes));
  line("oldest", oldest_ ? time_text(*oldest_) : "-");
  line("newest", newest_ ? time_text(*newest_) : "-");
  line("damaged rows", fmt::to_string(damaged_));
  if (kind == StoreKind::spool) return text;
  line("replayed", fmt::to_string(replayed_));
  for (const auto& [reason, rows] : by_reason_) {
    line("reason", fmt::format("{:>10}  {}", rows, reason.empty() ? "-" : printable(reason)));
  }
  return text;
}

}  // namespace gateway::egress

#include "gateway/egress/rows/store_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "events/terminal_text.hpp"
#include "gateway/egress/rows/row_text.hpp"

namespace gateway::egress {

void StoreSummary::add(const StoredRow& row) {
  ++totals_.rows;
  totals_.bytes += row.event.bytes();
  const auto count = [](Counts& counts, const std::string& name) {
    // Of the names of buckets, which come from outside, there may be any number.
    constexpr std::size_t kMostNames = 1000;
    const bool room = counts.size() < kMostNames || counts.contains(name);
    ++counts[room ? name : "(others)"];
  };
  count(by_bucket_, row.bucket);
  count(by_target_, row.event.target);
  if (row.event.details) count(by_reason_, row.event.details->reason);
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
  const auto counts = [&](std::string_view what, const Counts& of_each) {
    for (const auto& [name, rows] : of_each) {
      line(what, fmt::format("{:>10}  {}", rows, name.empty() ? "-" : events::terminal_text(name)));
    }
  };
  if (kind == StoreKind::dead_letters) {
    line("replayed", fmt::to_string(replayed_));
    counts("reason", by_reason_);
  }
  counts("bucket", by_bucket_);
  const bool top_level_alone = by_target_.size() <= by_target_.count("");
  if (!top_level_alone) counts("target", by_target_);
  return text;
}

}  // namespace gateway::egress

#include "gateway/egress/store/row_contents.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace gateway::egress {
namespace {

// What nothing is known of but its number can only be wanted by who does not ask.
RowContents::Verdict verdict_of_damaged(const StoreFilter& filter) noexcept {
  const bool asks = filter.since || filter.until || !filter.bucket.empty() ||
                    !filter.key_prefix.empty() || !filter.reason.empty() || filter.replayed_only;
  // Like any row without a target it counts among those of the top-level one.
  const bool of_another = !filter.targets.empty() && !std::ranges::count(filter.targets, "");
  return asks || of_another ? RowContents::Verdict::unwanted : RowContents::Verdict::damaged;
}

// The record of data that is a payload of one, as `event.data: records` makes it.
std::string_view record_in(std::string_view data) noexcept {
  constexpr std::string_view kBefore = R"({"Records":[)";
  constexpr std::string_view kBehind = "]}";
  if (!data.starts_with(kBefore) || !data.ends_with(kBehind)) return data;
  return data.substr(kBefore.size(), data.size() - kBefore.size() - kBehind.size());
}

}  // namespace

RowContents::Verdict RowContents::read(const RecordReader::Record& record, std::uint32_t mark,
                                       const StoreFilter& filter, StoredRow& row) {
  if (!record.intact) return verdict_of_damaged(filter);
  if ((filter.since && record.added < *filter.since) ||
      (filter.until && record.added >= *filter.until)) {
    return Verdict::unwanted;
  }
  row.seq = record.seq;
  row.added = record.added;
  if (mark != 0) {
    row.replayed = WallInstant(std::chrono::seconds(mark));
  }
  if (mark != 0 ? filter.not_replayed : filter.replayed_only) return Verdict::unwanted;
  row.event = event_of(record.payload);
  if (!filter.reason.empty() &&
      (!row.event.details || row.event.details->reason != filter.reason)) {
    return Verdict::unwanted;
  }
  if (!filter.targets.empty() && !std::ranges::count(filter.targets, row.event.target)) {
    return Verdict::unwanted;
  }
  if (!describe(row)) return verdict_of_damaged(filter);
  if (filter.damaged_only || (!filter.bucket.empty() && row.bucket != filter.bucket) ||
      !row.key.starts_with(filter.key_prefix)) {
    return Verdict::unwanted;
  }
  return Verdict::wanted;
}

bool RowContents::describe(StoredRow& row) {
  if (!events::read_stored_event(row.event.json, index_, event_)) return false;
  row.id = event_.attribute("id");
  row.type = event_.attribute("type");
  if (event_.data_kind != events::CloudEvent::DataKind::json) return true;
  const events::CosRecord cos = cos_.read(record_in(event_.data));
  if (!cos.bucket.empty()) row.bucket = fmt::format("{}-{}", cos.bucket, cos.appid);
  row.key = cos.object_key();
  return true;
}

}  // namespace gateway::egress

// What a filter selects of a store, with what operators want to know of each event.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/json_index.hpp"
#include "gateway/config/http_url.hpp"
#include "gateway/egress/store/event_store.hpp"

namespace gateway::egress {
namespace {

// Extracts from a record what is shown of it, and tells whether a filter selects it.
class RowContents {
 public:
  enum class Verdict : std::uint8_t {
    wanted,  // `row` is complete
    unwanted,
    damaged,  // it is not what was written, or no CloudEvent
  };

  [[nodiscard]] Verdict read(const RecordReader::Record& record, std::uint32_t mark,
                             const StoreFilter& filter, StoredRow& row);

 private:
  [[nodiscard]] bool describe(StoredRow& row);

  events::JsonIndex index_;
  events::CloudEvent event_;
  events::CosRecordReader cos_;
};

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
  row.event.target = config::with_normal_host(row.event.target);  // as TargetNames tells them apart
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

}  // namespace

StoreOutcome<StoredChunk> EventStore::select(const StoreFilter& filter, Sequence after,
                                             std::size_t max_rows, std::size_t max_bytes) {
  StoredChunk chunk;
  RowContents contents;
  std::size_t bytes = 0;
  std::size_t passed_over = 0;
  const auto end = segments_.walk(after, chunk.last, [&](const auto& record, std::uint32_t mark) {
    StoredRow row;
    switch (contents.read(record, mark, filter, row)) {
      case RowContents::Verdict::wanted:
        bytes += row.event.bytes();
        chunk.rows.push_back(std::move(row));
        break;
      case RowContents::Verdict::damaged: chunk.damaged.push_back(record.seq); break;
      case RowContents::Verdict::unwanted: ++passed_over;
    }
    return chunk.rows.size() + chunk.damaged.size() < max_rows && bytes < max_bytes &&
           passed_over < kMostPassedOver;
  });
  if (!end) return end.error();
  chunk.end = *end;
  return chunk;
}

}  // namespace gateway::egress

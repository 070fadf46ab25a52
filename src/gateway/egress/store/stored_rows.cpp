#include "gateway/egress/store/stored_rows.hpp"

#include <utility>

#include "events/cloud_event.hpp"
#include "gateway/egress/store/row_sum.hpp"

namespace gateway::egress {
namespace {

// Passed over by a filter in one go: a few milliseconds' worth, as a statement under way keeps the
// write-ahead log from being reused.
constexpr std::size_t kMaxPassedOver = 20'000;

// So does every event the encoder writes: with its sum right, such a row was an event.
constexpr std::string_view kEventsBegin = R"({"specversion":"1.0",)";

enum Column : int {
  kSeq,
  kAdded,
  kSum,
  kId,
  kType,
  kBucket,
  kKey,
  kAttempts,
  kStatus,
  kReason,
  kEndpoint,
  kFirst,
  kLast,
  kReplayed,
  kBody,
  kEvent
};

std::int64_t ms(WallInstant time) noexcept {
  return time.time_since_epoch().count();
}
WallInstant time_at(const sqlite::Statement& row, int column) noexcept {
  return WallInstant{std::chrono::milliseconds{row.integer(column)}};
}

bool wanted(const sqlite::Statement& row, const StoreFilter& filter) {
  const WallInstant added = time_at(row, kAdded);
  if (filter.since && added < *filter.since) return false;
  if (filter.until && added >= *filter.until) return false;
  if (filter.not_replayed && !row.is_null(kReplayed)) return false;
  if (!filter.bucket.empty() && row.text(kBucket) != filter.bucket) return false;
  if (!filter.reason.empty() && row.text(kReason) != filter.reason) return false;
  return filter.key_prefix.empty() || row.text(kKey).starts_with(filter.key_prefix);
}

StoredRow row_of(const sqlite::Statement& row) {
  StoredRow stored;
  stored.seq = row.integer(kSeq);
  stored.added = time_at(row, kAdded);
  stored.event.id = row.text(kId);
  stored.event.type = row.text(kType);
  stored.event.bucket = row.text(kBucket);
  stored.event.key = row.text(kKey);
  stored.event.json = row.text(kEvent);
  if (!row.is_null(kReplayed)) stored.replayed = time_at(row, kReplayed);
  if (row.is_null(kAttempts)) return stored;
  DeadLetterDetails& details = stored.event.details.emplace();
  details.attempts = static_cast<std::uint32_t>(row.integer(kAttempts));
  details.status = static_cast<std::uint32_t>(row.integer(kStatus));
  details.reason = row.text(kReason);
  details.endpoint = row.text(kEndpoint);
  details.body = row.text(kBody);
  details.first = time_at(row, kFirst);
  details.last = time_at(row, kLast);
  return stored;
}

}  // namespace

const std::string_view kInsertRow =
    "INSERT INTO events(added_ms,size,sum,id,type,bucket,key,attempts,status,reason,endpoint,"
    "first_ms,last_ms,body,event)VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)";
const std::string_view kSelectRow =
    "SELECT seq,added_ms,sum,id,type,bucket,key,attempts,status,reason,endpoint,first_ms,last_ms,"
    "replayed_ms,body,event FROM events";

void bind_row(sqlite::Statement& insert, const StoredEvent& event, WallInstant added) {
  insert.bind(1, ms(added))
      .bind(2, static_cast<std::int64_t>(event.bytes()))
      .bind(3, static_cast<std::int64_t>(row_sum(event, added)))
      .bind(4, event.id)
      .bind(5, event.type)
      .bind(6, event.bucket)
      .bind(7, event.key)
      .bind_blob(15, event.json);
  if (event.details) {
    insert.bind(8, event.details->attempts)
        .bind(9, event.details->status)
        .bind(10, event.details->reason)
        .bind(11, event.details->endpoint)
        .bind(12, ms(event.details->first))
        .bind(13, ms(event.details->last))
        .bind_blob(14, event.details->body);
  } else {
    for (int parameter = 8; parameter <= 14; ++parameter) insert.bind_null(parameter);
  }
}

void add_row(sqlite::Statement& row, StoredChunk& chunk, RowCheck check) {
  StoredRow stored = row_of(row);
  const bool as_written =
      row_sum(stored.event, stored.added) == static_cast<std::uint64_t>(row.integer(kSum));
  const bool intact =
      as_written && ((check == RowCheck::sum && stored.event.json.starts_with(kEventsBegin)) ||
                     events::read_structured_event(stored.event.json).has_value());
  if (intact) {
    chunk.rows.push_back(std::move(stored));
  } else {
    chunk.damaged.push_back(stored.seq);
  }
}

StoredChunk collect_rows(sqlite::Statement& rows, const StoreFilter& filter, Sequence after,
                         std::size_t max_rows, std::size_t max_bytes, RowCheck check) {
  StoredChunk chunk;
  chunk.last = after;
  std::size_t bytes = 0;
  std::size_t passed_over = 0;
  while (chunk.rows.size() < max_rows && bytes < max_bytes && passed_over < kMaxPassedOver) {
    if (!rows.step()) {
      chunk.end = true;
      break;
    }
    chunk.last = rows.integer(kSeq);
    const std::size_t before = chunk.rows.size();
    if (wanted(rows, filter)) add_row(rows, chunk, check);
    if (chunk.rows.size() == before) {
      ++passed_over;
    } else {
      bytes += chunk.rows.back().event.bytes();
    }
  }
  return chunk;
}

}  // namespace gateway::egress

#include "gateway/egress/store/stored_rows.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
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

bool is_block(const sqlite::Statement& row) noexcept {
  return row.is_null(kAttempts) && !row.is_null(kStatus);
}

bool wanted_time(WallInstant added, const StoreFilter& filter) noexcept {
  return (!filter.since || added >= *filter.since) && (!filter.until || added < *filter.until);
}

bool wanted(const sqlite::Statement& row, const StoreFilter& filter) {
  if (!wanted_time(time_at(row, kAdded), filter)) return false;
  if (filter.not_replayed && !row.is_null(kReplayed)) return false;
  if (!filter.bucket.empty() && row.text(kBucket) != filter.bucket) return false;
  if (!filter.reason.empty() && row.text(kReason) != filter.reason) return false;
  return filter.key_prefix.empty() || row.text(kKey).starts_with(filter.key_prefix);
}

bool wanted(const EventBlock::Entry& entry, const StoreFilter& filter) noexcept {
  return (filter.bucket.empty() || entry.bucket == filter.bucket) && filter.reason.empty() &&
         entry.key.starts_with(filter.key_prefix);
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

bool is_event(std::string_view json) {
  return events::read_structured_event(json).has_value();
}

// Puts an event into the rows of a chunk, if it passes their check.
bool put(StoredRow stored, std::vector<StoredRow>& rows) {
  if (!is_event(stored.event.json)) return false;
  rows.push_back(std::move(stored));
  return true;
}
bool put(std::string_view json, Sequence seq, WallInstant added, SpooledEvents& rows) {
  if (!json.starts_with(kEventsBegin) && !is_event(json)) return false;
  rows.add(seq, added, json);
  return true;
}
bool put(const StoredRow& stored, SpooledEvents& rows) {
  return put(stored.event.json, stored.seq, stored.added, rows);
}
bool put(const EventBlock::Entry& entry, Sequence seq, WallInstant added,
         std::vector<StoredRow>& rows) {
  if (!is_event(entry.json)) return false;
  StoredRow& stored = rows.emplace_back();
  stored.seq = seq;
  stored.added = added;
  stored.event.id = entry.id;
  stored.event.type = entry.type;
  stored.event.bucket = entry.bucket;
  stored.event.key = entry.key;
  stored.event.json = entry.json;
  return true;
}
bool put(const EventBlock::Entry& entry, Sequence seq, WallInstant added, SpooledEvents& rows) {
  return put(entry.json, seq, added, rows);
}

// Return the bytes that were added, 0 if it is damaged.
template <class Rows>
std::size_t add(StoredRow&& stored, std::uint64_t sum, Chunk<Rows>& chunk) {
  const std::size_t bytes = stored.event.bytes();
  const Sequence seq = stored.seq;
  if (row_sum(stored.event, stored.added) == sum && put(std::move(stored), chunk.rows)) {
    return bytes;
  }
  chunk.damaged.push_back(seq);
  return 0;
}
template <class Rows>
std::size_t add(const EventBlock::Entry& entry, Sequence seq, WallInstant added,
                Chunk<Rows>& chunk) {
  if (entry.as_written() && put(entry, seq, added, chunk.rows)) return entry.bytes();
  chunk.damaged.push_back(seq);
  return 0;
}

std::uint64_t sum_of(const sqlite::Statement& row) noexcept {
  return static_cast<std::uint64_t>(row.integer(kSum));
}

GoneEvents gone_of(const sqlite::Statement& row, int column) noexcept {
  return row.is_null(column) ? GoneEvents() : GoneEvents(row.integer(column));
}

// Adds what a filter wants of one row after the other, until that is enough.
template <class Rows>
class Collector {
 public:
  Collector(const StoreFilter& filter, Sequence after, const ChunkBounds& bounds,
            Chunk<Rows>& chunk)
      : filter_(filter), bounds_(bounds), chunk_(chunk) {
    chunk_.last = after;
  }

  [[nodiscard]] bool enough() const noexcept {
    return chunk_.rows.size() >= bounds_.rows || bytes_ >= bounds_.bytes ||
           passed_over_ >= kMaxPassedOver;
  }
  void look_at(sqlite::Statement& row) {
    const Sequence seq = row.integer(kSeq);
    if (is_block(row)) {
      look_at_block(row, seq);
    } else if (seq > chunk_.last) {
      chunk_.last = seq;
      count(wanted(row, filter_) ? add(row_of(row), sum_of(row), chunk_) : 0);
    }
  }

 private:
  void look_at_block(const sqlite::Statement& row, Sequence seq) {
    const WallInstant added = time_at(row, kAdded);
    const auto block = block_of(row);
    if (!block) {
      // How far it reached cannot be told; it counts as the first of its events.
      if (seq <= chunk_.last) return;
      chunk_.last = seq;
      if (wanted_time(added, filter_)) chunk_.damaged.push_back(seq);
      ++passed_over_;
      return;
    }
    const bool in_time = wanted_time(added, filter_);
    const GoneEvents gone = gone_of(row, kReplayed);
    for (std::size_t i = 0; i < block->entries().size() && (bounds_.ends_blocks || !enough());
         ++i) {
      const Sequence event = seq + static_cast<Sequence>(i);
      if (event <= chunk_.last) continue;
      chunk_.last = event;
      const EventBlock::Entry& entry = block->entries()[i];
      const bool is_wanted = in_time && !gone.has(i) && wanted(entry, filter_);
      count(is_wanted ? add(entry, event, added, chunk_) : 0);
    }
  }
  void count(std::size_t added) noexcept {
    bytes_ += added;
    if (added == 0) ++passed_over_;
  }

  const StoreFilter& filter_;
  const ChunkBounds& bounds_;
  Chunk<Rows>& chunk_;
  std::size_t bytes_ = 0;
  std::size_t passed_over_ = 0;
};

}  // namespace

const std::string_view kInsertRow =
    "INSERT INTO events(added_ms,size,sum,id,type,bucket,key,attempts,status,reason,endpoint,"
    "first_ms,last_ms,body,event,seq,replayed_ms)"
    "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)";
const std::string_view kSelectRow =
    "SELECT seq,added_ms,sum,id,type,bucket,key,attempts,status,reason,endpoint,first_ms,last_ms,"
    "replayed_ms,body,event FROM events";
const std::string_view kSelectSize =
    "SELECT seq,coalesce(reason,''),size,CASE WHEN attempts IS NULL THEN status END,replayed_ms "
    "FROM events";

void bind_row(sqlite::Statement& insert, Sequence seq, const StoredEvent& event,
              WallInstant added) {
  insert.bind(1, ms(added))
      .bind(2, static_cast<std::int64_t>(event.bytes()))
      .bind(3, static_cast<std::int64_t>(row_sum(event, added)))
      .bind(4, event.id)
      .bind(5, event.type)
      .bind(6, event.bucket)
      .bind(7, event.key)
      .bind_blob(15, event.json)
      .bind(16, seq)
      .bind_null(17);
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

void bind_block(sqlite::Statement& insert, Sequence first, std::span<const StoredEvent> events,
                WallInstant added, std::string& bytes) {
  std::size_t size = 0;
  for (const StoredEvent& event : events) size += event.bytes();
  const std::uint64_t sum = EventBlock::write(events, first, added, bytes);
  insert.bind(1, ms(added))
      .bind(2, static_cast<std::int64_t>(size))
      .bind(3, static_cast<std::int64_t>(sum));
  for (int parameter = 4; parameter <= 7; ++parameter) insert.bind(parameter, std::string_view());
  for (int parameter = 8; parameter <= 14; ++parameter) insert.bind_null(parameter);
  insert.bind(9, static_cast<std::int64_t>(events.size()))
      .bind_blob(15, bytes)
      .bind(16, first)
      .bind(17, GoneEvents().value());
}

std::optional<EventBlock> block_of(const sqlite::Statement& row) {
  if (!is_block(row)) return std::nullopt;
  return EventBlock::read(row.integer(kStatus), row.integer(kSeq), time_at(row, kAdded),
                          row.text(kEvent), sum_of(row));
}

GoneEvents gone_from(const sqlite::Statement& block) noexcept {
  return gone_of(block, kReplayed);
}

Sequence add_row(sqlite::Statement& row, StoredChunk& chunk) {
  constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();
  const StoreFilter any;
  const ChunkBounds all{kNoBound, kNoBound};
  StoredChunk got;
  Collector collector(any, std::numeric_limits<Sequence>::min(), all, got);
  collector.look_at(row);
  std::move(got.rows.begin(), got.rows.end(), std::back_inserter(chunk.rows));
  chunk.damaged.insert(chunk.damaged.end(), got.damaged.begin(), got.damaged.end());
  return got.last;
}

template <class Rows>
void collect_rows(sqlite::Statement& rows, const StoreFilter& filter, Sequence after,
                  const ChunkBounds& bounds, Chunk<Rows>& chunk) {
  Collector collector(filter, after, bounds, chunk);
  while (!collector.enough()) {
    if (!rows.step()) {
      chunk.end = true;
      break;
    }
    collector.look_at(rows);
  }
}

template <class Rows>
std::size_t add_wanted(sqlite::Statement& row, std::span<const Sequence> wanted, Chunk<Rows>& chunk,
                       std::size_t& bytes, std::size_t max_bytes) {
  const Sequence seq = row.integer(kSeq);
  chunk.last = wanted.front();
  const auto block = block_of(row);
  if (!block) {
    if (seq != wanted.front()) return 1;
    if (is_block(row)) {
      chunk.damaged.push_back(seq);
    } else {
      bytes += add(row_of(row), sum_of(row), chunk);
    }
    return 1;
  }
  const GoneEvents gone = gone_of(row, kReplayed);
  std::size_t looked_at = 0;
  for (const Sequence event : wanted) {
    const auto index = static_cast<std::size_t>(event - seq);
    if (index >= block->entries().size() || bytes >= max_bytes) break;
    ++looked_at;
    chunk.last = event;
    if (gone.has(index)) continue;
    bytes += add(block->entries()[index], event, time_at(row, kAdded), chunk);
  }
  return std::max<std::size_t>(looked_at, 1);
}

template void collect_rows(sqlite::Statement&, const StoreFilter&, Sequence, const ChunkBounds&,
                           StoredChunk&);
template void collect_rows(sqlite::Statement&, const StoreFilter&, Sequence, const ChunkBounds&,
                           SpooledChunk&);
template std::size_t add_wanted(sqlite::Statement&, std::span<const Sequence>, StoredChunk&,
                                std::size_t&, std::size_t);
template std::size_t add_wanted(sqlite::Statement&, std::span<const Sequence>, SpooledChunk&,
                                std::size_t&, std::size_t);

RowSize::RowSize(const sqlite::Statement& row)
    : seq(row.integer(0)), reason(row.text(1)), bytes(static_cast<std::uint64_t>(row.integer(2))) {
  if (row.is_null(3)) return;
  const std::int64_t count = row.integer(3);
  // Otherwise it is damaged, and counts as one.
  if (count < 1 || count > static_cast<std::int64_t>(EventBlock::kMostEvents)) return;
  events = static_cast<std::size_t>(count);
  gone = gone_of(row, 4);
}

}  // namespace gateway::egress

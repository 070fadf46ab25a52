#include "gateway/egress/store/store_writer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "runtime/cores.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRowsRemovedATurn = 8192;
// Nothing to do for so long: time to empty the write-ahead log.
constexpr auto kIdle = 1s;

WallInstant wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

StoreState state_of(StoreError::Kind kind) noexcept {
  switch (kind) {
    case StoreError::Kind::full:
      return StoreState::full;
    case StoreError::Kind::damaged:
      return StoreState::damaged;
    case StoreError::Kind::failing:
    case StoreError::Kind::in_use:
    case StoreError::Kind::unusable:
      return StoreState::failing;
  }
  return StoreState::failing;
}

std::string_view name_of(StoreState state) noexcept {
  switch (state) {
    case StoreState::ok:
      return "ok";
    case StoreState::full:
      return "full";
    case StoreState::failing:
      return "failing";
    case StoreState::damaged:
      return "damaged";
  }
  return {};
}

StoreWriter::StoreWriter(std::unique_ptr<EventStore> store, Limits limits)
    : limits_(limits), store_(std::move(store)) {
  files_seen_ = store_->moved_aside().size();
  publish();
  thread_ = std::thread([this] { run(); });
}

StoreWriter::StoreWriter(const StoreError& reason, Opening opening, Limits limits)
    : limits_(limits),
      opening_(std::move(opening)),
      state_(state_of(reason.kind())),
      error_(reason.text()) {
  thread_ = std::thread([this] { run(); });
}

StoreWriter::~StoreWriter() {
  stop();
}

bool StoreWriter::submit(std::vector<StoredEvent> events, Done done) {
  std::size_t bytes = 0;
  for (const StoredEvent& event : events) bytes += sizeof event + event.bytes();
  {
    const std::lock_guard lock(mutex_);
    const bool fits = waiting_events_ + events.size() <= limits_.waiting_events &&
                      waiting_bytes_ + bytes <= limits_.waiting_bytes;
    if (stopping_ || !fits || state() != StoreState::ok) {
      refused_.fetch_add(events.size(), std::memory_order_relaxed);
      return false;
    }
    waiting_events_ += events.size();
    waiting_bytes_ += bytes;
    submissions_.push_back({std::move(events), bytes, std::move(done)});
  }
  wake_.notify_one();
  return true;
}

bool StoreWriter::fetch(std::size_t max_rows, std::size_t max_bytes, Fetched done,
                        SpooledEvents memory) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    Fetch& fetch = fetches_.emplace_back();
    fetch.max_rows = max_rows;
    fetch.max_bytes = max_bytes;
    fetch.done = std::move(done);
    fetch.chunk.rows = std::move(memory);
  }
  wake_.notify_one();
  return true;
}

bool StoreWriter::remove(std::vector<Sequence> rows, Done done) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    removals_.push_back({std::move(rows), std::move(done)});
  }
  wake_.notify_one();
  return true;
}

bool StoreWriter::give_back(std::vector<Sequence> rows) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    returns_.push_back(std::move(rows));
  }
  wake_.notify_one();
  return true;
}

StoreStatus StoreWriter::status() const {
  StoreStatus status;
  status.state = state();
  status.appended = appended_.value();
  status.removed = removed_.value();
  status.refused = refused_.load(std::memory_order_relaxed);
  status.commits = commits_.value();
  status.damaged_rows = damaged_rows_.value();
  status.moved_aside = moved_aside_.value();
  status.salvaged = salvaged_.value();
  status.backlog_rows = backlog_rows_.value();
  status.backlog_bytes = backlog_bytes_.value();
  const std::int64_t oldest = oldest_ms_.load(std::memory_order_relaxed);
  if (oldest >= 0) status.oldest = WallInstant{std::chrono::milliseconds{oldest}};
  const std::lock_guard lock(mutex_);
  status.waiting_events = waiting_events_;
  status.waiting_bytes = waiting_bytes_;
  if (status.state != StoreState::ok) status.error = error_;
  return status;
}

void StoreWriter::stop(Instant deadline) {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stop_at_ = std::min(stop_at_, deadline);
  }
  wake_.notify_one();
  const std::lock_guard lock(joining_);
  if (thread_.joinable()) thread_.join();
}

void StoreWriter::run() {
  name_this_thread("store");
  if (!store_ && !open_at_last()) {
    refuse_waiting({StoreError::Kind::failing, "stopped"});
    return;
  }
  Turn turn;
  while (next_turn(turn)) {
    const bool idle = turn.empty();
    // Returned rows first: a fetch of the same turn is to get them.
    for (const auto& rows : turn.returns) leases_.give_back(rows);
    if (!turn.submissions.empty()) append(std::move(turn.submissions));
    if (!turn.removals.empty()) remove_now(turn.removals);
    if (turn.fetch) serve(*turn.fetch);
    turn = Turn();
    keep_house(idle);
  }
  refuse_waiting({StoreError::Kind::failing, store_->path() + ": stopped"});
  // What the log still holds is moved over by closing.
  store_.reset();
}

// Waits for something to do. An empty turn: some time has passed. False: the end.
bool StoreWriter::next_turn(Turn& turn) {
  std::unique_lock lock(mutex_);
  const auto something = [this] {
    return stopping_ || !submissions_.empty() || !removals_.empty() || !returns_.empty() ||
           !fetches_.empty();
  };
  if (!something()) {
    const Instant now = std::chrono::steady_clock::now();
    if (retry_at_ != Instant::max()) {
      wake_.wait_until(lock, std::max(retry_at_, now), something);
    } else if (store_->salvage_due()) {
      wake_.wait_until(lock, std::max(salvage_at_, now), something);
    } else if (store_->checkpoint_possible()) {
      wake_.wait_until(lock, now + kIdle, something);
    } else {
      wake_.wait(lock, something);
    }
  }
  if (stopping_ && (std::chrono::steady_clock::now() >= stop_at_ ||
                    (submissions_.empty() && removals_.empty() && fetches_.empty()))) {
    return false;
  }

  std::size_t bytes = 0;
  while (!submissions_.empty() &&
         (bytes == 0 || bytes + submissions_.front().bytes <= limits_.group_bytes)) {
    bytes += submissions_.front().bytes;
    turn.submissions.push_back(std::move(submissions_.front()));
    submissions_.pop_front();
  }
  std::size_t rows = 0;
  while (!removals_.empty() && rows < kRowsRemovedATurn) {
    rows += removals_.front().rows.size();
    turn.removals.push_back(std::move(removals_.front()));
    removals_.pop_front();
  }
  turn.returns.assign(std::make_move_iterator(returns_.begin()),
                      std::make_move_iterator(returns_.end()));
  returns_.clear();
  if (!fetches_.empty()) {
    turn.fetch = std::move(fetches_.front());
    fetches_.pop_front();
  }
  return true;
}

void StoreWriter::append(std::vector<Submission> group) {
  std::size_t bytes = 0;
  if (group.size() == 1) {
    bytes = group.front().bytes;
    group_.swap(group.front().events);
  } else {
    for (Submission& submission : group) {
      bytes += submission.bytes;
      std::move(submission.events.begin(), submission.events.end(), std::back_inserter(group_));
    }
  }
  StoreResult result;
  if (state() == StoreState::ok) {
    result = store_->append(group_, wall_now());
  } else {
    const std::lock_guard lock(mutex_);
    result = StoreError(StoreError::Kind::failing, error_);
  }
  const std::size_t events = group_.size();
  group_.clear();
  {
    const std::lock_guard lock(mutex_);
    waiting_events_ -= events;
    waiting_bytes_ -= bytes;
  }
  notice_new_file();
  if (result) {
    appended_.add(events);
    commits_.add();
    succeeded();
  } else {
    refused_.fetch_add(events, std::memory_order_relaxed);
    failed(result.error());
  }
  publish();
  for (Submission& submission : group) submission.done(result);
  if (!result) refuse_waiting(result.error());
}

void StoreWriter::remove_now(const std::vector<Removal>& removals) {
  std::vector<Sequence> rows = std::exchange(owed_, {});
  for (const Removal& removal : removals) {
    rows.insert(rows.end(), removal.rows.begin(), removal.rows.end());
  }
  // Chunks of several shards interleave; neighbours are cheaper to remove together.
  std::ranges::sort(rows);
  const auto removed = store_->remove(rows);
  notice_new_file();
  StoreResult result;
  if (removed) {
    removed_.add(removed->rows);
    leases_.forget(rows);
    // There may be room again.
    if (state() == StoreState::full && removed->rows > 0) retry_at_ = Instant::min();
  } else {
    owed_ = std::move(rows);
    failed(removed.error());
    result = removed.error();
  }
  publish();
  for (const Removal& removal : removals) {
    if (removal.done) removal.done(result);
  }
}

// Rows that were given back, or else those behind what has been given out.
StoreResult StoreWriter::read_next(Fetch& fetch) {
  SpooledChunk& chunk = fetch.chunk;
  std::vector<Sequence> returned = leases_.take_returned(fetch.max_rows);
  if (!returned.empty()) {
    const auto read = store_->read_spooled(returned, fetch.max_bytes, chunk);
    if (read) {
      const auto unread = std::upper_bound(returned.begin(), returned.end(), chunk.last);
      returned.erase(returned.begin(), unread);
      note_damaged(chunk);
    }
    leases_.give_back(returned);
    if (!read || !chunk.rows.empty()) return read;
  }
  // Rows that are damaged, or that were removed after they had been given back, are passed over.
  do {
    const auto read =
        store_->read_spooled(leases_.frontier(), fetch.max_rows, fetch.max_bytes, chunk);
    if (!read) return read;
    leases_.advance(chunk.last);
    note_damaged(chunk);
  } while (chunk.rows.empty() && !chunk.end);
  return {};
}

void StoreWriter::serve(Fetch& fetch) {
  const auto read = read_next(fetch);
  notice_new_file();
  if (read) {
    if (!std::exchange(readable_, true)) {
      log::info("store can be read again", {{"file", store_->path()}});
    }
    fetch.done(std::move(fetch.chunk.rows));
  } else {
    if (std::exchange(readable_, false)) {
      log::error("store cannot be read", {{"error", read.error().text()}});
    }
    fetch.done(read.error());
  }
}

void StoreWriter::note_damaged(const SpooledChunk& chunk) {
  damaged_rows_.add(chunk.damaged.size());
  for (const Sequence row : chunk.damaged) {
    log::error("stored event is damaged", {{"file", store_->path()}, {"row", row}});
  }
}

void StoreWriter::keep_house(bool idle) {
  if (retry_at_ != Instant::max() && std::chrono::steady_clock::now() >= retry_at_) try_again();
  if (state() != StoreState::ok) return;
  if (store_->salvage_due()) {
    salvage_some();
    idle = false;
  }
  if (!store_->checkpoint_due() && !(idle && store_->checkpoint_possible())) return;
  const auto result = store_->checkpoint();
  notice_new_file();
  if (!result) failed(result.error());
}

void StoreWriter::publish() {
  moved_aside_.set(store_->moved_aside().size());
  const auto totals = store_->totals();
  const auto oldest = store_->oldest();
  // A store that cannot be read keeps the numbers it had.
  if (!totals || !oldest) return;
  backlog_rows_.set(totals->rows);
  backlog_bytes_.set(totals->bytes);
  const std::optional<WallInstant> first = *oldest;
  oldest_ms_.store(first ? first->time_since_epoch().count() : -1, std::memory_order_relaxed);
}

}  // namespace gateway::egress

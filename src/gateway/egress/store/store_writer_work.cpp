// What the thread of a store does with it: appends, removes, reads, keeps house.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "gateway/egress/store/store_writer.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

// Between two looks at the store's files.
constexpr auto kLookEvery = 1s;
// A crash of the machine sends again at most what was removed in this time.
constexpr auto kMarksSynced = 100ms;
constexpr auto kOldestEvery = 100ms;
// Nothing was appended for so long: the last segment may be deleted if all of it is removed.
constexpr auto kIdle = 2s;

WallInstant wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

// What is not done of the turn has failed, for this reason. Can be called again if it throws.
void StoreWriter::give_up_turn(const StoreError& error) {
  tell_written();
  settle_group(error);
  tell_written();
  const auto refuse = [&](const Submission& submission) {
    submission.done(error);
    const std::lock_guard lock(mutex_);
    not_waiting(submission);
  };
  tell_each(turn_.submissions, refuse);
  tell_each(refused_, refuse);
  take_back_rows();
  owe_removals();
  tell_removed(error);
  if (!turn_.fetch) return;
  leases_.arrived(false);
  turn_.fetch->done(error);
  turn_.fetch.reset();
}

// With the lock: it will not be kept.
void StoreWriter::not_waiting(const Submission& submission) noexcept {
  requests_.settled(submission.events.size(), submission.bytes);
  status_.refused += submission.events.size();
}

void StoreWriter::take_back_rows() {
  tell_each(turn_.returns, [this](const StoreRequests::Return& back) {
    leases_.give_back(back.target, back.rows);
  });
}

void StoreWriter::append() {
  gather();
  if (state() != StoreState::ok) {
    settle_group(StoreError(StoreError::Kind::failing, last_error()));
    publish();
    tell_written();
    return;
  }
  StoreResult result = store_->append(group_, wall_now());
  const bool full = !result && result.error().kind() == StoreError::Kind::full;
  if (full && parts_.size() > 1) {
    append_each();
  } else {
    settle_group(result);
  }
  const Instant now = std::chrono::steady_clock::now();
  // A segment that was ended is synced now: with all others it would hold up the first removal.
  if (store_->has_unsynced_marks()) sync_at_ = std::min(sync_at_, now + kMarksSynced);
  if (full) {
    too_large(result.error());
  } else if (result) {
    appended_at_ = now;
    succeeded();
  } else {
    failed(result.error());
  }
  publish();
  tell_written();
}

// Appends the submissions of a group one by one, as there is no room for all of them.
void StoreWriter::append_each() {
  for (std::span<const StoredEvent> events(group_); !parts_.empty();) {
    const std::size_t count = parts_.front().events;
    settle_first(store_->append(events.first(count), wall_now()));
    tell_written();
    events = events.subspan(count);
  }
  group_.clear();
}

// There was no room for some events. If there is for others, the store is not full: these were too
// large for what is left.
void StoreWriter::too_large(const StoreError& error) {
  const auto probed = store_->probe();
  if (!probed) {
    failed(probed.error());
    return;
  }
  if (const auto posts = too_large_told_.occurred(std::chrono::steady_clock::now())) {
    log::warn(
        "posts with more events than the store has room for are refused, smaller ones are kept: "
        "see its max_bytes and the device",
        {{"file", store_->path()}, {"times", *posts}, {"error", error.text()}});
  }
  succeeded();
}

// Makes one group of the turn's submissions, all of them or none.
void StoreWriter::gather() {
  std::size_t events = 0;
  for (const Submission& submission : turn_.submissions) events += submission.events.size();
  std::vector<Done> dones;
  dones.reserve(turn_.submissions.size());
  parts_.reserve(turn_.submissions.size());
  if (turn_.submissions.size() > 1) group_.reserve(events);
  for (Submission& submission : turn_.submissions) {
    parts_.push_back({submission.events.size(), submission.bytes});
    dones.push_back(std::move(submission.done));
    if (group_.empty() && turn_.submissions.size() == 1) {
      group_.swap(submission.events);
    } else {
      std::move(submission.events.begin(), submission.events.end(), std::back_inserter(group_));
    }
  }
  turn_.submissions.clear();
  const std::lock_guard lock(mutex_);
  writing_ = std::move(dones);
}

// With the lock: counts what came of events that were being written.
void StoreWriter::count_settled(const Part& part) noexcept {
  requests_.settled(part.events, part.bytes);
  (written_ ? status_.appended : status_.refused) += part.events;
  status_.commits += written_ && part.events != 0 ? 1 : 0;
}

// It is known what came of the first part of the group.
void StoreWriter::settle_first(StoreResult result) {
  dones_.reserve(1);  // from here on nothing fails
  written_ = std::move(result);
  const Part part = parts_.front();
  parts_.erase(parts_.begin());
  const std::lock_guard lock(mutex_);
  count_settled(part);
  if (writing_.empty()) return;  // the watch has told it
  dones_.push_back(std::move(writing_.front()));
  writing_.erase(writing_.begin());
}

// It is known what came of the group. Those that the watch has told are not told again.
void StoreWriter::settle_group(StoreResult result) noexcept {
  written_ = std::move(result);
  Part whole;
  for (const Part& part : parts_) {
    whole.events += part.events;
    whole.bytes += part.bytes;
  }
  parts_.clear();
  group_.clear();
  const std::lock_guard lock(mutex_);
  count_settled(whole);
  dones_ = std::exchange(writing_, {});
}

void StoreWriter::tell_written() {
  tell_each(dones_, [this](const Done& done) { done(written_); });
}

void StoreWriter::tell_removed(const StoreResult& result) {
  tell_each(turn_.removals, [&](const StoreRequests::Removal& removal) {
    if (removal.done) removal.done(result);
  });
}

// The turn's removals are owed from now on.
void StoreWriter::owe_removals() {
  std::size_t rows = owed_.size();
  for (const StoreRequests::Removal& removal : turn_.removals) rows += removal.rows.size();
  owed_.reserve(rows);
  for (StoreRequests::Removal& removal : turn_.removals) {
    owed_.insert(owed_.end(), removal.rows.begin(), removal.rows.end());
    removal.rows.clear();
  }
}

void StoreWriter::remove_now() {
  owe_removals();
  // Chunks of several shards interleave; neighbours are cheaper to remove together.
  std::ranges::sort(owed_);
  std::vector<Sequence> unwritable;
  const auto removed = store_->remove(owed_, unwritable);
  StoreResult result;
  if (removed) {
    {
      const std::lock_guard lock(mutex_);
      status_.removed += *removed;
    }
    leases_.forget(owed_);
    owed_.clear();
    put_off_removals(unwritable);
    sync_at_ = std::min(sync_at_, std::chrono::steady_clock::now() + kMarksSynced);
    // There may be room again.
    if (state() == StoreState::full && *removed > 0) retry_at_ = Instant::min();
  } else {
    failed(removed.error());
    result = removed.error();
  }
  publish();
  tell_removed(result);
}

// Notes removals that cannot be written to their files. They are tried again at the next look.
void StoreWriter::put_off_removals(std::span<const Sequence> rows) {
  if (rows.empty()) return;
  if (unwritable_told_.occurred(std::chrono::steady_clock::now())) {
    log::warn(
        "files of a store cannot be written; delivered events in them are not removed until they "
        "can, and would be sent again after a restart; see their owner and rights, and the device",
        {{"file", store_->path()}, {"events", rows.size()}});
  }
  unwritable_.insert(unwritable_.end(), rows.begin(), rows.end());
}

void StoreWriter::serve() {
  StoreRequests::Fetch& fetch = *turn_.fetch;  // NOLINT(bugprone-unchecked-optional-access)
  StoreResult read;
  if (store_->owned()) {
    read = leases_.read(*store_, fetch.wanted, fetch.chunk);
  } else {
    read = StoreError(StoreError::Kind::in_use, "another process owns the store");
  }
  if (read) note_damaged(fetch.chunk);
  if (read && fetch.chunk.rows.empty() && !fetch.chunk.end) {
    // Much of other targets was passed over: others first, then further.
    const std::lock_guard lock(mutex_);
    requests_.add(std::move(fetch));
  } else if (read) {
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
  leases_.arrived(true);
  turn_.fetch.reset();
}

void StoreWriter::note_damaged(const SpooledChunk& chunk) {
  if (chunk.damaged.empty()) return;
  std::uint64_t rows = 0;
  for (const Sequence row : chunk.damaged) {
    if (row <= last_damaged_) continue;  // has been told, before the files were read anew
    last_damaged_ = row;
    ++rows;
    log::error("stored event is damaged", {{"file", store_->path()}, {"row", row}});
  }
  const std::lock_guard lock(mutex_);
  status_.damaged_rows += rows;
}

// Takes a step through the rows that were there at the start.
void StoreWriter::count_unclaimed() {
  const auto counted = leases_.count_on(*store_);
  publish();
  if (!counted) {
    log::warn("it cannot be counted how many events are for targets that are not configured",
              {{"error", counted.error().text()}});
  } else if (!leases_.counting() && leases_.unclaimed() != 0) {
    const bool spool = store_->kind() == StoreKind::spool;
    log::warn(
        "a store has events for targets that are not configured any more; they are kept",
        {{"file", store_->path()},
         {"events", leases_.unclaimed()},
         {"what_to_do",
          spool ? "`cos-gateway inspect --spool` shows their targets; stop the gateway, and "
                  "`cos-gateway replay --spool --target URL --to URL` sends them to another"
                : "`cos-gateway inspect --dead-letters` shows their targets, `cos-gateway replay "
                  "--dead-letters --target URL --to URL` sends them to another"}});
  }
}

void StoreWriter::keep_house() {
  const Instant now = std::chrono::steady_clock::now();
  if (now >= sync_at_) {
    sync_at_ = Instant::max();
    if (const auto synced = store_->sync_marks(); !synced) {
      // What is kept is not concerned.
      sync_at_ = now + limits_.retry_max;
      if (unsynced_told_.occurred(now)) {
        log::error(
            "the removal of delivered events cannot be flushed to the device; after a power cut "
            "they would be sent again",
            {{"error", synced.error().text()}});
      }
    }
  }
  if (now >= look_at_) look();
  if (now >= retry_at_) try_again();
}

// Finds out what others have done to the files.
void StoreWriter::look() {
  const Instant now = std::chrono::steady_clock::now();
  look_at_ = now + kLookEvery;
  const std::uint64_t vanished = store_->vanished_rows();
  const auto looked = store_->look(now - appended_at_ >= kIdle);
  if (!looked) failed(looked.error());
  if (store_->vanished_rows() != vanished) {
    log::error(
        "files of the store were removed, moved or cut; the events in them are sent only if the "
        "files are put back",
        {{"file", store_->path()}, {"events", store_->vanished_rows() - vanished}});
  }
  publish();
  if (unwritable_.empty()) return;
  owed_.insert(owed_.end(), unwritable_.begin(), unwritable_.end());
  unwritable_.clear();
  remove_now();
}

void StoreWriter::try_again() {
  if (!owed_.empty()) {
    remove_now();
    if (!owed_.empty()) return;
  }
  const auto probed = store_->probe();
  if (probed) {
    succeeded();
  } else {
    failed(probed.error());
  }
}

void StoreWriter::succeeded() {
  retry_at_ = Instant::max();
  if (state() == StoreState::ok) {
    pause_ = 0ms;
    return;
  }
  // The pause stays as it is until an append has succeeded: a probe needs less.
  log::info("store is usable again", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
}

void StoreWriter::failed(const StoreError& error) {
  const StoreState state = state_of(error.kind());
  retry_at_ = std::chrono::steady_clock::now() + next_pause();
  {
    const std::lock_guard lock(mutex_);
    status_.error = error.text();
  }
  if (state_.exchange(state, std::memory_order_acq_rel) != state) {
    log::error("store refuses events", {{"state", name_of(state)}, {"error", error.text()}});
  }
}

std::chrono::milliseconds StoreWriter::next_pause() noexcept {
  return pause_ = std::clamp(2 * pause_, limits_.retry_initial, limits_.retry_max);
}

std::string StoreWriter::last_error() const {
  const std::lock_guard lock(mutex_);
  return status_.error;
}

void StoreWriter::publish() {
  const StoreTotals totals = store_->totals();
  const std::uint64_t unreadable = store_->left_alone();
  if (const auto finds = store_->finds(); std::exchange(finds_, finds) != finds) {
    std::vector<Sequence> delivered = owed_;
    delivered.insert(delivered.end(), unwritable_.begin(), unwritable_.end());
    leases_.begin_again(std::move(delivered));
    readings_.fetch_add(1, std::memory_order_release);
    log::info("files of a store were read anew: they, or its lock, had been moved or replaced",
              {{"file", store_->path()}, {"events", totals.rows}});
  }
  const std::uint64_t before = backlog_.exchange(totals.rows, std::memory_order_relaxed);
  const Instant now = std::chrono::steady_clock::now();
  std::optional<std::optional<WallInstant>> oldest;  // what cannot be read keeps what it had
  if (now >= oldest_at_ || before == 0 || totals.rows == 0) {
    oldest_at_ = now + kOldestEvery;
    if (const auto found = store_->oldest()) oldest.emplace(*found);
  }
  std::unique_lock lock(mutex_);
  status_.vanished = vanished_before_ + store_->vanished_rows();
  status_.taken_over = taken_over_before_ + store_->taken_over();
  status_.backlog_rows = totals.rows;
  status_.backlog_bytes = totals.bytes;
  status_.unclaimed = leases_.unclaimed();
  if (oldest) status_.oldest = *oldest;
  if (std::exchange(status_.unreadable_files, unreadable) >= unreadable) return;
  lock.unlock();
  for (const auto& [file, reason] : store_->unreadable_files()) {
    log::error("a file of the store cannot be read and is left alone",
               {{"file", file}, {"reason", reason}});
  }
}

}  // namespace gateway::egress

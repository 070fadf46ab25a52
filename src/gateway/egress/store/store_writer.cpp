#include "gateway/egress/store/store_writer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRowsRemovedATurn = 8192;
// Between two looks at the store's files.
constexpr auto kLookEvery = 1s;
// A crash of the machine sends again at most what was removed in this time.
constexpr auto kMarksSynced = 100ms;
constexpr auto kOldestEvery = 100ms;
// Nothing was appended for so long: the last segment may be deleted if all of it is removed.
constexpr auto kIdle = 2s;

// Calls `tell` with each of `items`, in order. If it throws, those it was called with are gone.
template <class Items, class Tell>
void tell_each(Items& items, Tell tell) {
  auto next = items.begin();
  try {
    for (; next != items.end(); ++next) tell(*next);
  } catch (...) {
    items.erase(items.begin(), next);
    throw;
  }
  items.clear();
}

WallInstant wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

// Why what a thread had in its hands has failed. Short enough to need no memory.
StoreError internal_error() {
  return {StoreError::Kind::failing, "internal error"};
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

StoreWriter::StoreWriter(std::unique_ptr<EventStore> store, Limits limits, TargetNames targets,
                         Supervisor* supervisor)
    : limits_(limits),
      targets_(std::move(targets)),
      part_(supervisor != nullptr ? *supervisor : own_supervisor_, "writer of a store"),
      watch_part_(supervisor != nullptr ? *supervisor : own_supervisor_, "watch over a store"),
      opening_(store->opening()),
      store_(std::move(store)),
      was_open_(true),
      leases_(targets_.size()),
      unclaimed_search_({0, store_->last_seq()}) {
  publish();
  start();
}

StoreWriter::StoreWriter(const StoreError& reason, Opening opening, Limits limits,
                         TargetNames targets, Supervisor* supervisor)
    : limits_(limits),
      targets_(std::move(targets)),
      part_(supervisor != nullptr ? *supervisor : own_supervisor_, "writer of a store"),
      watch_part_(supervisor != nullptr ? *supervisor : own_supervisor_, "watch over a store"),
      opening_(std::move(opening)),
      leases_(targets_.size()),
      state_(state_of(reason.kind())),
      error_(reason.text()) {
  start();
}

void StoreWriter::start() {
  try {
    thread_ = std::thread([this] { run(); });
    watch_thread_ = std::thread([this] { watch(); });
  } catch (const std::system_error& error) {
    stop();
    throw std::system_error(error.code(),
                            "cannot start the threads of a store; see ulimit -u and the pids limit "
                            "of the container");
  }
}

StoreWriter::~StoreWriter() {
  static_cast<void>(stop());
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
    const std::size_t count = events.size();
    submissions_.push_back({std::move(events), bytes, std::move(done)});
    waiting_events_ += count;
    waiting_bytes_ += bytes;
  }
  wake_.notify_one();
  return true;
}

bool StoreWriter::fetch(std::size_t target, std::size_t max_rows, std::size_t max_bytes,
                        Fetched done, SpooledEvents memory) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    Fetch& fetch = fetches_.emplace_back();
    fetch.target = target;
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

bool StoreWriter::give_back(std::size_t target, std::vector<Sequence> rows) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    returns_.push_back({target, std::move(rows)});
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
  status.vanished = vanished_.value();
  status.unreadable_files = unreadable_files_.value();
  status.taken_over = taken_over_.value();
  status.backlog_rows = backlog_rows_.value();
  status.backlog_bytes = backlog_bytes_.value();
  status.unclaimed = unclaimed_.value();
  const std::int64_t oldest = oldest_ms_.load(std::memory_order_relaxed);
  if (oldest >= 0) status.oldest = WallInstant{std::chrono::milliseconds{oldest}};
  const std::lock_guard lock(mutex_);
  status.waiting_events = waiting_events_;
  status.waiting_bytes = waiting_bytes_;
  if (status.state != StoreState::ok) status.error = error_;
  return status;
}

bool StoreWriter::stop(Instant deadline) {
  const std::lock_guard joining(joining_);
  if (!thread_.joinable()) return true;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    stop_at_ = std::min(stop_at_, deadline);
    wake_.notify_one();
    const auto ended = [this] { return ended_; };
    if (deadline == Instant::max()) {
      ended_changed_.wait(lock, ended);
    } else {
      const Instant last = std::max(deadline, std::chrono::steady_clock::now()) + limits_.patience;
      if (!ended_changed_.wait_until(lock, last, ended)) return false;
    }
  }
  thread_.join();
  if (watch_thread_.joinable()) watch_thread_.join();
  return true;
}

void StoreWriter::run() {
  name_this_thread("store");
  for (bool over = false; !over;) {
    try {
      live();
      over = true;
    } catch (...) {
      recover(std::current_exception());
    }
  }
  part_.ended();
  store_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

void StoreWriter::live() {
  give_up_turn(internal_error());
  if (store_ || open_at_last()) {
    part_.running();
    work();
  }
  const StoreError stopped(StoreError::Kind::failing, "the gateway stops");
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      take_turn();
    }
    if (turn_.empty()) return;
    give_up_turn(stopped);
  }
}

void StoreWriter::work() {
  while (next_turn()) {
    const bool idle = turn_.empty();
    // Returned rows first: a fetch of the same turn is to get them.
    take_back_rows();
    if (!turn_.submissions.empty()) append();
    if (!turn_.removals.empty()) remove_now();
    if (turn_.fetch) serve();
    if (idle && unclaimed_search_) look_for_unclaimed();
    keep_house();
  }
}

// After an exception. Those that wait are told at once, and what else there is to do waits for the
// store. It goes on when the supervisor has given up: the end of the process needs the thread.
void StoreWriter::recover(const std::exception_ptr& failure) noexcept {
  state_.store(StoreState::failing, std::memory_order_release);
  if (store_) store_->abandon();  // what it would finish may be half changed
  store_.reset();
  const auto pause = part_.failed(failure).value_or(RestartPolicy::kLongestPause);
  try {
    give_up_turn(internal_error());
  } catch (const std::exception&) {
    // They are told after the pause.
  }
  std::unique_lock lock(mutex_);
  error_ = internal_error().text();
  busy_since_ = Instant::max();
  wake_.wait_for(lock, pause, [this] { return stopping_; });
}

void StoreWriter::watch() {
  name_this_thread("store watch");
  for (bool over = false; !over;) {
    try {
      watch_part_.running();
      watch_device();
      over = true;
    } catch (...) {
      const auto pause = watch_part_.failed(std::current_exception());
      std::unique_lock lock(mutex_);
      ended_changed_.wait_for(lock, pause.value_or(RestartPolicy::kLongestPause),
                              [this] { return ended_; });
    }
  }
  watch_part_.ended();
}

// Tells those that wait for a device that does not answer. What is being written may be kept all
// the same, in which case it is sent twice.
void StoreWriter::watch_device() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    ended_changed_.wait_for(lock, limits_.patience / 4);
    const bool hangs = busy_since_ != Instant::max() &&
                       std::chrono::steady_clock::now() - busy_since_ > limits_.patience;
    if (hangs) {
      if (!std::exchange(hangs_, true)) {
        state_.store(StoreState::failing, std::memory_order_release);
        error_ = "the device does not answer";
        log::error("store refuses events: its device does not answer; look at the disk",
                   {{"seconds", limits_.patience.count() / 1000}});
      }
      if (overdue_.empty()) overdue_.swap(writing_);
      if (refused_waiting_.empty()) {
        refused_waiting_.swap(submissions_);
        for (const Submission& submission : refused_waiting_) not_waiting(submission);
      }
    }
    lock.unlock();
    const StoreError error(StoreError::Kind::failing, "the device does not answer");
    tell_each(overdue_, [&](const Done& done) { done(error); });
    tell_each(refused_waiting_, [&](const Submission& submission) { submission.done(error); });
    lock.lock();
  }
}

// Waits for something to do. An empty turn: some time has passed. False: the end.
bool StoreWriter::next_turn() {
  std::unique_lock lock(mutex_);
  busy_since_ = Instant::max();
  if (std::exchange(hangs_, false)) retry_at_ = Instant::min();
  const auto something = [this] {
    return stopping_ || !submissions_.empty() || !removals_.empty() || !returns_.empty() ||
           !fetches_.empty();
  };
  const Instant search_at = unclaimed_search_ ? Instant::min() : Instant::max();
  wake_.wait_until(lock, std::min({retry_at_, look_at_, sync_at_, search_at}), something);
  if (stopping_ && (std::chrono::steady_clock::now() >= stop_at_ ||
                    (submissions_.empty() && removals_.empty() && fetches_.empty()))) {
    return false;
  }
  busy_since_ = std::chrono::steady_clock::now();
  take_turn();
  return true;
}

// With the lock.
void StoreWriter::take_turn() {
  std::size_t bytes = 0;
  while (!submissions_.empty() &&
         (bytes == 0 || bytes + submissions_.front().bytes <= limits_.group_bytes)) {
    bytes += submissions_.front().bytes;
    turn_.submissions.push_back(std::move(submissions_.front()));
    submissions_.pop_front();
  }
  std::size_t rows = 0;
  while (!removals_.empty() && rows < kRowsRemovedATurn) {
    rows += removals_.front().rows.size();
    turn_.removals.push_back(std::move(removals_.front()));
    removals_.pop_front();
  }
  turn_.returns.assign(std::make_move_iterator(returns_.begin()),
                       std::make_move_iterator(returns_.end()));
  returns_.clear();
  if (!fetches_.empty()) {
    turn_.fetch = std::move(fetches_.front());
    fetches_.pop_front();
  }
}

// What is not done of the turn has failed, for this reason. Can be called again if it throws.
void StoreWriter::give_up_turn(const StoreError& error) {
  tell_written();
  settle_group(error);
  tell_written();
  tell_each(turn_.submissions, [&](const Submission& submission) {
    submission.done(error);
    const std::lock_guard lock(mutex_);
    not_waiting(submission);
  });
  take_back_rows();
  owe_removals();
  tell_removed(error);
  if (!turn_.fetch) return;
  leases_[turn_.fetch->target].give_back(leased_);
  leased_.clear();
  turn_.fetch->done(error);
  turn_.fetch.reset();
}

// With the lock: it will not be kept.
void StoreWriter::not_waiting(const Submission& submission) noexcept {
  waiting_events_ -= submission.events.size();
  waiting_bytes_ -= submission.bytes;
  refused_.fetch_add(submission.events.size(), std::memory_order_relaxed);
}

void StoreWriter::take_back_rows() {
  tell_each(turn_.returns,
            [this](const Return& back) { leases_[back.target].give_back(back.rows); });
}

void StoreWriter::append() {
  gather();
  StoreResult result;
  {
    const std::lock_guard lock(mutex_);
    if (state() != StoreState::ok) result = StoreError(StoreError::Kind::failing, error_);
  }
  const bool tried = result.has_value();
  if (tried) result = store_->append(group_, wall_now());
  const std::size_t events = group_.size();
  settle_group(std::move(result));
  if (written_) {
    appended_.add(events);
    commits_.add();
    appended_at_ = std::chrono::steady_clock::now();
    succeeded();
  } else if (tried) {
    failed(written_.error());
  }
  publish();
  tell_written();
}

// Makes one group of the turn's submissions, all of them or none.
void StoreWriter::gather() {
  std::size_t events = 0;
  for (const Submission& submission : turn_.submissions) events += submission.events.size();
  std::vector<Done> dones;
  dones.reserve(turn_.submissions.size());
  if (turn_.submissions.size() > 1) group_.reserve(events);
  for (Submission& submission : turn_.submissions) {
    group_bytes_ += submission.bytes;
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

// It is known what came of the group. Those that the watch has told are not told again.
void StoreWriter::settle_group(StoreResult result) noexcept {
  written_ = std::move(result);
  const std::size_t events = group_.size();
  if (!written_) refused_.fetch_add(events, std::memory_order_relaxed);
  group_.clear();
  const std::lock_guard lock(mutex_);
  waiting_events_ -= events;
  waiting_bytes_ -= std::exchange(group_bytes_, 0);
  dones_ = std::exchange(writing_, {});
}

void StoreWriter::tell_written() {
  tell_each(dones_, [this](const Done& done) { done(written_); });
}

void StoreWriter::tell_removed(const StoreResult& result) {
  tell_each(turn_.removals, [&](const Removal& removal) {
    if (removal.done) removal.done(result);
  });
}

// The turn's removals are owed from now on.
void StoreWriter::owe_removals() {
  std::size_t rows = owed_.size();
  for (const Removal& removal : turn_.removals) rows += removal.rows.size();
  owed_.reserve(rows);
  for (Removal& removal : turn_.removals) {
    owed_.insert(owed_.end(), removal.rows.begin(), removal.rows.end());
    removal.rows.clear();
  }
}

void StoreWriter::remove_now() {
  owe_removals();
  // Chunks of several shards interleave; neighbours are cheaper to remove together.
  std::ranges::sort(owed_);
  const auto removed = store_->remove(owed_);
  StoreResult result;
  if (removed) {
    removed_.add(*removed);
    for (RowLeases& leases : leases_) leases.forget(owed_);
    owed_.clear();
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

// Rows that were given back, or else those behind what has been given out. There may be more where
// the chunk is neither filled nor at the end.
StoreResult StoreWriter::read_next(Fetch& fetch) {
  SpooledChunk& chunk = fetch.chunk;
  RowLeases& leases = leases_[fetch.target];
  leased_ = leases.take_returned(fetch.max_rows);
  if (!leased_.empty()) {
    const auto read = store_->read_spooled(leased_, fetch.max_bytes, chunk);
    const auto unread = read ? std::ranges::upper_bound(leased_, chunk.last) : leased_.begin();
    leases.give_back(std::span(unread, leased_.end()));
    leased_.erase(unread, leased_.end());
    if (read) note_damaged(chunk);
    if (!read || !chunk.rows.empty()) return read;
  }
  // Rows that are damaged, or that were removed after they had been given back, are passed over.
  leased_.clear();
  const auto is_of_target = [&](std::string_view name) {
    return targets_.is_of(name, fetch.target);
  };
  const auto read =
      store_->read_spooled(leases.frontier(), is_of_target, fetch.max_rows, fetch.max_bytes, chunk);
  if (!read) return read;
  leased_.reserve(chunk.rows.size());
  for (const auto& row : chunk.rows.entries()) leased_.push_back(row.seq);
  leases.advance(chunk.last);
  if (fetch.target == 0) note_damaged(chunk);  // nobody knows whose they were
  return {};
}

void StoreWriter::serve() {
  Fetch& fetch = *turn_.fetch;
  const auto read = read_next(fetch);
  if (read && fetch.chunk.rows.empty() && !fetch.chunk.end) {
    // Much of other targets was passed over: others first, then further.
    const std::lock_guard lock(mutex_);
    fetches_.push_back(std::move(fetch));
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
  leased_.clear();
  turn_.fetch.reset();
}

void StoreWriter::note_damaged(const SpooledChunk& chunk) {
  damaged_rows_.add(chunk.damaged.size());
  for (const Sequence row : chunk.damaged) {
    log::error("stored event is damaged", {{"file", store_->path()}, {"row", row}});
  }
}

// Takes a step through the rows that were there at the start.
void StoreWriter::look_for_unclaimed() {
  constexpr std::size_t kRows = 1000;
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  const auto is_unclaimed = [this](std::string_view name) { return !targets_.knows(name); };
  Sequence& at = unclaimed_search_->first;
  const Sequence last = unclaimed_search_->second;
  const auto read = store_->read_spooled(at, is_unclaimed, kRows, kBytes, unclaimed_rows_);
  if (!read) {
    log::warn("it cannot be counted how many events are for targets that are not configured",
              {{"error", read.error().text()}});
    unclaimed_search_.reset();
    return;
  }
  const auto& rows = unclaimed_rows_.rows.entries();
  const auto counted = std::ranges::count_if(
      rows, [last](const SpooledEvents::Entry& row) { return row.seq <= last; });
  unclaimed_.set(unclaimed_.value() + static_cast<std::uint64_t>(counted));
  at = unclaimed_rows_.last;
  if (!unclaimed_rows_.end && at < last) return;
  unclaimed_search_.reset();
  unclaimed_rows_ = SpooledChunk();
  tell_of_unclaimed();
}

void StoreWriter::tell_of_unclaimed() const {
  if (unclaimed_.value() == 0) return;
  log::warn(
      "a store has events for targets that are not configured any more; they are kept: "
      "`cos-gateway "
      "inspect` shows their targets, `cos-gateway replay --target URL --to URL` sends them to "
      "another",
      {{"file", store_->path()}, {"events", unclaimed_.value()}});
}

void StoreWriter::keep_house() {
  const Instant now = std::chrono::steady_clock::now();
  if (now >= sync_at_) {
    sync_at_ = Instant::max();
    if (const auto synced = store_->sync_marks(); !synced) {
      failed(synced.error());
      sync_at_ = retry_at_;
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
    log::error("files of the store were removed, moved or cut; the events in them are gone",
               {{"file", store_->path()}, {"events", store_->vanished_rows() - vanished}});
  }
  publish();
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
    retry_after_ = 0ms;
    return;
  }
  // retry_after_ stays as it is until an append has succeeded: a probe needs less.
  log::info("store is usable again", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
}

void StoreWriter::failed(const StoreError& error) {
  const StoreState state = state_of(error.kind());
  retry_after_ = std::clamp(2 * retry_after_, limits_.retry_initial, limits_.retry_max);
  retry_at_ = std::chrono::steady_clock::now() + retry_after_;
  {
    const std::lock_guard lock(mutex_);
    error_ = error.text();
  }
  if (state_.exchange(state, std::memory_order_acq_rel) != state) {
    log::error("store refuses events", {{"state", name_of(state)}, {"error", error.text()}});
  }
}

void StoreWriter::publish() {
  vanished_.set(store_->vanished_rows());
  unreadable_files_.set(store_->unreadable_files());
  taken_over_.set(store_->taken_over());
  if (store_->unreadable_files() > unreadable_files_logged_) {
    unreadable_files_logged_ = store_->unreadable_files();
    log::error("files of the store cannot be read and are left alone; look at the folder",
               {{"file", store_->path()}, {"files", unreadable_files_logged_}});
  }
  const StoreTotals totals = store_->totals();
  const bool was_empty = backlog_rows_.value() == 0;
  backlog_rows_.set(totals.rows);
  backlog_bytes_.set(totals.bytes);
  const Instant now = std::chrono::steady_clock::now();
  if (now < oldest_at_ && !was_empty && totals.rows != 0) return;
  oldest_at_ = now + kOldestEvery;
  const auto oldest = store_->oldest();
  if (!oldest) return;  // one that cannot be read keeps what it had
  const std::optional<WallInstant> first = *oldest;
  oldest_ms_.store(first ? first->time_since_epoch().count() : -1, std::memory_order_relaxed);
}

// What comes in meanwhile is told at once that there is nothing to be had, unless it is for a store
// that was there before. False: the end.
bool StoreWriter::open_at_last() {
  if (was_open_ && try_to_open()) return true;
  for (;;) {
    retry_after_ = std::clamp(2 * retry_after_, limits_.retry_initial, limits_.retry_max);
    const Instant at = std::chrono::steady_clock::now() + retry_after_;
    do {
      StoreError why;
      {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, at, [this] {
          return stopping_ ||
                 (!was_open_ && (!removals_.empty() || !returns_.empty() || !fetches_.empty()));
        });
        if (stopping_) return false;
        if (was_open_) continue;
        why = {StoreError::Kind::unusable, error_};
        take_turn();
      }
      give_up_turn(why);
    } while (std::chrono::steady_clock::now() < at);
    if (try_to_open()) return true;
  }
}

bool StoreWriter::try_to_open() {
  auto opened = opening_();
  if (!opened) {
    const StoreError error = opened.error();
    state_.store(state_of(error.kind()), std::memory_order_release);
    const std::lock_guard lock(mutex_);
    if (std::exchange(error_, error.text()) == error.text()) return false;
    log::error(error.kind() == StoreError::Kind::in_use
                   ? "another process has taken the store; what it would keep is refused"
                   : "the store still cannot be opened; what it would keep is refused",
               {{"error", error.text()}});
    return false;
  }
  store_ = std::move(*opened);
  retry_after_ = 0ms;
  if (!std::exchange(was_open_, true)) {
    // What was asked of a store that was not there.
    for (RowLeases& leases : leases_) leases.forget_all();
    owed_.clear();
    unclaimed_search_ = {0, store_->last_seq()};
  }
  if (!owed_.empty()) retry_at_ = Instant::min();
  publish();
  log::info("store has been opened", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
  return true;
}

}  // namespace gateway::egress

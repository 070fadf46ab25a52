#include "gateway/egress/store/store_writer.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"
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

StoreWriter::StoreWriter(std::unique_ptr<EventStore> store, Limits limits, TargetNames targets,
                         Supervisor* supervisor)
    : limits_(limits),
      part_(supervisor != nullptr ? *supervisor : own_supervisor_, "writer of a store"),
      watch_part_(supervisor != nullptr ? *supervisor : own_supervisor_, "watch over a store"),
      opening_(store->opening()),
      store_(std::move(store)),
      was_open_(true),
      leases_(std::move(targets)) {
  leases_.begin_count(*store_);
  publish();
  start();
}

StoreWriter::StoreWriter(const StoreError& reason, Opening opening, Limits limits,
                         TargetNames targets, Supervisor* supervisor)
    : limits_(limits),
      part_(supervisor != nullptr ? *supervisor : own_supervisor_, "writer of a store"),
      watch_part_(supervisor != nullptr ? *supervisor : own_supervisor_, "watch over a store"),
      opening_(std::move(opening)),
      leases_(std::move(targets)),
      state_(state_of(reason.kind())) {
  status_.error = reason.text();
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
    const bool fits = requests_.events() + events.size() <= limits_.waiting_events &&
                      requests_.bytes() + bytes <= limits_.waiting_bytes;
    if (stopping_ || !fits || state() != StoreState::ok) {
      status_.refused += events.size();
      return false;
    }
    requests_.add({std::move(events), bytes, std::move(done)});
  }
  wake_.notify_one();
  return true;
}

template <class Request>
bool StoreWriter::ask(Request request) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    requests_.add(std::move(request));
  }
  wake_.notify_one();
  return true;
}

bool StoreWriter::fetch(std::size_t target, std::size_t max_rows, std::size_t max_bytes,
                        Fetched done, SpooledEvents memory) {
  StoreRequests::Fetch fetch{target, max_rows, max_bytes, std::move(done), {}};
  fetch.chunk.rows = std::move(memory);
  return ask(std::move(fetch));
}

bool StoreWriter::remove(std::vector<Sequence> rows, Done done) {
  return ask(StoreRequests::Removal{std::move(rows), std::move(done)});
}

bool StoreWriter::give_back(std::size_t target, std::vector<Sequence> rows) {
  return ask(StoreRequests::Return{target, std::move(rows)});
}

StoreStatus StoreWriter::status() const {
  const std::lock_guard lock(mutex_);
  StoreStatus status = status_;
  status.state = state();
  if (status.state == StoreState::ok) status.error.clear();
  status.waiting_events = requests_.events();
  status.waiting_bytes = requests_.bytes();
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
  if (store_ || (!hopeless_ && open_at_last())) {
    part_.running();
    work();
  }
  const StoreError stopped(StoreError::Kind::failing, "the gateway stops");
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      requests_.take(turn_, limits_.group_bytes);
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
    if (idle && leases_.counting()) count_unclaimed();
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
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // They are told after the pause.
  }
  std::unique_lock lock(mutex_);
  status_.error = internal_error().text();
  busy_since_ = Instant::max();
  hopeless_ = stopping_;
  wake_.wait_for(lock, hopeless_ ? RestartPolicy::kFirstPause : pause,
                 [this] { return stopping_ && !hopeless_; });
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
        status_.error = "the device does not answer";
        log::error("store refuses events: its device does not answer; look at the disk",
                   {{"seconds", limits_.patience.count() / 1000}});
      }
      if (overdue_.empty()) overdue_.swap(writing_);
      if (refused_waiting_.empty()) {
        requests_.take_submissions(refused_waiting_);
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
  const Instant count_at = leases_.counting() ? Instant::min() : Instant::max();
  wake_.wait_until(lock, std::min({retry_at_, look_at_, sync_at_, count_at}),
                   [this] { return stopping_ || !requests_.empty(); });
  if (stopping_ && (std::chrono::steady_clock::now() >= stop_at_ || !requests_.owe_an_answer())) {
    return false;
  }
  busy_since_ = std::chrono::steady_clock::now();
  requests_.take(turn_, limits_.group_bytes);
  return true;
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
  StoreResult result;
  if (state() != StoreState::ok) result = StoreError(StoreError::Kind::failing, last_error());
  const bool tried = result.has_value();
  if (tried) result = store_->append(group_, wall_now());
  settle_group(std::move(result));
  if (written_) {
    appended_at_ = std::chrono::steady_clock::now();
    // A segment that was ended is synced now: with all others it would hold up the first removal.
    if (store_->has_unsynced_marks()) sync_at_ = std::min(sync_at_, appended_at_ + kMarksSynced);
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
  group_.clear();
  const std::lock_guard lock(mutex_);
  requests_.settled(events, std::exchange(group_bytes_, 0));
  (written_ ? status_.appended : status_.refused) += events;
  status_.commits += written_ && events != 0 ? 1 : 0;
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
  const auto removed = store_->remove(owed_);
  StoreResult result;
  if (removed) {
    {
      const std::lock_guard lock(mutex_);
      status_.removed += *removed;
    }
    leases_.forget(owed_);
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

void StoreWriter::serve() {
  StoreRequests::Fetch& fetch = *turn_.fetch;  // NOLINT(bugprone-unchecked-optional-access)
  const auto read =
      leases_.read(*store_, fetch.target, fetch.max_rows, fetch.max_bytes, fetch.chunk);
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
  for (const Sequence row : chunk.damaged) {
    log::error("stored event is damaged", {{"file", store_->path()}, {"row", row}});
  }
  const std::lock_guard lock(mutex_);
  status_.damaged_rows += chunk.damaged.size();
}

// Takes a step through the rows that were there at the start.
void StoreWriter::count_unclaimed() {
  const auto counted = leases_.count_on(*store_);
  publish();
  if (!counted) {
    log::warn("it cannot be counted how many events are for targets that are not configured",
              {{"error", counted.error().text()}});
  } else if (!leases_.counting() && leases_.unclaimed() != 0) {
    log::warn(
        "a store has events for targets that are not configured any more; they are kept: "
        "`cos-gateway inspect` shows their targets, `cos-gateway replay --target URL --to URL` "
        "sends them to another",
        {{"file", store_->path()}, {"events", leases_.unclaimed()}});
  }
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
  const std::uint64_t unreadable = store_->unreadable_files();
  const std::uint64_t before = backlog_.exchange(totals.rows, std::memory_order_relaxed);
  const Instant now = std::chrono::steady_clock::now();
  std::optional<std::optional<WallInstant>> oldest;  // what cannot be read keeps what it had
  if (now >= oldest_at_ || before == 0 || totals.rows == 0) {
    oldest_at_ = now + kOldestEvery;
    if (const auto found = store_->oldest()) oldest.emplace(*found);
  }
  std::unique_lock lock(mutex_);
  status_.vanished = store_->vanished_rows();
  status_.taken_over = store_->taken_over();
  status_.backlog_rows = totals.rows;
  status_.backlog_bytes = totals.bytes;
  status_.unclaimed = leases_.unclaimed();
  if (oldest) status_.oldest = *oldest;
  if (std::exchange(status_.unreadable_files, unreadable) >= unreadable) return;
  lock.unlock();
  log::error("files of the store cannot be read and are left alone; look at the folder",
             {{"file", store_->path()}, {"files", unreadable}});
}

// What comes in meanwhile is told at once that there is nothing to be had, unless it is for a store
// that was there before. False: the end.
bool StoreWriter::open_at_last() {
  if (was_open_ && try_to_open()) return true;
  for (;;) {
    const Instant at = std::chrono::steady_clock::now() + next_pause();
    do {
      {
        std::unique_lock lock(mutex_);
        wake_.wait_until(lock, at,
                         [this] { return stopping_ || (!was_open_ && !requests_.empty()); });
        if (stopping_) return false;
        if (was_open_) continue;
        requests_.take(turn_, limits_.group_bytes);
      }
      give_up_turn({StoreError::Kind::unusable, last_error()});
    } while (std::chrono::steady_clock::now() < at);
    if (try_to_open()) return true;
  }
}

bool StoreWriter::try_to_open() {
  auto opened = opening_();
  if (!opened) {
    const StoreError& error = opened.error();
    state_.store(state_of(error.kind()), std::memory_order_release);
    const std::lock_guard lock(mutex_);
    if (std::exchange(status_.error, error.text()) == error.text()) return false;
    log::error(error.kind() == StoreError::Kind::in_use
                   ? "another process has taken the store; what it would keep is refused"
                   : "the store still cannot be opened; what it would keep is refused",
               {{"error", error.text()}});
    return false;
  }
  store_ = std::move(*opened);
  pause_ = 0ms;
  if (!std::exchange(was_open_, true)) {
    // What was asked of a store that was not there.
    leases_.forget_returned();
    owed_.clear();
    leases_.begin_count(*store_);
  }
  if (!owed_.empty()) retry_at_ = Instant::min();
  publish();
  log::info("store has been opened", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
  return true;
}

}  // namespace gateway::egress

#include "gateway/egress/store/store_writer.hpp"

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "runtime/cores.hpp"
#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

using namespace std::chrono_literals;

// Why what a thread had in its hands has failed. Short enough to need no memory.
StoreError internal_error() {
  return {StoreError::Kind::failing, "internal error"};
}

}  // namespace

StoreWriterLimits limits_within(std::size_t memory, std::size_t largest) noexcept {
  StoreWriterLimits limits;
  limits.waiting_bytes = std::min(limits.waiting_bytes, memory / 4);
  limits.group_bytes = std::min(limits.group_bytes, memory / 8);
  limits.most_bytes = largest;
  return limits;
}

StoreWriter::StoreWriter(Opening opening, const Limits& limits, TargetNames targets,
                         Supervisor* supervisor)
    : limits_(limits),
      part_(supervisor != nullptr ? *supervisor : own_supervisor_, "writer of a store"),
      watch_part_(supervisor != nullptr ? *supervisor : own_supervisor_, "watch over a store"),
      opening_(std::move(opening)),
      leases_(std::move(targets)) {}

StoreWriter::StoreWriter(std::unique_ptr<EventStore> store, Limits limits, TargetNames targets,
                         Supervisor* supervisor)
    : StoreWriter(store->opening(), limits, std::move(targets), supervisor) {
  take(std::move(store));
  start();
}

StoreWriter::StoreWriter(const StoreError& reason, Opening opening, Limits limits,
                         TargetNames targets, Supervisor* supervisor)
    : StoreWriter(std::move(opening), limits, std::move(targets), supervisor) {
  state_ = state_of(reason.kind());
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

bool StoreWriter::submit(std::vector<StoredEvent> events, Done done) {
  std::size_t bytes = 0;
  for (const StoredEvent& event : events) bytes += sizeof event + event.bytes();
  std::optional<std::uint64_t> times;
  {
    const std::lock_guard lock(mutex_);
    // What is larger than the bounds of what waits is taken alone.
    bool fits =
        requests_.events() == 0 || (requests_.events() + events.size() <= limits_.waiting_events &&
                                    requests_.bytes() + bytes <= limits_.waiting_bytes);
    fits = fits && !stopping_ && state() == StoreState::ok;
    if (fits && bytes <= limits_.most_bytes) {
      requests_.add({std::move(events), bytes, std::move(done)});
      wake_.notify_one();
      return true;
    }
    status_.refused += events.size();
    if (!fits) return false;
    times = beyond_memory_told_.occurred(std::chrono::steady_clock::now());
  }
  if (times) {
    log::warn("events are not stored, as this process has not the memory for it",
              {{"bytes", bytes},
               {"times", *times},
               {"advice", "raise the memory limit, or have smaller posts"}});
  }
  return false;
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

bool StoreWriter::fetch(const RowsWanted& wanted, Fetched done, SpooledEvents memory) {
  StoreRequests::Fetch fetch{wanted, std::move(done), {}};
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
  closer_.finish();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

void StoreWriter::live() {
  give_up_turn(internal_error());
  if (store_ || (!hopeless_ && open_at_last())) {
    part_.running();
    work();
    if (!owed_.empty() && !is_late()) remove_now();  // the device may be well again
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

// Returns whether the time to stop in is over.
bool StoreWriter::is_late() const {
  const std::lock_guard lock(mutex_);
  return SteadyClock::now() >= stop_at_;
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
  if (store_) {
    last_seq_ = store_->last_seq();
    vanished_before_ += store_->vanished_rows();
    taken_over_before_ += store_->taken_over();
    store_->abandon();  // what it would finish may be half changed
  }
  store_.reset();
  const auto pause = part_.failed(failure).value_or(RestartPolicy::kLongestPause);
  {
    const std::lock_guard lock(mutex_);
    if (refused_.empty()) requests_.take_submissions(refused_);
  }
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
      if (overdue_waiting_.empty()) {
        requests_.take_submissions(overdue_waiting_);
        for (const Submission& submission : overdue_waiting_) not_waiting(submission);
      }
    }
    lock.unlock();
    const StoreError error(StoreError::Kind::failing, "the device does not answer");
    tell_each(overdue_, [&](const Done& done) { done(error); });
    tell_each(overdue_waiting_, [&](const Submission& submission) { submission.done(error); });
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
  take(std::move(*opened));
  log::info("store has been opened", {{"file", store_->path()}});
  state_.store(StoreState::ok, std::memory_order_release);
  return true;
}

void StoreWriter::take(std::unique_ptr<EventStore> store) {
  store_ = std::move(store);
  store_->close_deleted_by(closer_);
  // Rows of before may still be on their way: no other row may get the number of one of them.
  store_->skip_to(last_seq_);
  finds_ = store_->finds();
  vanished_told_ = store_->vanished_rows();
  pause_ = 0ms;
  if (store_->cut_bytes() != 0) {
    log::warn(
        "a store was not ended in order; what stood behind its last whole event was cut off: a "
        "write that was interrupted, or damage",
        {{"file", store_->path()}, {"bytes", store_->cut_bytes()}});
  }
  if (!std::exchange(was_open_, true)) {
    // What was asked of a store that was not there.
    leases_.begin_again({});
    owed_.clear();
    leases_.begin_count(*store_);
  }
  if (!owed_.empty()) retry_at_ = Instant::min();
  publish();
}

}  // namespace gateway::egress

#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "gateway/egress/store/async_store.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/row_leases.hpp"
#include "gateway/egress/store/store_requests.hpp"
#include "gateway/egress/store/target_names.hpp"
#include "runtime/clock.hpp"
#include "runtime/log_limiter.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::egress {

struct StoreWriterLimits {
  // Of what waits for its commit, and of one commit: as a group is one write, more gains nothing.
  std::size_t waiting_events = 65'536;
  std::size_t waiting_bytes = std::size_t{64} << 20;
  std::size_t group_bytes = std::size_t{8} << 20;
  // Of what is handed in together; more is refused.
  std::size_t most_bytes = std::numeric_limits<std::size_t>::max();
  // After an error, until the device is tried again; doubles up to the second.
  std::chrono::milliseconds retry_initial{100};
  std::chrono::milliseconds retry_max{5000};
  // Of one call to the device; after that the store is failing until it returns.
  std::chrono::milliseconds patience{5000};
};

// Returns the limits with which a writer needs no more memory than this, but for what is handed in
// together, `largest` at most.
[[nodiscard]] StoreWriterLimits limits_within(std::size_t memory, std::size_t largest) noexcept;

// A store and the thread that does its I/O. What was handed in while a commit was under way makes
// the next one: under load one fsync serves many posts, and a lone one does not wait for company.
//
// Every member may be called from any thread and none waits for the device. Completions are called
// on the writer's thread, in the order of the calls of one kind, and must not block. While
// the device hangs, those that wait for it to keep events are told so by another thread.
//
// Both threads are supervised. An exception (memory was refused, a bug) may leave the store half
// changed in memory, so it is closed, and opened again after a pause: what is on the device counts.
// What the thread had in its hands has failed: events are not kept, rows are leased again, removals
// are done later. A completion that threw is called again.
class StoreWriter final : public AsyncStore {
 public:
  using Limits = StoreWriterLimits;
  using Opening = EventStore::Opening;

  // `targets`: that rows may be fetched for. `supervisor`: null where nobody is to know of
  // failures. The constructors throw std::system_error if there can be no threads.
  explicit StoreWriter(std::unique_ptr<EventStore> store, Limits limits = {},
                       TargetNames targets = {}, Supervisor* supervisor = nullptr);
  // For a store that could not be opened, for this reason: takes nothing, has nothing, and calls
  // `opening` on its thread, after pauses as Limits has them, until that succeeds.
  StoreWriter(const StoreError& reason, Opening opening, Limits limits = {},
              TargetNames targets = {}, Supervisor* supervisor = nullptr);
  // As stop() without a deadline.
  ~StoreWriter() override { static_cast<void>(stop()); }
  StoreWriter(const StoreWriter&) = delete;
  StoreWriter& operator=(const StoreWriter&) = delete;

  // All of `events` or none. `done` is told when they are on the device, or why they are not.
  // False: a bound is reached, the store is not ok or has been stopped; nothing was kept and
  // `done` will not be called.
  [[nodiscard]] bool submit(std::vector<StoredEvent> events, Done done) override;

  // Leases the next rows of a target in order: nobody else is given them until they are given back
  // or removed or the process has ended. Empty when there are none to be had. `memory` is used
  // again for them, whatever it holds. False once stopped.
  [[nodiscard]] bool fetch(const RowsWanted& wanted, Fetched done,
                           SpooledEvents memory = {}) override;
  // After an error the writer keeps trying by itself, and the rows stay leased. False once stopped.
  bool remove(std::vector<Sequence> rows, Done done = {});
  // As ReplaySource has it. False once stopped.
  bool give_back(std::size_t target, std::vector<Sequence> rows) override;
  bool note_delivered(std::vector<Sequence> rows) override { return remove(std::move(rows)); }

  // Cheap enough to ask before every submit().
  [[nodiscard]] StoreState state() const noexcept override {
    return state_.load(std::memory_order_acquire);
  }
  // Rows on disk, leased ones included; as cheap as state().
  [[nodiscard]] std::uint64_t backlog() const noexcept override {
    return backlog_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t readings() const noexcept override {
    return readings_.load(std::memory_order_acquire);
  }
  // As of the end of the last write.
  [[nodiscard]] StoreStatus status() const;

  // Takes nothing more, finishes what waits until the deadline, tells the rest that it is not kept,
  // closes the store and joins. False: the device hangs, and the thread with it; the object must
  // then stay until the process ends.
  bool stop(Instant deadline = Instant::max());

 private:
  using Submission = StoreRequests::Submission;
  // What a submission has in a group that is being written.
  struct Part {
    std::size_t events = 0;
    std::size_t bytes = 0;
  };

  StoreWriter(Opening opening, const Limits& limits, TargetNames targets, Supervisor* supervisor);
  template <class Request>
  [[nodiscard]] bool ask(Request request);
  void start();
  void run();
  void live();
  [[nodiscard]] bool is_late() const;
  void work();
  void recover(const std::exception_ptr& failure) noexcept;
  void watch();
  void watch_device();
  [[nodiscard]] bool open_at_last();
  [[nodiscard]] bool try_to_open();
  void take(std::unique_ptr<EventStore> store);
  [[nodiscard]] bool next_turn();
  void give_up_turn(const StoreError& error);
  void append();
  void gather();
  void append_each();
  void count_settled(const Part& part) noexcept;
  void settle_first(StoreResult result);
  void too_large(const StoreError& error);
  void put_off_removals(std::span<const Sequence> rows);
  void settle_group(StoreResult result) noexcept;
  void remove_now();
  void owe_removals();
  void take_back_rows();
  void not_waiting(const Submission& submission) noexcept;
  void tell_written();
  void tell_removed(const StoreResult& result);
  void serve();
  void note_damaged(const SpooledChunk& chunk);
  void count_unclaimed();
  void keep_house();
  void look();
  void try_again();
  void succeeded();
  void failed(const StoreError& error);
  [[nodiscard]] std::chrono::milliseconds next_pause() noexcept;
  [[nodiscard]] std::string last_error() const;
  void publish();

  const Limits limits_;

  Supervisor own_supervisor_;  // where nobody else has one
  Supervisor::Part part_;
  Supervisor::Part watch_part_;

  // The thread's own.
  Opening opening_;
  FileCloser closer_;
  std::unique_ptr<EventStore> store_;  // null until it could be opened, and after an exception
  bool was_open_ = false;
  bool hopeless_ = false;     // failed while it was to end: is not opened again
  StoreRequests::Turn turn_;  // what is not done of it
  RowLeases leases_;
  Sequence last_seq_ = 0;                // the highest number of the store before an exception
  std::uint64_t finds_ = 0;              // as EventStore::finds() was
  std::uint64_t vanished_before_ = 0;    // counted by stores before an exception
  std::uint64_t vanished_told_ = 0;      // of those counted by this store
  std::uint64_t taken_over_before_ = 0;  // likewise
  std::vector<Sequence> owed_;           // removals that failed
  std::vector<Sequence> unwritable_;     // removals whose files cannot be written
  std::vector<StoredEvent> group_;       // that is being written
  std::vector<Part> parts_;              // of the group, as submitted; those that are not settled
  StoreResult written_;                  // what came of the group, or part of it, before
  std::vector<Done> dones_;              // that are to be told so
  std::deque<Submission> refused_;       // waited when the thread failed; to be told so
  std::chrono::milliseconds pause_{0};   // after the last error
  Instant retry_at_ = Instant::max();
  Instant look_at_{};
  Instant sync_at_ = Instant::max();  // marks are to be on the device by then
  Instant oldest_at_{};               // when it may be looked for again
  Instant appended_at_{};
  bool readable_ = true;       // as last logged
  Sequence last_damaged_ = 0;  // likewise
  LogLimiter too_large_told_;
  LogLimiter unwritable_told_;
  LogLimiter unsynced_told_;
  LogLimiter undeleted_told_;

  std::atomic<StoreState> state_{StoreState::ok};
  std::atomic<std::uint64_t> backlog_{0};
  std::atomic<std::uint64_t> readings_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  StoreRequests requests_;
  LogLimiter beyond_memory_told_;
  StoreStatus status_;                      // but for what waits; the last error stays
  std::vector<Done> writing_;               // of the events that are being written
  std::vector<Done> overdue_;               // the watch's own: to be told that the device hangs
  std::deque<Submission> overdue_waiting_;  // likewise
  Instant busy_since_ = Instant::max();
  bool hangs_ = false;
  bool stopping_ = false;
  Instant stop_at_ = Instant::max();
  bool ended_ = false;
  std::condition_variable ended_changed_;

  std::mutex joining_;
  std::thread thread_;
  std::thread watch_thread_;
};

}  // namespace gateway::egress

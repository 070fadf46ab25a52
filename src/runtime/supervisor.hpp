#pragma once
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/coroutine_life.hpp"

namespace gateway {

// Decides what to do about a part of the process that failed: start it again after a pause that
// grows, or give up, as a process that starts anew is better than half a one. Sans-I/O.
class RestartPolicy {
 public:
  static constexpr std::chrono::milliseconds kFirstPause{100};
  static constexpr std::chrono::milliseconds kLongestPause{5000};
  // After so long without a failure earlier ones are forgotten.
  static constexpr std::chrono::minutes kForgotten{1};
  // Failures in a row: with the pauses between them about half a minute, which outlasts a shortage
  // of memory that passes.
  static constexpr unsigned kMost = 12;

  // Records a failure. Returns the pause before the next start, or nullopt: give up.
  [[nodiscard]] std::optional<std::chrono::milliseconds> failed(Instant now) noexcept {
    if (last_ && now - *last_ >= kForgotten) in_a_row_ = 0;
    last_ = now;
    if (++in_a_row_ >= kMost) return std::nullopt;
    const unsigned doublings = std::min(in_a_row_ - 1, 10U);
    return std::min(kFirstPause * (1U << doublings), kLongestPause);
  }

 private:
  std::optional<Instant> last_;
  unsigned in_a_row_ = 0;
};

// Watches over the parts of a process that must live for ever: event loops, listeners, eventbus
// connections, writer threads. Such a part can end by an exception (memory was refused, a bug), and
// a process without it goes on half dead, though it looks healthy. So a failure is counted and
// logged, the part is started again after a pause, and if it keeps failing the process is told to
// end. Thread-safe; outlives its parts.
class Supervisor {
 public:
  // One supervised part, registered while it exists. Its members are called on the part's thread.
  class Part {
   public:
    Part(Supervisor& supervisor, std::string name);
    ~Part();
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    void running() noexcept { set(State::running); }
    // It has ended as it should.
    void ended() noexcept { set(State::ended); }
    // It has ended by an exception: counts and logs it. Returns the pause before it is to be
    // started again, or nullopt: it is not to be, as the process ends.
    [[nodiscard]] std::optional<std::chrono::milliseconds> failed(
        const std::exception_ptr& error) noexcept;
    // It has ended by an exception and cannot be started again: the process is to end.
    void lost(const std::exception_ptr& error) noexcept { count(error, true); }
    // Its coroutine is gone without an end: Asio destroys one whose next wait it has no memory for.
    // Counted as a failure; whoever ticks is to start it again.
    void dropped() noexcept;
    // Calls `start`, once, after dropped(). If there is no memory for that either it is called
    // again the next time.
    template <class Start>
    void revive(Start start) {
      if (!std::exchange(dropped_, false)) return;
      try {
        start();
      } catch (const std::bad_alloc&) {
        dropped();
      }
    }

    // Has dropped() called when its coroutine is destroyed before its end.
    [[nodiscard]] CoroutineLife& life() noexcept { return life_; }

   private:
    friend class Supervisor;
    enum class State : std::uint8_t { ended, running, failed };
    void count(const std::exception_ptr& error, bool for_good) noexcept;
    void set(State state) noexcept { state_.store(state, std::memory_order_relaxed); }

    Supervisor& supervisor_;
    const std::string name_;
    RestartPolicy policy_;
    std::atomic<State> state_{State::ended};
    bool dropped_ = false;
    CoroutineLife life_{[this] { dropped(); }};
  };

  Supervisor() = default;
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // `give_up` is called once, on the thread of the part that keeps failing. Set before any part is
  // running; must not throw.
  void on_give_up(std::function<void()> give_up) { give_up_ = std::move(give_up); }

  // Returns how often parts have failed so far.
  [[nodiscard]] std::uint64_t failures() const noexcept {
    return failures_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool gave_up() const noexcept { return gave_up_.load(std::memory_order_relaxed); }
  // The part that keeps failing. Whoever ends the process says so in the log: the part itself may
  // have no memory for a line of it.
  struct GivenUp {
    std::string part;
    bool out_of_memory;
  };
  // Returns nullopt if it has not given up. Its parts must still be there.
  [[nodiscard]] std::optional<GivenUp> given_up() const;
  // Returns the name of a part that has failed and does not run again yet; empty if all do.
  [[nodiscard]] std::string down() const;

 private:
  std::function<void()> give_up_;
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<bool> gave_up_{false};
  mutable std::mutex mutex_;
  std::vector<Part*> parts_;
  const Part* given_up_ = nullptr;
  bool out_of_memory_ = false;
};

// Runs the loop of `context` until it has nothing left to do. A handler that throws ends neither
// the loop nor the process: the loop goes on after a pause.
// `revive` is then to start what has been dropped and nobody else starts.
void run_loop(Supervisor::Part& part, asio::io_context& context,
              const std::function<void()>& revive = {});

// Runs `run` until it ends without an exception. After one calls `give_back`, which returns what
// the failed run held and must not throw, and starts it again when the supervisor says so.
// `stopping` ends the pauses.
[[nodiscard]] Task<void> keep_running(Supervisor::Part& part, Executor executor,
                                      std::function<Task<void>()> run,
                                      std::function<void()> give_back,
                                      std::function<bool()> stopping);

}  // namespace gateway

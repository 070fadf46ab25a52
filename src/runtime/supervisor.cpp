#include "runtime/supervisor.hpp"

#include <algorithm>
#include <thread>

#include "runtime/log.hpp"

namespace gateway {
namespace {

// A pause is looked at so often for the end of the process.
constexpr std::chrono::milliseconds kLookAgain{50};

bool is_refused_memory(const std::exception_ptr& error) noexcept {
  try {
    std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

Supervisor::Part::Part(Supervisor& supervisor, std::string name)
    : supervisor_(supervisor), name_(std::move(name)) {
  const std::lock_guard lock(supervisor_.mutex_);
  supervisor_.parts_.push_back(this);
}

Supervisor::Part::~Part() {
  const std::lock_guard lock(supervisor_.mutex_);
  std::erase(supervisor_.parts_, this);
}

std::optional<std::chrono::milliseconds> Supervisor::Part::failed(
    const std::exception_ptr& error) noexcept {
  const auto pause = policy_.failed(SteadyClock::now());
  count(error, !pause);
  return pause;
}

void Supervisor::Part::dropped() noexcept {
  dropped_ = true;
  static_cast<void>(failed(std::make_exception_ptr(std::bad_alloc())));
}

void Supervisor::Part::count(const std::exception_ptr& error, bool for_good) noexcept {
  set(State::failed);
  supervisor_.failures_.fetch_add(1, std::memory_order_relaxed);
  log::internal_error(name_, error);
  if (!for_good) return;
  {
    const std::lock_guard lock(supervisor_.mutex_);
    if (supervisor_.gave_up_.load(std::memory_order_relaxed)) return;
    supervisor_.given_up_ = this;
    supervisor_.out_of_memory_ = is_refused_memory(error);
    supervisor_.gave_up_.store(true);
  }
  if (supervisor_.give_up_) supervisor_.give_up_();
}

std::optional<Supervisor::GivenUp> Supervisor::given_up() const {
  const std::lock_guard lock(mutex_);
  if (given_up_ == nullptr) return std::nullopt;
  return GivenUp{given_up_->name_, out_of_memory_};
}

std::string Supervisor::down() const {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(parts_, [](const Part* part) {
    return part->state_.load(std::memory_order_relaxed) == Part::State::failed;
  });
  return found == parts_.end() ? std::string() : (*found)->name_;
}

void run_loop(Supervisor::Part& part, asio::io_context& context,
              const std::function<void()>& revive) {
  for (;;) {
    std::exception_ptr failure;
    try {
      part.running();
      if (revive) revive();
      context.run();
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) break;
    // Also when the supervisor has given up: the end of the process needs the loop.
    static_cast<void>(part.failed(failure));
    std::this_thread::sleep_for(RestartPolicy::kFirstPause);
  }
  part.ended();
}

Task<void> keep_running(Supervisor::Part& part, Executor executor, std::function<Task<void>()> run,
                        std::function<void()> give_back, std::function<bool()> stopping) {
  CoroutineLife::Guard life(part.life());
  Timer timer(executor);
  for (;;) {
    std::exception_ptr failure;
    try {
      part.running();
      co_await run();
    } catch (...) {
      failure = std::current_exception();
    }
    if (!failure) break;
    give_back();
    const auto pause = part.failed(failure);
    if (!pause) {
      life.dismiss();
      co_return;
    }
    const Instant until = SteadyClock::now() + *pause;
    while (!stopping() && SteadyClock::now() < until) {
      try {
        timer.expires_at(std::min(until, SteadyClock::now() + kLookAgain));
        co_await timer.async_wait(tuple);
      } catch (const std::bad_alloc&) {
        break;  // Without memory for a timer it is tried at once, and fails again.
      }
    }
    if (stopping()) break;
  }
  life.dismiss();
  part.ended();
}

}  // namespace gateway

#pragma once
#include <functional>
#include <utility>

namespace gateway {

// Asio destroys a coroutine whose next wait it has no memory for, and tells nobody: whoever counts
// on its end would wait for ever. The owner of a coroutine keeps a CoroutineLife, and the coroutine
// has a Guard of it as its first variable, which tells the owner when the frame is destroyed.
// Either of the two may go first. Lives on one thread.
class CoroutineLife {
 public:
  // `over` is called when a guard is destroyed that has not been dismissed. Must not throw.
  explicit CoroutineLife(std::function<void()> over) : over_(std::move(over)) {}
  ~CoroutineLife() {
    if (guard_ != nullptr) guard_->life_ = nullptr;
  }
  CoroutineLife(const CoroutineLife&) = delete;
  CoroutineLife& operator=(const CoroutineLife&) = delete;

  class Guard {
   public:
    explicit Guard(CoroutineLife& life) noexcept : life_(&life) {
      // Of a coroutine that was dropped and is about to be destroyed.
      if (life.guard_ != nullptr) life.guard_->life_ = nullptr;
      life.guard_ = this;
    }
    ~Guard() {
      if (CoroutineLife* const life = dismiss()) life->over_();
    }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

    // Has the owner not told any more. Returns it, or null if it is gone.
    CoroutineLife* dismiss() noexcept {
      if (life_ != nullptr) life_->guard_ = nullptr;
      return std::exchange(life_, nullptr);
    }

   private:
    friend class CoroutineLife;
    CoroutineLife* life_;
  };

 private:
  const std::function<void()> over_;
  Guard* guard_ = nullptr;
};

}  // namespace gateway

#pragma once
#include <atomic>
#include <cstddef>
#include <mutex>
#include <utility>
#include <vector>

namespace gateway {

class ByteLease;

// Bytes the whole process may hold in posts not yet answered (`gateway.max_in_flight`). Shared by
// the shards, which take from it in blocks through a ByteLease, so that the common post touches
// nothing that is shared; what a lease holds idle is given to whoever needs it. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) noexcept : free_(limit), limit_(limit) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  [[nodiscard]] bool try_take(std::size_t bytes) noexcept {
    std::size_t free = free_.load(std::memory_order_relaxed);
    while (free >= bytes) {
      if (free_.compare_exchange_weak(free, free - bytes, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  void put(std::size_t bytes) noexcept { free_.fetch_add(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  [[nodiscard]] std::size_t free() const noexcept { return free_.load(std::memory_order_relaxed); }

 private:
  friend class ByteLease;
  // Takes back what all leases hold idle.
  void reclaim() noexcept;

  std::atomic<std::size_t> free_;
  const std::size_t limit_;
  std::mutex mutex_;
  std::vector<ByteLease*> leases_;
};

// One shard's part of the budget. Small posts are served from a block taken in advance, so that the
// shared counter is touched once in many posts. Used by one thread; others take its idle bytes
// through the budget.
class ByteLease {
 public:
  // Gives its bytes back when it dies; travels with the post they were taken for.
  class [[nodiscard]] Units {
   public:
    Units() = default;
    Units(Units&& other) noexcept : lease_(other.lease_), bytes_(std::exchange(other.bytes_, 0)) {}
    Units& operator=(Units&& other) noexcept {
      std::swap(lease_, other.lease_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Units() {
      if (bytes_ != 0) lease_->put(bytes_);
    }
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
    // Raises the holding to `total`; false, and unchanged, if the budget does not give it.
    [[nodiscard]] bool grow_to(std::size_t total) noexcept {
      if (total <= bytes_) return true;
      if (!lease_->take(total - bytes_)) return false;
      bytes_ = total;
      return true;
    }
    // Moves the holding to another lease; false, and unchanged, if that does not give it.
    [[nodiscard]] bool move_to(ByteLease& lease) noexcept {
      if (lease_ == &lease || bytes_ == 0) return true;
      if (!lease.take(bytes_)) return false;
      lease_->put(bytes_);
      lease_ = &lease;
      return true;
    }
    // Gives back what is held beyond `total`.
    void shrink_to(std::size_t total) noexcept {
      if (total >= bytes_) return;
      lease_->put(bytes_ - total);
      bytes_ = total;
    }

   private:
    friend class ByteLease;
    Units(ByteLease* lease, std::size_t bytes) noexcept : lease_(lease), bytes_(bytes) {}
    ByteLease* lease_ = nullptr;
    std::size_t bytes_ = 0;
  };

  // `sharers`: how many leases draw on the budget. What all of them together hold idle is an eighth
  // of it at most.
  ByteLease(ByteBudget& budget, std::size_t sharers)
      : budget_(budget), block_(budget.limit() / (16 * (sharers == 0 ? 1 : sharers))) {
    const std::lock_guard lock(budget_.mutex_);
    budget_.leases_.push_back(this);
  }
  ~ByteLease() {
    const std::lock_guard lock(budget_.mutex_);
    std::erase(budget_.leases_, this);
    budget_.put(take_idle());
  }
  ByteLease(const ByteLease&) = delete;
  ByteLease& operator=(const ByteLease&) = delete;

  // False, and `units` unchanged, when the budget does not have them.
  [[nodiscard]] bool try_take(std::size_t bytes, Units& units) noexcept {
    if (!take(bytes)) return false;
    units = Units(this, bytes);
    return true;
  }
  [[nodiscard]] std::size_t held() const noexcept { return held_; }
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.load(std::memory_order_relaxed); }

 private:
  friend class ByteBudget;

  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    std::size_t idle = idle_.load(std::memory_order_relaxed);
    while (idle >= bytes) {
      if (!idle_.compare_exchange_weak(idle, idle - bytes, std::memory_order_relaxed)) continue;
      held_ += bytes;
      return true;
    }
    return take_more(bytes);
  }
  // Returns false, with nothing taken, if all there is in budget and leases is not enough.
  [[nodiscard]] bool take_more(std::size_t bytes) noexcept {
    const std::size_t missing = bytes - take_idle_up_to(bytes);
    if (budget_.try_take(missing + block_)) {
      idle_.fetch_add(block_, std::memory_order_relaxed);
    } else if (!budget_.try_take(missing)) {
      budget_.reclaim();
      if (!budget_.try_take(missing)) {
        budget_.put(bytes - missing);
        return false;
      }
    }
    held_ += bytes;
    return true;
  }
  [[nodiscard]] std::size_t take_idle_up_to(std::size_t bytes) noexcept {
    const std::size_t idle = take_idle();
    if (idle <= bytes) return idle;
    idle_.fetch_add(idle - bytes, std::memory_order_relaxed);  // somebody was faster to give back
    return bytes;
  }
  [[nodiscard]] std::size_t take_idle() noexcept {
    return idle_.exchange(0, std::memory_order_relaxed);
  }
  void put(std::size_t bytes) noexcept {
    held_ -= bytes;
    const std::size_t idle = idle_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    if (idle <= 2 * block_) return;
    const std::size_t all = take_idle();
    const std::size_t kept = all < block_ ? all : block_;
    idle_.fetch_add(kept, std::memory_order_relaxed);
    budget_.put(all - kept);
  }

  ByteBudget& budget_;
  const std::size_t block_;
  std::atomic<std::size_t> idle_{0};
  std::size_t held_ = 0;
};

inline void ByteBudget::reclaim() noexcept {
  const std::lock_guard lock(mutex_);
  for (ByteLease* const lease : leases_) put(lease->take_idle());
}

}  // namespace gateway

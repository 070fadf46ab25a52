#pragma once
#include <atomic>
#include <cstddef>
#include <utility>

namespace gateway {

// Bytes the whole process may hold in posts not yet answered (`gateway.max_in_flight`). Shared by
// the shards, which take from it in blocks through a ByteLease; thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit) noexcept : free_(limit), limit_(limit) {}

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
  std::atomic<std::size_t> free_;
  const std::size_t limit_;
};

// One shard's part of the budget. Small posts are served from a block taken in advance, so that the
// shared counter is touched once in many posts. Not thread-safe.
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
    [[nodiscard]] bool grow_to(std::size_t total) {
      if (total <= bytes_) return true;
      if (!lease_->take(total - bytes_)) return false;
      bytes_ = total;
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

  // `sharers`: how many leases draw on the budget. What all of them together may hold idle is an
  // eighth of it.
  ByteLease(ByteBudget& budget, std::size_t sharers) noexcept
      : budget_(budget), block_(budget.limit() / (16 * (sharers == 0 ? 1 : sharers))) {}
  ~ByteLease() { budget_.put(spare_); }
  ByteLease(const ByteLease&) = delete;
  ByteLease& operator=(const ByteLease&) = delete;

  // False, and `units` unchanged, when the budget does not have them.
  [[nodiscard]] bool try_take(std::size_t bytes, Units& units) noexcept {
    if (!take(bytes)) return false;
    units = Units(this, bytes);
    return true;
  }
  [[nodiscard]] std::size_t held() const noexcept { return held_; }

 private:
  [[nodiscard]] bool take(std::size_t bytes) noexcept {
    if (bytes > spare_) {
      const std::size_t missing = bytes - spare_;
      if (budget_.try_take(missing + block_)) {
        spare_ += missing + block_;
      } else if (budget_.try_take(missing)) {
        spare_ += missing;
      } else {
        return false;
      }
    }
    spare_ -= bytes;
    held_ += bytes;
    return true;
  }
  void put(std::size_t bytes) noexcept {
    held_ -= bytes;
    spare_ += bytes;
    if (spare_ > 2 * block_) {
      budget_.put(spare_ - block_);
      spare_ = block_;
    }
  }

  ByteBudget& budget_;
  const std::size_t block_;
  std::size_t spare_ = 0;
  std::size_t held_ = 0;
};

}  // namespace gateway

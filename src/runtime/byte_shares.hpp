#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <vector>

#include "runtime/byte_budget.hpp"

namespace gateway {

// The process's byte budget in equal shares: one for each target, so that a target that takes
// nothing cannot use up what the others need, one for posts whose target is not known yet, and one
// for posts to several targets, which wait for the slowest of these. With one target there is one
// share, all of it. Thread-safe.
class ByteShares {
 public:
  // `least`: no share is smaller.
  ByteShares(std::size_t limit, std::size_t targets, std::size_t least) {
    const std::size_t shares = count(targets);
    const std::size_t size = shares == 1 ? limit : std::max(limit / shares, least);
    for (std::size_t i = 0; i < shares; ++i) budgets_.emplace_back(size);
  }

  // Returns how many shares there are with so many targets.
  [[nodiscard]] static constexpr std::size_t count(std::size_t targets) noexcept {
    return targets == 1 ? 1 : targets + 2;
  }
  [[nodiscard]] std::deque<ByteBudget>& all() noexcept { return budgets_; }
  // Returns the bytes of all shares together: more than the limit where shares are of the least
  // size.
  [[nodiscard]] std::size_t total() const noexcept {
    return budgets_.size() * budgets_.front().limit();
  }

 private:
  std::deque<ByteBudget> budgets_;  // by target; then of the unknown one, and of several
};

// One shard's leases of these shares. Used by its thread.
class ByteLeases {
 public:
  // `sharers`: as ByteLease has it.
  ByteLeases(ByteShares& shares, std::size_t sharers) {
    for (ByteBudget& budget : shares.all()) {
      leases_.push_back(std::make_unique<ByteLease>(budget, sharers));
    }
  }

  // Returns the lease of a target's share; the number behind the last target stands for one that is
  // not known yet.
  [[nodiscard]] ByteLease& of(std::size_t target) noexcept { return *leases_[target]; }
  [[nodiscard]] ByteLease& of_several() noexcept { return *leases_.back(); }
  [[nodiscard]] std::size_t held() const noexcept {
    std::size_t held = 0;
    for (const auto& lease : leases_) held += lease->held();
    return held;
  }

 private:
  std::vector<std::unique_ptr<ByteLease>> leases_;
};

}  // namespace gateway

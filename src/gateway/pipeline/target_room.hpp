#pragma once
#include <chrono>
#include <cstddef>
#include <limits>

#include "gateway/pipeline/delivery.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "runtime/byte_shares.hpp"

namespace gateway {

// Whether there is room for a post. Problem: posts wait here for their targets, and those for a
// target that takes nothing must not use up what posts for the others need. Solution: each target
// has its share of all that a post holds while it waits: places and bytes in the queue, bytes of
// the process, and the client's connection. A post to several targets waits for the slowest of
// them: such posts have a share of bytes and connections of their own. One per shard.
class TargetRoom {
 public:
  static constexpr std::size_t kNoBound = std::numeric_limits<std::size_t>::max();

  // `most_posts`: that may wait for their answers in one share. What it refers to outlives it.
  TargetRoom(Deliveries deliveries, const Ledger& ledger, ByteLeases& leases,
             std::size_t most_posts = kNoBound) noexcept
      : deliveries_(deliveries), ledger_(ledger), leases_(leases), most_posts_(most_posts) {}

  // Returns how many targets there are. As the number of a target it stands for one that is not
  // known yet, or for several.
  [[nodiscard]] std::size_t targets() const noexcept { return deliveries_.size(); }
  [[nodiscard]] bool several() const noexcept { return deliveries_.size() > 1; }
  [[nodiscard]] Delivery& delivery(std::size_t target) const noexcept {
    return *deliveries_[target];
  }
  [[nodiscard]] ByteLease& lease(std::size_t target) const noexcept { return leases_.of(target); }
  // Returns the lease for posts to several targets.
  [[nodiscard]] ByteLease& lease_of_several() const noexcept { return leases_.of_several(); }
  [[nodiscard]] std::size_t bytes_held() const noexcept { return leases_.held(); }

  // Returns whether the target's queue takes so much of one post.
  [[nodiscard]] bool admits(std::size_t target, std::size_t events,
                            std::size_t bytes) const noexcept {
    return delivery(target).queue().admits(events, bytes) &&
           ledger_.unanswered(target) < most_posts_;
  }
  // Returns whether one more post to several targets may wait for its answer.
  [[nodiscard]] bool admits_several() const noexcept {
    return ledger_.unanswered(targets()) < most_posts_;
  }
  // Returns whether a post for the target would be refused whatever it is. Of a target that is not
  // known: for every target.
  [[nodiscard]] bool refuses_all(std::size_t target) const noexcept {
    return target == targets() ? every_one_refuses() : refuses(target);
  }
  // Returns when a client that is turned away now is to try again; of a target that is not known:
  // the soonest of all.
  [[nodiscard]] std::chrono::seconds retry_after(std::size_t target) const;

 private:
  [[nodiscard]] bool every_one_refuses() const noexcept;
  [[nodiscard]] bool refuses(std::size_t target) const noexcept {
    const Delivery& one = delivery(target);
    const bool full = one.queue().full() || ledger_.unanswered(target) >= most_posts_;
    return full && !one.can_spool();
  }

  const Deliveries deliveries_;
  const Ledger& ledger_;
  ByteLeases& leases_;
  const std::size_t most_posts_;
};

}  // namespace gateway

#pragma once
#include <chrono>
#include <span>

#include "gateway/domain/event_slot.hpp"

namespace gateway {

// What those who take posts in need to know of delivery, beside its queue. The eventbus side
// implements it and the shard hands it on, so that neither side knows the other. Lives on the
// shard's thread.
class Delivery {
 public:
  // Returns whether the eventbus is known not to take events now.
  [[nodiscard]] virtual bool is_down() const noexcept = 0;
  // Returns whether there is a spool and it takes events now.
  [[nodiscard]] virtual bool can_spool() const noexcept = 0;
  // Hands events of `post` that were never queued to the spool. The post is answered 200 when they
  // are on the device, 503 if they cannot be put there.
  virtual void spool(Post& post, std::span<const EventSlot> events) = 0;
  // Returns when a client that is turned away now is to try again: when the queue has drained,
  // spread a little.
  [[nodiscard]] virtual std::chrono::seconds retry_after() = 0;

 protected:
  ~Delivery() = default;
};

}  // namespace gateway

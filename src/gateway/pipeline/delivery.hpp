#pragma once
#include <chrono>
#include <span>

#include "gateway/config/settings.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/pipeline/delivery_queue.hpp"

namespace gateway {

// What those who take posts in need to know of the delivery to one target: its queue, and whether
// events that come in now will leave. The eventbus side implements it and the shard hands it on, so
// that neither side knows the other. Lives on the shard's thread.
class Delivery {
 public:
  [[nodiscard]] DeliveryQueue& queue() noexcept { return queue_; }
  [[nodiscard]] const DeliveryQueue& queue() const noexcept { return queue_; }
  // Returns whether the eventbus is known not to take events now.
  [[nodiscard]] virtual bool is_down() const noexcept = 0;
  // Returns whether there is a spool and it takes events now.
  [[nodiscard]] virtual bool can_spool() const noexcept = 0;
  // Hands events of `post` that were never sent to the spool.
  virtual void spool(Post& post, std::span<const EventSlot> events) = 0;
  // Returns when a client that is turned away now is to try again: when the queue has drained,
  // spread a little.
  [[nodiscard]] virtual std::chrono::seconds retry_after() = 0;

 protected:
  explicit Delivery(const config::Queue& limits) noexcept : queue_(limits) {}
  ~Delivery() = default;

  DeliveryQueue queue_;
};

// A shard's targets: the top-level one first, then those that buckets name.
using Deliveries = std::span<Delivery* const>;

}  // namespace gateway

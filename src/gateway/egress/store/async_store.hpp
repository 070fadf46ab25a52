#pragma once
#include <functional>
#include <vector>

#include "gateway/egress/store/replay_source.hpp"
#include "gateway/egress/store/store_error.hpp"
#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

enum class StoreState : std::uint8_t { ok, full, failing, damaged };

// A store without blocking calls, for the thread of a shard: the result of a write is reported
// later.
class AsyncStore : public ReplaySource {
 public:
  using Done = std::function<void(StoreResult)>;

  // Submits all of `events` or none. `done` is called when they are on the device, or with the
  // reason why they are not. Returns false if nothing was accepted; `done` is not called then.
  [[nodiscard]] virtual bool submit(std::vector<StoredEvent> events, Done done) = 0;
  // Returns the state of the store. Cheap enough to be called for every post.
  [[nodiscard]] virtual StoreState state() const noexcept = 0;
};

}  // namespace gateway::egress

#pragma once
#include <functional>
#include <vector>

#include "gateway/egress/store/replay_source.hpp"
#include "gateway/egress/store/store_error.hpp"
#include "gateway/egress/store/stored_event.hpp"

namespace gateway::egress {

enum class StoreState : std::uint8_t { ok, full, failing, damaged };

// A store as a shard sees it: no call waits for the device, and what became of it is told later.
class AsyncStore : public ReplaySource {
 public:
  using Done = std::function<void(StoreResult)>;

  // All of `events` or none. `done` is told when they are on the device, or why they are not.
  // False: nothing was kept, and `done` will not be called.
  [[nodiscard]] virtual bool submit(std::vector<StoredEvent> events, Done done) = 0;
  // Cheap enough to be asked for every post.
  [[nodiscard]] virtual StoreState state() const noexcept = 0;
};

}  // namespace gateway::egress

#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/eventbus/spooler.hpp"
#include "gateway/egress/replay/replay.hpp"

namespace gateway::egress {

// What a destination uses of its shard; all outlive it.
struct DestinationContext {
  Executor executor;
  Clock& clock;
  Ledger& ledger;
  ShardMetrics& metrics;
  TurnEnd& turn_end;  // calls flush()
  transport::Transports& transports;
  Supervisor& supervisor;
  std::span<SharedPace> paces;  // one for each target
  const tls::TlsSource* tls;    // for https targets; null if there are none
  std::function<void(unsigned number)> renew_token = {};  // as Eventbus has it
};

// All that a shard has for one target. Problem: a target that is dead, slow or full must cost the
// events of other targets nothing. Solution: whatever an event may have to wait for is its target's
// own: the queue with its share of memory, the connections and their health, the way to the spool
// and back. Lives on the shard's thread.
class Destination {
 public:
  // `target`: its number. `name`: what its rows are kept with (TargetNames). Throws
  // std::logic_error for an https target without DestinationContext::tls.
  Destination(const DestinationContext& context, const config::Settings& settings,
              const config::Endpoint& endpoint, Stores stores, std::uint8_t target,
              std::string name);
  Destination(const Destination&) = delete;
  Destination& operator=(const Destination&) = delete;

  [[nodiscard]] Spooler& spooler() noexcept { return spooler_; }
  [[nodiscard]] Eventbus& eventbus() noexcept { return eventbus_; }
  [[nodiscard]] const Eventbus& eventbus() const noexcept { return eventbus_; }
  // Null without a spool.
  [[nodiscard]] Replay* replay() noexcept { return replay_.get(); }
  [[nodiscard]] const Replay* replay() const noexcept { return replay_.get(); }

 private:
  Spooler spooler_;
  Eventbus eventbus_;
  std::unique_ptr<Replay> replay_;
};

}  // namespace gateway::egress

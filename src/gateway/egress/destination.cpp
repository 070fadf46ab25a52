#include "gateway/egress/destination.hpp"

#include <utility>

namespace gateway::egress {

Destination::Destination(const DestinationContext& context, const config::Settings& settings,
                         const config::Endpoint& endpoint, Stores stores, std::uint8_t target,
                         std::string name)
    : spooler_({context.executor, context.clock, context.ledger,
                [&turn_end = context.turn_end] { turn_end.request(); }},
               settings, endpoint, stores, std::move(name)),
      eventbus_({context.executor, context.clock, context.ledger, spooler_, context.paces[target],
                 context.metrics, context.turn_end, context.transports, context.supervisor,
                 endpoint.tls ? context.tls : nullptr, context.renew_token},
                settings, endpoint) {
  if (stores.spool == nullptr) return;
  Replay::Settings replay;
  replay.target = target;
  replay.max_age = settings.spool.max_age;
  replay.patience = Replay::patience(settings.delivery.deadline);
  const config::Queue& queue = settings.delivery.queue;
  replay.most_rows = std::max<std::size_t>(queue.events / 2, 1);
  replay.most_bytes = queue.bytes / 2;
  if (settings.spool.replay_memory != 0) {
    constexpr std::size_t kTimes = Replay::kMostMemory / Replay::kMostBytes;
    replay.most_bytes = std::min(replay.most_bytes, settings.spool.replay_memory / kTimes);
  }
  replay_ = std::make_unique<Replay>(
      Replay::Context{context.executor, context.clock, context.ledger, eventbus_}, *stores.spool,
      replay);
}

}  // namespace gateway::egress

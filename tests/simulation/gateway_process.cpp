#include "simulation/gateway_process.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/address.hpp>

#include "gateway/config/targets.hpp"
#include "support/allocation_counter.hpp"

namespace gateway::simulation {

GatewayProcess::GatewayProcess(const config::Settings& settings, egress::Stores stores,
                               Supervisor& supervisor)
    : settings_(settings),
      endpoints_(config::Targets(settings_).endpoints()),
      paces_(endpoints_.size()),
      bytes_(settings_.ingress.max_in_flight, endpoints_.size(), settings_.ingress.max_body),
      other_shard_(bytes_.all().front(), 1),
      connections_(settings_.ingress.max_connections, settings_.ingress.max_per_source),
      loops_(supervisor) {
  ByteLease::Units once;
  static_cast<void>(other_shard_.try_take(100, once));
  shard_ = std::make_unique<Shard>(Shard::Shared{.settings = settings_,
                                                 .endpoints = endpoints_,
                                                 .paces = paces_,
                                                 .bytes = bytes_,
                                                 .connections = connections_,
                                                 .shards = 1,
                                                 .stores = stores,
                                                 .feed = feed_,
                                                 .loops = loops_,
                                                 .supervisor = supervisor},
                                   tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
  shard_->begin();
}

bool GatewayProcess::poll() {
  const test::AllocationCounter::IncludeThread the_gateway;
  return shard_->poll() != 0;
}

std::string GatewayProcess::exceeded_bound() const {
  const auto over = [](std::string_view what, std::uint64_t is, std::uint64_t most) {
    return is <= most ? std::string() : fmt::format("{}: {} of {}", what, is, most);
  };
  const ShardMetrics& metrics = shard_->metrics();
  const config::Queue& queue = settings_.delivery.queue;
  const EventTally<std::uint64_t>& events = shard_->tally();
  using enum EventState;
  const std::uint64_t held = events.in(EventState::queued) + events.in(retry_later) +
                             events.in(on_connection) + events.in(copying);
  for (std::string exceeded :
       {over("bytes of posts in flight", metrics.in_flight_bytes.value(), bytes_.total()),
        over("events in the queues", held, queue.events),
        // A single post is taken whatever its size, of each target.
        over("bytes in the queues", metrics.queue_bytes.value(),
             queue.bytes + targets() * settings_.ingress.max_body),
        over("client connections", metrics.connections.value(),
             settings_.ingress.max_connections)}) {
    if (!exceeded.empty()) return exceeded;
  }
  return {};
}

std::uint64_t GatewayProcess::records_in_flight() const {
  const ShardMetrics& metrics = shard_->metrics();
  std::uint64_t settled = metrics.events_delivered.value() + metrics.events_spooled.value() +
                          metrics.events_dead_lettered.value() + metrics.events_filtered.value();
  for (std::size_t i = 0; i < metrics.events_failed.size(); ++i) {
    settled += metrics.events_failed[static_cast<FailReason>(i)].value();
  }
  return metrics.records_received.value() - settled;
}

std::string GatewayProcess::described() {
  std::string text;
  shard_->ask_status([&](const observe::ShardStatus& status) {
    text = fmt::format("posts {} events {}", status.posts, status.events);
    for (const observe::TargetStatus& target : status.targets) {
      text += fmt::format("; waiting {} eventbus {}", target.waiting, target.eventbus);
      for (const auto& connection : target.connections) {
        text += fmt::format("; {} {} {}", connection.state, connection.in_flight,
                            connection.last_error);
      }
    }
  });
  poll();
  return text;
}

}  // namespace gateway::simulation

#pragma once
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/destinations.hpp"
#include "gateway/egress/policy/shared_pace.hpp"
#include "gateway/ingress/connection_count.hpp"
#include "gateway/metrics/loop_health.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/shard.hpp"
#include "runtime/byte_shares.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::simulation {

// One life of the gateway: a shard and what a process has around it, from a start to a stop or a
// crash.
class GatewayProcess {
 public:
  GatewayProcess(const config::Settings& settings, egress::Stores stores, Supervisor& supervisor);

  [[nodiscard]] Shard& shard() noexcept { return *shard_; }
  [[nodiscard]] const Shard& shard() const noexcept { return *shard_; }
  [[nodiscard]] const config::Settings& settings() const noexcept { return settings_; }
  [[nodiscard]] std::size_t targets() const noexcept { return endpoints_.size(); }
  // Lets happen what can happen now. Returns whether anything did.
  bool poll();
  // Returns the bound of the configuration that what it holds exceeds, in words; empty: none.
  [[nodiscard]] std::string exceeded_bound() const;
  // Returns how many of the records it has received are not settled.
  [[nodiscard]] std::uint64_t records_in_flight() const;
  // Returns what the shard says of itself, for a finding.
  [[nodiscard]] std::string described();

 private:
  const config::Settings settings_;
  const std::vector<config::Endpoint> endpoints_;
  std::vector<egress::SharedPace> paces_;  // to the targets
  ByteShares bytes_;
  ByteLease other_shard_;  // has had a post, and is quiet
  ingress::ConnectionCount connections_;
  asio::io_context control_{1};
  observe::EventFeed feed_{control_};
  LoopHealth loops_;
  std::unique_ptr<Shard> shard_;
};

}  // namespace gateway::simulation

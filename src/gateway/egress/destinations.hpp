#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "gateway/egress/destination.hpp"
#include "gateway/pipeline/delivery.hpp"

namespace gateway::egress {

// A shard's destinations, one for each target, and what has to be decided across them: when a
// post's time is up, and when all of them have ended. The first one is of the top-level target.
// Lives on the shard's thread.
class Destinations {
 public:
  // `endpoints`: of the targets, at least one.
  Destinations(const DestinationContext& context, const config::Settings& settings,
               std::span<const config::Endpoint> endpoints, Stores stores);
  Destinations(const Destinations&) = delete;
  Destinations& operator=(const Destinations&) = delete;

  void start();
  // Ends all connections, and waits for their coroutines.
  [[nodiscard]] Task<void> stop();

  // The end of a loop turn: hands over what goes to the spool, and writes what goes to the targets.
  void flush();
  // Every tick of the shard.
  void tick(Instant now);
  // Likewise, unless the shard is about to end: sends what the spool has.
  void replay(Instant now);
  // Sends nothing more of the spool.
  void stop_replay();
  // The shard is about to end: hands what is not delivered by now to the spool, if there is one.
  void spool_all();
  // Waits for no store any more.
  void abandon();

  [[nodiscard]] Deliveries deliveries() const noexcept { return deliveries_; }
  [[nodiscard]] std::span<const std::unique_ptr<Destination>> all() const noexcept { return all_; }
  [[nodiscard]] bool has_spool() const noexcept { return all_.front()->custody().has_spool(); }
  // Returns how many posts of the spool are on their way.
  [[nodiscard]] std::size_t replayed_posts() const;

 private:
  // Ends every post of one target whose deadline is not after `limit`.
  void expire(std::size_t target, Instant limit);
  void publish();

  const Clock& clock_;
  Ledger& ledger_;
  ShardMetrics& metrics_;
  const std::chrono::milliseconds deadline_;
  std::vector<std::unique_ptr<Destination>> all_;
  std::vector<Delivery*> deliveries_;
  std::vector<Post*> overdue_;  // kept for its room
};

}  // namespace gateway::egress

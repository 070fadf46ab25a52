#pragma once
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "gateway/egress/destination.hpp"
#include "gateway/egress/store/target_names.hpp"
#include "gateway/pipeline/delivery.hpp"

namespace gateway::egress {

// Returns the names of the targets that events are sent to at these endpoints.
[[nodiscard]] TargetNames target_names(std::span<const config::Endpoint> endpoints);

// A shard's destinations, one for each target, and what has to be decided across them: when the
// time of a post is up whose events go to several, and when all of them have ended. The first one
// is of the top-level target. Lives on the shard's thread.
class Destinations {
 public:
  // `endpoints`: of the targets, at least one.
  Destinations(const DestinationContext& context, const config::Settings& settings,
               std::span<const config::Endpoint> endpoints, Stores stores);
  Destinations(const Destinations&) = delete;
  Destinations& operator=(const Destinations&) = delete;

  void start() {
    for (const auto& one : all_) one->eventbus().start();
  }
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
  void abandon() {
    for (const auto& one : all_) one->spooler().abandon();
  }

  [[nodiscard]] Deliveries deliveries() const noexcept { return deliveries_; }
  [[nodiscard]] std::span<const std::unique_ptr<Destination>> all() const noexcept { return all_; }
  [[nodiscard]] bool has_spool() const noexcept { return all_.front()->spooler().has_spool(); }
  // Returns how many posts of the spool are on their way.
  [[nodiscard]] std::size_t replayed_posts() const;

 private:
  // Ends every post of one target whose deadline is not after `limit`.
  void expire(std::size_t target, Instant limit);
  // Ends posts with events for several targets: those whose deadline is not after `now`, and those
  // with events for `targets` whose deadline is not after `limit`.
  void expire_several(Instant now, Instant limit, Post::Targets targets);
  void begin_end(Post& post, const BusAnswer* latest);
  // Returns what any of the targets said last, null if that was long ago.
  [[nodiscard]] const BusAnswer* latest_answer() const;
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

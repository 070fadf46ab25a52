#pragma once
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/metrics/loop_health.hpp"
#include "gateway/observe/admin_server.hpp"
#include "gateway/observe/event_feed.hpp"
#include "gateway/observe/monitor.hpp"
#include "gateway/observe/snapshot.hpp"
#include "gateway/observe/status_page.hpp"
#include "gateway/process_stores.hpp"
#include "gateway/provisioning/provisioning.hpp"
#include "gateway/shard.hpp"
#include "gateway/tls/tls_source.hpp"
#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {

// What operators and probes see of the process: the contents of the admin server's pages, and the
// monitor, which looks at it once a second. Lives on the control thread; snapshot() may be called
// on any.
class ProcessView final : public observe::AdminPages {
 public:
  using OnLook = std::function<void(const observe::Condition& condition, bool turning)>;

  // What it looks at; outlives it. The pointers may be set later, before start().
  struct Process {
    asio::io_context& control;
    const config::Settings& settings;
    std::span<const config::Endpoint> endpoints;  // of the targets, the top-level one first
    const std::vector<std::unique_ptr<Shard>>& shards;
    const ProcessStores& stores;
    const observe::EventFeed& feed;
    const LoopHealth& loops;
    Supervisor& supervisor;
    const std::unique_ptr<tls::TlsWatch>& tls;
    const std::unique_ptr<Provisioning>& provisioning;  // null: none
    const std::atomic<bool>& stopping;
    const std::atomic<bool>& ended;  // every shard
  };

  explicit ProcessView(const Process& process);

  // Sets what is called after each look. Before start().
  void on_look(OnLook callback) { on_look_ = std::move(callback); }
  // Has the monitor look once a second until stop().
  void start();
  // Starts again what was dropped for want of memory.
  void revive() {
    monitor_part_.revive([this] { start_looking(); });
  }
  void stop() { timer_.cancel(); }
  // Returns the problem there was before the process began to stop. Once the control thread has
  // ended.
  [[nodiscard]] const std::string& last_problem() const noexcept { return last_problem_; }

  [[nodiscard]] observe::Snapshot snapshot() const;

  observe::AdminReply health() override;
  observe::AdminReply readiness() override;
  observe::AdminReply metrics() override;
  observe::AdminReply history() override;
  observe::AdminReply configuration() override;
  Task<observe::AdminReply> status() override;

 private:
  using ShardStatuses = std::vector<std::optional<observe::ShardStatus>>;
  struct Answers;

  void start_looking();
  [[nodiscard]] Task<void> watch();
  [[nodiscard]] bool refuses_every_post() const;
  // Asks every shard; what one does not say within a second is left out.
  [[nodiscard]] Task<ShardStatuses> ask_shards();
  void ask(const std::shared_ptr<Answers>& answers, std::size_t index);
  [[nodiscard]] observe::ProcessState process_state(ShardStatuses shards);
  [[nodiscard]] std::vector<observe::BucketState> bucket_states() const;

  const Process process_;
  Supervisor::Part monitor_part_;
  Instant started_{};
  const std::string host_;
  const std::vector<std::size_t> targets_of_entries_;  // numbers, by that of the entry of `buckets`
  observe::Monitor monitor_;
  std::string last_problem_;
  OnLook on_look_;
  Timer timer_;
};

}  // namespace gateway

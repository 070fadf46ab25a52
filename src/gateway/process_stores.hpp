#pragma once
#include <chrono>
#include <memory>
#include <span>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/eventbus/spooler.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/observe/process_state.hpp"
#include "runtime/clock.hpp"
#include "runtime/supervisor.hpp"

namespace gateway {

// The stores of the process, which all shards share: the spool and the dead letters, each only
// where a path is configured. A store that cannot be had at the start does not keep the process
// from starting: what needs it is refused until it can be opened, and the log says why.
class ProcessStores {
 public:
  // Throws std::system_error for a store that another process owns. `supervisor` outlives this.
  ProcessStores(const config::Settings& settings, std::span<const config::Endpoint> targets,
                Supervisor& supervisor);
  ~ProcessStores();
  ProcessStores(const ProcessStores&) = delete;
  ProcessStores& operator=(const ProcessStores&) = delete;

  [[nodiscard]] egress::Stores handles() const noexcept {
    return {spool_.get(), dead_letters_.get()};
  }
  // Returns the spool, or null.
  [[nodiscard]] const egress::StoreWriter* spool() const noexcept { return spool_.get(); }
  [[nodiscard]] observe::StoreStatuses status() const;

  // Returns how much of the grace period closing them needs.
  [[nodiscard]] std::chrono::milliseconds closing_time(std::chrono::milliseconds grace) const;
  // Closes both at the same time. What has not ended at `deadline` is left behind when this goes.
  void close(Instant deadline);

 private:
  std::unique_ptr<egress::StoreWriter> spool_;
  std::unique_ptr<egress::StoreWriter> dead_letters_;
  bool spool_hangs_ = false;
  bool dead_letters_hang_ = false;
};

}  // namespace gateway

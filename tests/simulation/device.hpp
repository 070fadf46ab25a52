#pragma once
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/egress/store/async_store.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"

namespace gateway::simulation {

// A spool or the dead letters on a device that is slow, full or failing as its world has it. What
// is on the device outlives the gateway; what is on its way does not. Lives on the world's thread.
class Device final : public egress::AsyncStore {
 public:
  Device(Oracle::Device kind, Schedule& schedule, Random& random, Oracle& oracle)
      : kind_(kind), schedule_(schedule), random_(random), oracle_(oracle) {}

  [[nodiscard]] bool submit(std::vector<egress::StoredEvent> events, Done done) override;
  [[nodiscard]] bool fetch(std::size_t max_rows, std::size_t max_bytes, Fetched done,
                           egress::SpooledEvents memory) override;
  bool note_delivered(std::vector<egress::Sequence> rows) override;
  bool give_back(std::vector<egress::Sequence> rows) override;
  [[nodiscard]] egress::StoreState state() const noexcept override { return state_; }
  [[nodiscard]] std::uint64_t backlog() const noexcept override { return rows_.size(); }

  // From now on every operation takes up to so long; so many of a thousand fail, and some of these
  // have been done all the same.
  void behave(std::chrono::milliseconds slowest, unsigned failing) {
    slowest_ = slowest;
    failing_ = failing;
  }
  // Takes and gives nothing until it is mended.
  void breaks(egress::StoreState how) { state_ = how; }
  void mends() { state_ = egress::StoreState::ok; }
  // The gateway is gone, and with it what was not on the device yet and every lease.
  void forget_owner() {
    ++owner_;
    leased_.clear();
  }
  // Returns how many rows it has that the eventbus has not refused for good.
  [[nodiscard]] std::size_t deliverable() const;
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  [[nodiscard]] std::chrono::milliseconds delay() {
    return std::chrono::milliseconds(
        random_.between(0, static_cast<std::uint64_t>(slowest_.count())));
  }
  [[nodiscard]] bool fails();

  const Oracle::Device kind_;
  Schedule& schedule_;
  Random& random_;
  Oracle& oracle_;
  std::map<egress::Sequence, std::string> rows_;
  std::set<egress::Sequence> leased_;
  egress::Sequence last_ = 0;
  egress::StoreState state_ = egress::StoreState::ok;
  std::chrono::milliseconds slowest_{5};
  unsigned failing_ = 0;
  unsigned owner_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace gateway::simulation

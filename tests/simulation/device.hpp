#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gateway/egress/store/async_store.hpp"
#include "gateway/egress/store/event_store.hpp"
#include "gateway/egress/store/row_leases.hpp"
#include "gateway/egress/store/target_names.hpp"
#include "simulation/oracle.hpp"
#include "simulation/random.hpp"
#include "simulation/schedule.hpp"
#include "support/simulated_disk.hpp"

namespace gateway::simulation {

// A spool or the dead letters: the store that ships on a simulated disk, which is slow, full or
// failing as its world has it. Stands in the place of the thread that writes a store. What is on
// the disk outlives the gateway; what is on its way may not. Lives on the world's thread.
class Device final : public egress::AsyncStore {
 public:
  Device(Oracle::Device kind, Schedule& schedule, std::uint64_t seed, Oracle& oracle);
  ~Device() override;

  [[nodiscard]] bool submit(std::vector<egress::StoredEvent> events, Done done) override;
  [[nodiscard]] bool fetch(const egress::RowsWanted& wanted, Fetched done,
                           egress::SpooledEvents memory) override;
  bool note_delivered(std::vector<egress::Sequence> rows) override;
  bool give_back(std::size_t target, std::vector<egress::Sequence> rows) override;
  [[nodiscard]] egress::StoreState state() const noexcept override { return state_; }
  [[nodiscard]] std::uint64_t backlog() const noexcept override {
    return store_ ? store_->totals().rows : 0;
  }

  // From now on every operation takes up to so long, and so many of a thousand calls to the disk
  // fail.
  void behave(std::chrono::milliseconds slowest, unsigned failing) {
    slowest_ = slowest;
    failing_ = failing;
  }
  // Syncs say that all is on the device when it is not, until it is mended.
  void lies() { lie(true); }
  // All calls to the disk fail, or it is full, until it is mended.
  void breaks(egress::StoreState how);
  void mends();

  enum class End : std::uint8_t { killed, power_cut };
  // The gateway is gone, at any point of what was under way, and with it every lease.
  void loses_owner(End how);
  // A gateway with these targets has the store: opens it and compares what is there with what was
  // kept.
  void open(egress::TargetNames targets);

  // Returns whether nothing is on its way to it.
  [[nodiscard]] bool idle() const noexcept { return writing_.empty(); }
  // Returns how many rows it has for targets that are there and have not refused them for good.
  [[nodiscard]] std::size_t deliverable() const;
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  using Events = std::vector<egress::StoredEvent>;
  struct Row {
    std::string json;
    std::string target;
    bool promised = false;  // the store has said that it is on the device
    bool lied = false;      // and so has the device, since it last lost power, falsely
  };

  [[nodiscard]] std::chrono::milliseconds delay() {
    return std::chrono::milliseconds(
        random_.between(0, static_cast<std::uint64_t>(slowest_.count())));
  }
  [[nodiscard]] int error_of_call(test::SimulatedDisk::Call call);
  [[nodiscard]] egress::StoreResult append(const Events& events);
  [[nodiscard]] egress::StoreOutcome<egress::SpooledEvents> read(const egress::RowsWanted& wanted);
  void lie(bool lies);
  void remove(std::vector<egress::Sequence> rows);
  void failed(const egress::StoreError& error);
  // Tries after a pause whether the store is well again.
  void try_again();
  void forget(egress::Sequence row);
  // Holds what is there after a crash against what was kept.
  void compare(const std::vector<egress::StoredRow>& there);

  const Oracle::Device kind_;
  Schedule& schedule_;
  Random random_;
  Oracle& oracle_;
  std::unique_ptr<test::SimulatedDisk> disk_;
  std::unique_ptr<egress::EventStore> store_;  // null while nobody owns it
  egress::TargetNames targets_;
  egress::RowLeases leases_;
  std::map<egress::Sequence, Row> rows_;        // that are there and were not removed
  std::set<egress::Sequence> delivered_;        // to be removed, or gone already
  std::list<std::shared_ptr<Events>> writing_;  // handed in and not written yet
  egress::StoreState state_ = egress::StoreState::ok;
  std::chrono::milliseconds slowest_{5};
  unsigned failing_ = 0;
  bool broken_ = false;
  bool has_lied_ = false;  // since it last lost power
  unsigned owner_ = 0;
  std::uint64_t failures_ = 0;
};

}  // namespace gateway::simulation

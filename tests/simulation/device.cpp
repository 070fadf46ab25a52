#include "simulation/device.hpp"

#include <memory>

#include "support/allocation_counter.hpp"

namespace gateway::simulation {
namespace {

egress::StoreError failure() {
  return {egress::StoreError::Kind::failing, "simulated"};
}

}  // namespace

bool Device::fails() {
  if (state_ == egress::StoreState::ok && !random_.in_thousand(failing_)) return false;
  ++failures_;
  return true;
}

std::size_t Device::deliverable() const {
  std::size_t rows = 0;
  for (const auto& [seq, json] : rows_) rows += oracle_.was_refused(json) ? 0 : 1;
  return rows;
}

bool Device::submit(std::vector<egress::StoredEvent> events, Done done) {
  const test::AllocationCounter::ExcludeThread not_the_gateway;
  if (state_ != egress::StoreState::ok) return false;
  const auto waiting = std::make_shared<std::vector<egress::StoredEvent>>(std::move(events));
  schedule_.after(delay(), [this, waiting, done = std::move(done), owner = owner_] {
    const bool failed = fails();
    // A device that fails may have kept it; one whose gateway has gone likewise.
    const bool keeps = failed || owner != owner_ ? random_.in_thousand(300) : true;
    if (keeps) {
      for (const egress::StoredEvent& event : *waiting) {
        rows_.emplace(++last_, event.json);
        oracle_.kept(kind_, event.json);
      }
    }
    if (owner != owner_) return;
    done(failed ? egress::StoreResult(failure()) : egress::StoreResult());
  });
  return true;
}

bool Device::fetch(std::size_t max_rows, std::size_t max_bytes, Fetched done,
                   egress::SpooledEvents /*memory*/) {
  const test::AllocationCounter::ExcludeThread not_the_gateway;
  schedule_.after(delay(), [this, max_rows, max_bytes, done = std::move(done), owner = owner_] {
    if (owner != owner_) return;
    if (fails()) {
      done(failure());
      return;
    }
    egress::SpooledEvents events;
    for (const auto& [seq, json] : rows_) {
      if (events.size() >= max_rows || events.bytes() > max_bytes) break;
      if (!leased_.insert(seq).second) continue;
      events.add(seq, WallInstant(std::chrono::hours(24 * 365 * 50)), json);
    }
    done(std::move(events));
  });
  return true;
}

bool Device::note_delivered(std::vector<egress::Sequence> rows) {
  const test::AllocationCounter::ExcludeThread not_the_gateway;
  schedule_.after(delay(), [this, rows = std::move(rows), owner = owner_] {
    if (owner != owner_) return;
    // A writer keeps trying by itself until the rows are gone.
    for (const egress::Sequence seq : rows) {
      const auto row = rows_.find(seq);
      if (row == rows_.end()) continue;
      oracle_.removed(kind_, row->second);
      rows_.erase(row);
      leased_.erase(seq);
    }
  });
  return true;
}

bool Device::give_back(std::vector<egress::Sequence> rows) {
  const test::AllocationCounter::ExcludeThread not_the_gateway;
  for (const egress::Sequence seq : rows) leased_.erase(seq);
  return true;
}

}  // namespace gateway::simulation

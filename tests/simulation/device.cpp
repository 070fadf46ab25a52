#include "simulation/device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>

#include "support/allocation_counter.hpp"

namespace gateway::simulation {
namespace {

using egress::EventStore;
using egress::Sequence;
using egress::StoreResult;
using egress::StoreState;
using NotTheGateway = test::AllocationCounter::ExcludeThread;

constexpr const char* kPath = "/store/events";
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 20;
constexpr std::chrono::milliseconds kPause{200};
constexpr std::size_t kMostRead = 4096;

egress::StoreKind store_kind(Oracle::Device kind) {
  return kind == Oracle::Device::spool ? egress::StoreKind::spool : egress::StoreKind::dead_letters;
}

}  // namespace

Device::Device(Oracle::Device kind, Schedule& schedule, std::uint64_t seed, Oracle& oracle)
    : kind_(kind),
      schedule_(schedule),
      random_(seed),
      oracle_(oracle),
      disk_(std::make_unique<test::SimulatedDisk>()) {
  disk_->make_folder("/store");
}

Device::~Device() = default;

int Device::error_of_call(test::SimulatedDisk::Call call) {
  using Call = test::SimulatedDisk::Call;
  const bool writes = call == Call::write || call == Call::sync || call == Call::reserve ||
                      call == Call::sync_folder || call == Call::truncate;
  if (!broken_ && (!writes || !random_.in_thousand(failing_ / 2))) return 0;
  ++failures_;
  return random_.in_thousand(300) ? ENOSPC : EIO;
}

void Device::breaks(StoreState how) {
  if (how == StoreState::full) disk_->set_capacity(disk_->used());
  broken_ = how != StoreState::full;
}

// What a device has said that it has while it lied can be gone after a power cut: no promise of a
// store holds on it. What was there before has to stay.
void Device::lie(bool lies) {
  has_lied_ = has_lied_ || lies;
  disk_->lie_about_syncs(lies);
}

void Device::mends() {
  lie(false);
  broken_ = false;
  disk_->set_capacity(std::uint64_t{1} << 40);
}

void Device::loses_owner(End how) {
  const NotTheGateway not_the_gateway;
  ++owner_;
  // Any part of what was under way may have been written.
  if (how == End::power_cut) disk_->cut_power_at(disk_->changes() + random_.between(1, 8));
  for (const auto& events : writing_) {
    if (random_.in_thousand(300)) static_cast<void>(store_->append(*events, schedule_.wall()));
  }
  writing_.clear();
  store_.reset();
  if (how == End::power_cut) {
    std::mt19937_64 chance(random_.next());
    disk_ = disk_->after_power_cut(chance);
    has_lied_ = false;
  }
  state_ = StoreState::failing;
}

void Device::open(egress::TargetNames targets) {
  ++owner_;
  targets_ = std::move(targets);
  mends();
  disk_->plan({});
  auto opened = EventStore::open(kPath, kMostBytes, store_kind(kind_), *disk_);
  if (!opened) {
    oracle_.violation("a store cannot be opened: " + opened.error().text());
    return;
  }
  store_ = std::move(*opened);
  leases_ = egress::RowLeases(targets_);
  state_ = StoreState::ok;
  const auto there = store_->read(0, kMostRead, std::size_t{1} << 30);
  if (!there) {
    oracle_.violation("a store cannot be read after a crash: " + there.error().text());
    return;
  }
  compare(there->rows);
  disk_->plan([this](test::SimulatedDisk::Call call, const std::string& /*path*/) {
    return error_of_call(call);
  });
}

void Device::compare(const std::vector<egress::StoredRow>& there) {
  std::map<Sequence, Row> before;
  before.swap(rows_);
  for (const egress::StoredRow& row : there) {
    const auto known = before.extract(row.seq);
    // One that was about to be written, or whose removal was not on the device. Nobody was told
    // that it is kept.
    if (known.empty()) oracle_.kept(kind_, row.event.json);
    rows_[row.seq] = {row.event.json, row.event.target, !known.empty() && known.mapped().promised,
                      has_lied_ && !known.empty() && known.mapped().lied};
  }
  for (const auto& [seq, row] : before) {
    if (row.lied) {
      oracle_.lost_by_lie(kind_, row.json);
      continue;
    }
    if (row.promised && !delivered_.contains(seq)) {
      oracle_.violation(
          fmt::format("row {} was kept and is gone after a crash: {}", seq, row.json));
    }
    oracle_.lost(kind_, row.json);
  }
}

std::size_t Device::deliverable() const {
  std::size_t rows = 0;
  for (const auto& [seq, row] : rows_) {
    rows += oracle_.was_refused(row.json) || !targets_.knows(row.target) ? 0 : 1;
  }
  return rows;
}

StoreResult Device::append(const Events& events) {
  const StoreResult result = store_->append(events, schedule_.wall());
  if (!result) {
    failed(result.error());
    return result;
  }
  Sequence seq = store_->last_seq() - static_cast<Sequence>(events.size());
  for (const egress::StoredEvent& event : events) {
    rows_[++seq] = {event.json, event.target, true, has_lied_};
    oracle_.kept(kind_, event.json, event.details ? event.details->status : 0);
  }
  return result;
}

void Device::failed(const egress::StoreError& error) {
  const bool new_trouble = state_ == StoreState::ok;
  state_ = error.kind() == egress::StoreError::Kind::full ? StoreState::full : StoreState::failing;
  if (new_trouble) try_again();
}

void Device::try_again() {
  schedule_.after(kPause, [this, owner = owner_] {
    if (owner != owner_) return;
    if (store_->probe()) {
      state_ = StoreState::ok;
    } else {
      try_again();
    }
  });
}

bool Device::submit(std::vector<egress::StoredEvent> events, Done done) {
  const NotTheGateway not_the_gateway;
  if (state_ != StoreState::ok) return false;
  auto waiting = std::make_shared<Events>(std::move(events));
  writing_.push_back(waiting);
  schedule_.after(delay(), [this, waiting, done = std::move(done), owner = owner_] {
    if (owner != owner_) return;
    writing_.remove(waiting);
    done(append(*waiting));
  });
  return true;
}

egress::StoreOutcome<egress::SpooledEvents> Device::read(const egress::RowsWanted& wanted) {
  egress::SpooledChunk chunk;
  do {
    const auto read = leases_.read(*store_, wanted, chunk);
    if (!read) return read.error();
    leases_.arrived(true);
  } while (chunk.rows.empty() && !chunk.end);
  return std::move(chunk.rows);
}

bool Device::fetch(const egress::RowsWanted& wanted, Fetched done,
                   egress::SpooledEvents /*memory*/) {
  const NotTheGateway not_the_gateway;
  schedule_.after(delay(), [this, wanted, done = std::move(done), owner = owner_] {
    if (owner == owner_ && store_) done(read(wanted));
  });
  return true;
}

bool Device::note_delivered(std::vector<Sequence> rows) {
  const NotTheGateway not_the_gateway;
  delivered_.insert(rows.begin(), rows.end());
  schedule_.after(delay(), [this, rows = std::move(rows), owner = owner_] {
    if (owner == owner_ && store_) remove(rows);
  });
  return true;
}

// Keeps trying until the rows are gone.
void Device::remove(std::vector<Sequence> rows) {
  std::ranges::sort(rows);
  const auto removed = store_->remove(rows);
  if (!removed) {
    schedule_.after(kPause, [this, rows = std::move(rows), owner = owner_] {
      if (owner == owner_) remove(rows);
    });
    return;
  }
  leases_.forget(rows);
  for (const Sequence row : rows) forget(row);
  static_cast<void>(store_->sync_marks());
  static_cast<void>(store_->look(false));
}

void Device::forget(Sequence row) {
  const auto found = rows_.find(row);
  if (found == rows_.end()) return;
  oracle_.removed(kind_, found->second.json);
  rows_.erase(found);
}

bool Device::give_back(std::size_t target, std::vector<Sequence> rows) {
  const NotTheGateway not_the_gateway;
  leases_.give_back(target, rows);
  return true;
}

}  // namespace gateway::simulation

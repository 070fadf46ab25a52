#include "gateway/process_stores.hpp"

#include <algorithm>
#include <system_error>
#include <thread>
#include <utility>

#include "gateway/egress/destinations.hpp"
#include "runtime/log.hpp"

namespace gateway {
namespace {

constexpr std::chrono::seconds kClosing{5};

// Returns null where no path is configured.
std::unique_ptr<egress::StoreWriter> open_store(const config::Storage& storage,
                                                egress::StoreKind kind,
                                                const egress::TargetNames& targets,
                                                Supervisor& supervisor) {
  if (storage.path.empty()) return nullptr;
  auto opening = [path = storage.path, max_bytes = storage.max_bytes, kind] {
    return egress::EventStore::open(path, max_bytes, kind);
  };
  if (egress::EventStore::of_earlier_version(storage.path)) {
    return std::make_unique<egress::StoreWriter>(
        egress::StoreError(egress::StoreError::Kind::failing,
                           storage.path + ": an earlier version's events are taken over"),
        std::move(opening), targets, &supervisor);
  }
  auto store = opening();
  if (!store) {
    const egress::StoreError error = store.error();
    if (error.kind() == egress::StoreError::Kind::in_use) {
      throw std::system_error(std::make_error_code(std::errc::device_or_resource_busy),
                              error.text());
    }
    log::error("a store cannot be opened yet; what it would keep is refused",
               {{"error", error.text()}});
    return std::make_unique<egress::StoreWriter>(error, std::move(opening), targets, &supervisor);
  }
  return std::make_unique<egress::StoreWriter>(std::move(*store), targets, &supervisor);
}

void close_one(std::unique_ptr<egress::StoreWriter>& store, Instant deadline) {
  if (!store || store->stop(deadline)) return;
  log::error("a store's device does not answer; its thread is left behind");
  static_cast<void>(store.release());
}

}  // namespace

ProcessStores::ProcessStores(const config::Settings& settings,
                             std::span<const config::Endpoint> targets, Supervisor& supervisor) {
  const egress::TargetNames names = egress::target_names(targets);
  spool_ = open_store(settings.spool, egress::StoreKind::spool, names, supervisor);
  dead_letters_ =
      open_store(settings.dead_letter, egress::StoreKind::dead_letters, names, supervisor);
}

observe::StoreStatuses ProcessStores::status() const {
  observe::StoreStatuses all;
  if (spool_) all.spool = spool_->status();
  if (dead_letters_) all.dead_letters = dead_letters_->status();
  return all;
}

std::chrono::milliseconds ProcessStores::closing_time(std::chrono::milliseconds grace) const {
  if (!spool_ && !dead_letters_) return std::chrono::milliseconds(0);
  return std::min<std::chrono::milliseconds>(kClosing, grace / 8);
}

void ProcessStores::close(Instant deadline) {
  const auto close_dead_letters = [&] { close_one(dead_letters_, deadline); };
  std::thread other;
  try {
    if (spool_ && dead_letters_) other = std::thread(close_dead_letters);
  } catch (const std::system_error& error) {
    log::warn("there is no thread to close the stores at the same time", {{"error", error.what()}});
  }
  close_one(spool_, deadline);
  if (other.joinable()) {
    other.join();
  } else {
    close_dead_letters();
  }
}

}  // namespace gateway

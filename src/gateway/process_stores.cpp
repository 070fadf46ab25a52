#include "gateway/process_stores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "gateway/egress/destinations.hpp"
#include "gateway/egress/store/old_database.hpp"
#include "gateway/egress/store/store_places.hpp"
#include "runtime/early_signals.hpp"
#include "runtime/log.hpp"

namespace gateway {
namespace {

constexpr std::chrono::seconds kClosing{5};
// How long the start waits for the device of a store.
constexpr std::chrono::seconds kOpening{5};
constexpr std::chrono::milliseconds kLookForSignal{100};

using Opened = egress::StoreOutcome<std::unique_ptr<egress::EventStore>>;

egress::StoreError failing(const std::string& path, std::string_view why) {
  return {egress::StoreError::Kind::failing, fmt::format("{}: {}", path, why)};
}

// Returns a number that no row of an earlier store has: the time in microseconds since 1970, as no
// store gives out a million numbers a second for long.
egress::Sequence number_of_now() {
  constexpr egress::Sequence kMost = 8'000'000'000'000'000;  // for a clock that is centuries off
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::min<egress::Sequence>(std::chrono::floor<std::chrono::microseconds>(now).count(),
                                    kMost);
}

// Opens a store. Problem: where somebody has moved the files away, the numbers of rows would begin
// at 1 again. Files that are put back would have those of newer ones, and a process that still
// sends rows of the old files would remove others in their place. Solution: the numbers of a store
// without rows begin with the time.
Opened open_store(const std::string& path, std::uint64_t max_bytes, egress::StoreKind kind) {
  Opened store = egress::EventStore::open(path, max_bytes, kind);
  if (store && (*store)->last_seq() == 0) (*store)->skip_to(number_of_now());
  return store;
}

// Opens a store for the first time. Problem: a device that hangs (a network volume whose server is
// gone) answers neither open() nor fsync(), and no thread that waits for it can be ended. Solution:
// a thread of its own opens the store, and the start waits for that thread only for so long. The
// result may be taken later. A copy is the same opening.
class FirstOpening {
 public:
  // Throws std::system_error if there can be no thread.
  FirstOpening(const config::Storage& storage, egress::StoreKind kind)
      : path_(storage.path), again_([path = storage.path, max_bytes = storage.max_bytes, kind] {
          return open_store(path, max_bytes, kind);
        }) {
    std::packaged_task<Opened()> opening([path = path_, open = again_]() -> Opened {
      const auto old = egress::is_old_database(path, egress::native_file_system());
      // That may take minutes.
      if (old && *old) return failing(path, "an earlier version's events are taken over");
      return open();
    });
    result_ = std::make_shared<std::future<Opened>>(opening.get_future());
    std::thread(std::move(opening)).detach();
  }

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Returns whether there is a result. A signal to end ends the waiting.
  [[nodiscard]] bool wait(Instant deadline) const {
    for (;;) {
      if (result_->wait_for(kLookForSignal) == std::future_status::ready) return true;
      if (SteadyClock::now() >= deadline || EarlySignals::came()) return false;
    }
  }
  // Takes the result, waiting for it as long as it takes; the next times opens the store again.
  [[nodiscard]] Opened take() const { return result_->valid() ? result_->get() : again_(); }
  [[nodiscard]] const egress::EventStore::Opening& again() const noexcept { return again_; }

 private:
  std::string path_;
  egress::EventStore::Opening again_;
  std::shared_ptr<std::future<Opened>> result_;
};

std::unique_ptr<egress::StoreWriter> writer_of(const FirstOpening& opening,
                                               const config::Storage& storage, Instant deadline,
                                               const egress::TargetNames& targets,
                                               Supervisor& supervisor) {
  const auto limits = storage.memory == 0 ? egress::StoreWriterLimits()
                                          : egress::limits_within(storage.memory, storage.largest);
  if (!opening.wait(deadline)) {
    const egress::StoreError error = failing(opening.path(), "the device does not answer");
    log::error("a store cannot be opened yet; what it would keep is refused; look at the disk",
               {{"error", error.text()}});
    return std::make_unique<egress::StoreWriter>(
        error, [opening] { return opening.take(); }, limits, targets, &supervisor);
  }
  Opened store = opening.take();
  if (store)
    return std::make_unique<egress::StoreWriter>(std::move(*store), limits, targets, &supervisor);
  const egress::StoreError& error = store.error();
  if (error.kind() == egress::StoreError::Kind::in_use) {
    throw std::system_error(std::make_error_code(std::errc::device_or_resource_busy), error.text());
  }
  log::error("a store cannot be opened yet; what it would keep is refused",
             {{"error", error.text()}});
  return std::make_unique<egress::StoreWriter>(error, opening.again(), limits, targets,
                                               &supervisor);
}

// Keeps a store until the process ends: its thread still uses it, should the device answer.
void leave_behind(std::unique_ptr<egress::StoreWriter> store) {
  static std::mutex mutex;
  static auto& stores = *new std::vector<std::unique_ptr<egress::StoreWriter>>;  // never destroyed
  const std::lock_guard lock(mutex);
  stores.push_back(std::move(store));
}

// Returns whether the store hangs.
bool hangs_at_close(egress::StoreWriter* store, Instant deadline) {
  if (store == nullptr || store->stop(deadline)) return false;
  log::error("a store's device does not answer; its thread is left behind");
  return true;
}

}  // namespace

ProcessStores::ProcessStores(const config::Settings& settings,
                             std::span<const config::Endpoint> targets, Supervisor& supervisor) {
  const egress::TargetNames names = egress::target_names(targets);
  // Both at the same time, as they may be on one device.
  std::optional<FirstOpening> spool;
  std::optional<FirstOpening> dead_letters;
  if (!settings.spool.path.empty()) spool.emplace(settings.spool, egress::StoreKind::spool);
  if (!settings.dead_letter.path.empty()) {
    dead_letters.emplace(settings.dead_letter, egress::StoreKind::dead_letters);
  }
  const Instant deadline = SteadyClock::now() + kOpening;
  if (spool) spool_ = writer_of(*spool, settings.spool, deadline, names, supervisor);
  if (dead_letters)
    dead_letters_ = writer_of(*dead_letters, settings.dead_letter, deadline, names, supervisor);
}

ProcessStores::~ProcessStores() {
  if (spool_hangs_) leave_behind(std::move(spool_));
  if (dead_letters_hang_) leave_behind(std::move(dead_letters_));
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
  const auto close_dead_letters = [&] {
    dead_letters_hang_ = hangs_at_close(dead_letters_.get(), deadline);
  };
  std::thread other;
  try {
    if (spool_ && dead_letters_) other = std::thread(close_dead_letters);
  } catch (const std::system_error& error) {
    log::warn("there is no thread to close the stores at the same time", {{"error", error.what()}});
  }
  spool_hangs_ = hangs_at_close(spool_.get(), deadline);
  if (other.joinable()) {
    other.join();
  } else {
    close_dead_letters();
  }
}

}  // namespace gateway

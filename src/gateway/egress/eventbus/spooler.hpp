#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/encoder.hpp"
#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/store/async_store.hpp"
#include "gateway/pipeline/ledger.hpp"
#include "runtime/asio.hpp"

namespace gateway::egress {

// The process's stores. Null where none is configured. They outlive every shard.
struct Stores {
  AsyncStore* spool = nullptr;
  AsyncStore* dead_letters = nullptr;
};

// Stores the events that a shard cannot deliver to a target: makes complete CloudEvents of them,
// hands them to a store, and settles them in the ledger when they are on the device, not before.
// Lives on the shard's thread; nothing here waits for I/O.
class Spooler {
 public:
  struct Context {
    Executor executor;
    Clock& clock;
    Ledger& ledger;
    std::function<void()> request_flush;
  };

  // `target` is the name that the rows of its events have in the stores (TargetNames).
  Spooler(Context context, const config::Settings& settings, const config::Endpoint& endpoint,
          Stores stores, std::string target = {});
  Spooler(const Spooler&) = delete;
  Spooler& operator=(const Spooler&) = delete;

  // Return whether there is a spool, and whether it takes events now.
  [[nodiscard]] bool has_spool() const noexcept { return stores_.spool != nullptr; }
  [[nodiscard]] bool can_spool() const noexcept {
    return has_spool() && stores_.spool->state() == StoreState::ok;
  }
  [[nodiscard]] bool keeps_dead_letters() const noexcept { return stores_.dead_letters != nullptr; }

  // Takes the open events of a post whose deadline has passed (Ledger::begin_storing()): `waiting`
  // were withdrawn, `in_flight` are also on connections. The post is answered 200 when they are on
  // the device, or 503 if they cannot be stored. They are handed to the spool at the end of the
  // turn.
  void spool(Post& post, std::span<const EventSlot> waiting, std::span<const EventSlot> in_flight);
  // Why an event is given up.
  enum class Why : std::uint8_t {
    refused,  // for good, by the eventbus
    expired   // it is too old to be tried again
  };
  // Stores an event that is given up; it is settled when it is on the device. If it cannot be
  // stored it has failed: a refused one with `status` and the beginning of `body` as the reason, an
  // expired one as if it had no answer.
  void dead_letter(const EventSlot& slot, Why why, unsigned status, std::string_view body);

  // Hands everything that spool() took to the store at once. Called at the end of a loop turn.
  void flush() {
    if (!batch_.posts.empty()) hand_over();
  }

  // Forgets what was handed to the stores, so that no result is waited for. Called at the end.
  void abandon();

 private:
  // A post with events that were handed to the spool. `shown` is one of them, which stands for all
  // where the outcome is shown.
  struct Handed {
    Post* post = nullptr;
    EventSlot shown;
  };
  // The events that go to the spool together, with one log line.
  struct Batch {
    std::vector<StoredEvent> events;
    std::vector<Handed> posts;
    std::size_t bytes = 0;
  };
  struct DeadLetter {
    EventSlot slot;
    Why why = Why::refused;
    unsigned status = 0;
    std::string body;
  };

  [[nodiscard]] StoredEvent stored_event(const EventSlot& slot);
  void hand_over();
  void not_spooled(const std::vector<Handed>& posts, std::string_view reason,
                   std::chrono::seconds retry_after);
  // Hands `events` to `store`, and calls (this->*done)(number, result) on the shard's thread when
  // they are settled. Returns false if the store does not take them.
  using Settled = void (Spooler::*)(std::uint64_t number, const StoreResult& result);
  bool submit(AsyncStore& store, std::vector<StoredEvent> events, std::uint64_t number,
              Settled done);
  void spooled(std::uint64_t number, const StoreResult& result);
  void dead_lettered(std::uint64_t number, const StoreResult& result);
  [[nodiscard]] StoredEvent dead_letter_of(const DeadLetter& letter);
  void fail(const DeadLetter& letter, std::string_view body, std::string_view why);

  Context context_;
  const Stores stores_;
  const std::string endpoint_;
  const std::string target_;
  const std::size_t largest_;  // that the spool takes together
  events::Encoder encoder_;
  std::uint64_t number_ = 0;  // of what was handed in last
  Batch batch_;
  std::unordered_map<std::uint64_t, std::vector<Handed>> spooling_;
  std::unordered_map<std::uint64_t, DeadLetter> dead_lettering_;
};

}  // namespace gateway::egress

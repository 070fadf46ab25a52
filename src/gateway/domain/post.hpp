#pragma once
#include <bitset>
#include <boost/intrusive/list_hook.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/outgoing_event.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/domain/event_tally.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/domain/signer.hpp"
#include "runtime/buffer_pool.hpp"
#include "runtime/byte_budget.hpp"
#include "runtime/clock.hpp"

namespace gateway {

// Who waits for a post's answer.
class PostOwner {
 public:
  // The answer of `post` is known. Called on the shard's thread, at most once for each post. The
  // answer is to be taken later, not from within this call.
  virtual void answer_ready(Post& post) = 0;
  // An event was answered with a failure that may pass. True: it becomes a dead letter instead of
  // being tried again. Asked for events from the spool only.
  virtual bool gives_up(const EventSlot& /*slot*/) { return false; }
  // An event was sent and not taken, for a reason that may pass. True: it stays in the spool, and
  // others are tried before it. Asked likewise.
  virtual bool puts_off(const EventSlot& /*slot*/) { return false; }
  // Returns the address posts of this owner come from; empty if they come from nobody outside.
  [[nodiscard]] virtual std::string client() const { return {}; }

 protected:
  ~PostOwner() = default;
};

// What a client is told: a status and the bytes of a body, JSON unless `content_type` says
// otherwise, or none.
struct Answer {
  unsigned status = 0;
  std::string body;
  std::string extra_fields;  // complete header lines, e.g. "Allow: POST\r\n"
  const char* content_type = "application/json";
  bool to_head = false;                    // of a HEAD request: the body is described and not sent
  bool close = false;                      // the connection cannot go on after this
  std::optional<Unavailable> unavailable;  // of a 503: why
};

// The ledger entry of one request: its bytes, the state of each of its events, and the answer that
// comes of them. Made, settled and reused by the Ledger.
class Post {
 public:
  struct Failure {
    std::uint32_t index;
    unsigned status;  // the eventbus' last answer, 0 when there was none
    std::string reason;
  };
  // Records read from the spool: their text, which stands in for `bytes`, and each one's ce-time.
  struct Stored {
    std::string text;
    std::vector<WallInstant> times;
  };
  // Targets by number; the top-level one is 0.
  static constexpr std::size_t kMostTargets = 64;
  using Targets = std::bitset<kMostTargets>;

  enum class State : std::uint8_t {
    unused,
    open,  // an answer is owed
    answered
  };

  // Links of the lists a post stands in; it is in neither when it is reused.
  using Hook = boost::intrusive::list_member_hook<
      boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;
  Hook reply_hook;     // of its connection's ReplyLine, in order of arrival
  Hook deadline_hook;  // of the Ledger, in order of deadline

  Buffer bytes;
  ByteLease::Units units;
  std::vector<events::CloudEvent> passed_on;  // empty for a COS trigger payload
  Stored stored;                              // likewise, but for one read from the spool
  // Of its records, where they were noted on the walk that found them; by index.
  std::vector<events::RecordMembers> members;
  // Which entry of `buckets` took each record, by index: its number plus one, 0 for those that go
  // where the top level says. Empty where there are no `buckets`.
  std::vector<std::uint16_t> routes;
  Instant received;
  Instant deadline;
  WallInstant time;  // ce-time of its events; of spooled ones, when they were kept

  std::vector<EventState> states;   // of its events, by index; moved by the Ledger alone
  EventTally<std::uint32_t> tally;  // of these
  std::vector<Failure> failures;
  std::size_t reason_bytes = 0;       // of the texts in these
  std::vector<std::uint8_t> targets;  // of its events, by index; empty if all go to `target`

  std::uint64_t fingerprint = 0;  // of a signed post, where auth::SeenSignatures remembers it
  Signer signer = kAnySigner;
  PostOwner* owner = nullptr;  // null once the client is gone
  Answer answer;
  State state = State::unused;
  std::uint8_t target = 0;  // that its events go to; if to several, the number of targets there are
  bool in_reply_line = false;
  bool expired = false;   // its time is up: nothing of it is sent any more
  bool replayed = false;  // read from the spool: its events were received long ago
  // An owner made an impossible move and may still refer to it: it is never reused.
  bool inconsistent = false;

  [[nodiscard]] std::uint32_t records() const noexcept {
    return static_cast<std::uint32_t>(states.size());
  }
  [[nodiscard]] std::uint8_t target_of(std::size_t index) const noexcept {
    return targets.empty() ? target : targets[index];
  }
  [[nodiscard]] Targets targets_of_events() const noexcept {
    Targets all;
    for (const std::uint8_t one : targets) all.set(one);
    if (targets.empty()) all.set(target);
    return all;
  }
  // Returns how many of its events the client has to send again.
  [[nodiscard]] std::uint32_t failed() const noexcept {
    return tally.in(EventState::failed) + tally.in(EventState::withdrawn);
  }
  [[nodiscard]] bool has_failed(std::uint32_t index) const noexcept {
    return states[index] == EventState::failed || states[index] == EventState::withdrawn;
  }
  // Gives it `events` events, all of them in the state `first`.
  void begin_events(std::uint32_t events, EventState first) {
    states.assign(events, first);
    tally.add(first, events);
  }

  // What is sent for a slot of this post; refers to it.
  [[nodiscard]] events::OutgoingEvent event(const EventSlot& slot) const noexcept {
    events::OutgoingEvent event;
    if (!passed_on.empty()) {
      event.passed_on = &passed_on[slot.index];
      return event;
    }
    const bool replays = !stored.times.empty();
    event.id = slot.id;
    event.kind = slot.kind;
    if (!members.empty()) event.members = &members[slot.index];
    if (!routes.empty()) event.route = routes[slot.index];
    event.time = replays ? stored.times[slot.index] : time;
    event.record = {(replays ? stored.text.data() : bytes.data()) + slot.offset, slot.length};
    return event;
  }
};

}  // namespace gateway

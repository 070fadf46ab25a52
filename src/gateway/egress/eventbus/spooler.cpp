#include "gateway/egress/eventbus/spooler.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <limits>
#include <new>
#include <utility>

#include "gateway/egress/eventbus/encoder_settings.hpp"
#include "gateway/egress/eventbus/refusal_reason.hpp"

namespace gateway::egress {
namespace {

// A store that has failed is tried again within this time, and clients should try again after it.
constexpr std::chrono::seconds kRetryAfter{5};
// A batch of this size is handed over before the end of the turn, so that the writer need not wait
// for a long turn, and a refusal does not hit all events of it.
constexpr std::size_t kTurnEvents = 1024;
constexpr std::size_t kTurnBytes = std::size_t{1} << 20;
// What an event takes beside its record when it waits to be stored: the CloudEvent's attributes and
// the StoredEvent itself, generously.
constexpr std::size_t kBesideRecord = 1024;

}  // namespace

Spooler::Spooler(Context context, const config::Settings& settings,
                 const config::Endpoint& endpoint, Stores stores, std::string target)
    : context_(std::move(context)),
      stores_(stores),
      endpoint_(endpoint.url()),
      target_(std::move(target)),
      largest_(settings.spool.largest == 0 ? std::numeric_limits<std::size_t>::max()
                                           : settings.spool.largest),
      encoder_(encoder_settings(settings, endpoint)) {}

StoredEvent Spooler::stored_event(const EventSlot& slot) {
  const events::OutgoingEvent event = slot.post->event(slot);
  StoredEvent stored;
  encoder_.json(event, stored.json);
  stored.target = target_;
  return stored;
}

void Spooler::spool(Post& post, std::span<const EventSlot> waiting,
                    std::span<const EventSlot> in_flight) {
  Ledger& ledger = context_.ledger;
  Handed handed{&post, {}};
  std::size_t bytes = 0;
  for (const auto part : {waiting, in_flight}) {
    for (const EventSlot& slot : part) {
      ledger.move(slot, EventMove::spool);
      bytes += slot.length + kBesideRecord;
      if (handed.shown.post == nullptr) handed.shown = slot;
    }
  }
  // A post that only waits for its dead letters has no event for the spool.
  if (handed.shown.post == nullptr) return;
  if (!can_spool()) {
    ledger.not_stored(post, "the spool is not available", kRetryAfter, handed.shown);
    return;
  }
  // What does not fit together is not to be refused together.
  if (!batch_.posts.empty() && batch_.bytes + bytes > largest_) hand_over();
  if (batch_.posts.empty()) context_.request_flush();
  const std::size_t before = batch_.events.size();
  try {
    batch_.posts.reserve(batch_.posts.size() + 1);
    for (const auto part : {waiting, in_flight}) {
      for (const EventSlot& slot : part) {
        batch_.bytes += batch_.events.emplace_back(stored_event(slot)).bytes();
      }
    }
  } catch (const std::bad_alloc&) {
    batch_.events.resize(before);
    ledger.not_stored(post, "out of memory", kRetryAfter, handed.shown);
    return;
  }
  batch_.posts.push_back(handed);
  if (batch_.events.size() >= kTurnEvents || batch_.bytes >= kTurnBytes) hand_over();
}

void Spooler::hand_over() {
  Batch batch = std::exchange(batch_, Batch());
  const std::uint64_t number = ++number_;
  std::string_view refused;
  try {
    const auto entry = spooling_.emplace(number, batch.posts).first;
    if (submit(*stores_.spool, std::move(batch.events), number, &Spooler::spooled)) return;
    spooling_.erase(entry);
    refused = "the spool cannot keep up";
  } catch (const std::bad_alloc&) {
    spooling_.erase(number);
    refused = "out of memory";
  }
  not_spooled(batch.posts, refused, kRetryAfter);
}

void Spooler::not_spooled(const std::vector<Handed>& posts, std::string_view reason,
                          std::chrono::seconds retry_after) {
  for (const Handed& handed : posts) {
    context_.ledger.not_stored(*handed.post, reason, retry_after, handed.shown);
  }
}

bool Spooler::submit(AsyncStore& store, std::vector<StoredEvent> events, std::uint64_t number,
                     Settled done) {
  return store.submit(std::move(events),
                      [this, executor = context_.executor, number, done](StoreResult result) {
                        asio::post(executor, [this, number, done, result = std::move(result)] {
                          (this->*done)(number, result);
                        });
                      });
}

void Spooler::spooled(std::uint64_t number, const StoreResult& result) {
  const auto entry = spooling_.extract(number);
  if (entry.empty()) return;
  if (result) {
    for (const Handed& handed : entry.mapped()) {
      context_.ledger.stored(*handed.post, handed.shown);
    }
  } else {
    not_spooled(entry.mapped(), "the spool failed", kRetryAfter);
  }
  context_.request_flush();
}

void Spooler::dead_letter(const EventSlot& slot, Why why, unsigned status, std::string_view body) {
  const EventState now = context_.ledger.move(slot, EventMove::bury);
  if (now != EventState::to_dead_letters) return;
  std::string_view refused;
  const std::uint64_t number = ++number_;
  try {
    DeadLetter& letter = dead_lettering_[number];
    letter = {slot, why, status, std::string(body)};
    std::vector<StoredEvent> events;
    events.push_back(dead_letter_of(letter));
    if (submit(*stores_.dead_letters, std::move(events), number, &Spooler::dead_lettered)) return;
    refused = "dead letters cannot be kept";
  } catch (const std::bad_alloc&) {
    refused = "out of memory";
  }
  dead_lettering_.erase(number);
  fail({slot, why, status, {}}, body, refused);
}

StoredEvent Spooler::dead_letter_of(const DeadLetter& letter) {
  StoredEvent stored = stored_event(letter.slot);
  auto& details = stored.details.emplace();
  details.attempts = letter.slot.attempts + 1U;
  details.status = letter.status;
  details.body = letter.body;
  details.reason = letter.why == Why::expired ? "expired" : label(FailReason::refused);
  details.endpoint = endpoint_;
  details.first = letter.slot.post->time;
  details.last = context_.clock.wall(context_.clock.now());
  return stored;
}

void Spooler::dead_lettered(std::uint64_t number, const StoreResult& result) {
  const auto entry = dead_lettering_.extract(number);
  if (entry.empty()) return;
  if (result) {
    const DeadLetter& letter = entry.mapped();
    context_.ledger.dead_lettered(letter.slot, letter.status, refusal_reason(letter.body));
  } else {
    fail(entry.mapped(), entry.mapped().body, "the dead letter was not kept");
  }
  context_.request_flush();
}

void Spooler::fail(const DeadLetter& letter, std::string_view body, std::string_view why) {
  // An event that was not refused can be tried again, and a replay chooses by the status. So can
  // one of a replay, until it can become a dead letter.
  const bool for_good = letter.why == Why::refused && !letter.slot.post->replayed;
  const unsigned status = for_good ? letter.status : 0;
  std::string reason;
  try {
    reason = fmt::format("{}; {}", refusal_reason(body), why);
  } catch (const std::bad_alloc&) {
    reason.clear();  // without memory for it, the event fails without a reason in words
  }
  context_.ledger.failed(letter.slot, FailReason::refused, status, reason);
}

void Spooler::abandon() {
  constexpr std::chrono::seconds kNextGateway{1};
  not_spooled(std::exchange(batch_, Batch()).posts, "stopping", kNextGateway);
  for (const auto& [number, posts] : std::exchange(spooling_, {})) {
    not_spooled(posts, "stopping", kNextGateway);
  }
  for (auto& [number, letter] : std::exchange(dead_lettering_, {})) {
    context_.ledger.failed(letter.slot, FailReason::shutdown, letter.status, "gateway stopped");
  }
}

}  // namespace gateway::egress

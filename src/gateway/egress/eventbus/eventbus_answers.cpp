// What becomes of an event after its attempt: by what the eventbus answered, or for want of an
// answer.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <optional>
#include <span>
#include <string>

#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/eventbus/refusal_reason.hpp"
#include "gateway/http/retry_after.hpp"

namespace gateway::egress {

void Eventbus::answered(Multiplexer& mux) {
  const unsigned status = mux.response().status;
  const Verdict verdict = policy_.judge(status);
  const Instant staged = mux.answered_staged();
  const Instant now = context_.clock.now();
  const Instant::duration took = now - staged;
  answer_times_.answered(took);
  answered_at_ = now;
  if (verdict != Verdict::delivered) {
    not_delivered(mux, verdict, now);
    return;
  }
  if (encoder_.mode() == events::ContentMode::batch) {
    batch_size_.accepted(mux.answered_bytes(), now);
  }
  good_answer(staged);
  // An event whose answer could not be dealt with for want of memory stays with the connection,
  // which gives it back when it ends.
  for (; mux.answered_events() != 0; mux.take_answered()) {
    const EventSlot& slot = mux.next_answered();
    metrics_.delivered.add();
    context_.metrics.delivery_duration.observe(took);
    queue_.settled(slot);
    context_.ledger.delivered(slot, status);
  }
}

void Eventbus::not_delivered(Multiplexer& mux, Verdict verdict, Instant now) {
  mux.filter_response(secrets_);
  const Response& response = mux.response();
  if (encoder_.mode() == events::ContentMode::batch) {
    if (response.status == 413) {
      batch_size_.too_large(mux.answered_bytes(), response.excerpt, now);
    }
    const bool token = response.status == 401 && token_.needed();
    if (verdict == Verdict::refused && mux.answered_events() > 1 && !token) {
      split(mux);
      return;
    }
  }
  const Instant staged = mux.answered_staged();
  AskedWait asked = parse_retry_after(
      response.retry_after, std::chrono::floor<std::chrono::seconds>(context_.clock.wall(now)));
  last_answer_.take(response.status, response.excerpt, now);
  for (bool leads = true; mux.answered_events() != 0; leads = false) {
    const EventSlot slot = mux.next_answered();
    if (lacks_token(slot, response, staged, now)) {
      // If it was a probe, nothing else decides.
      if (leads) health_.failing_answer(false, false, staged, now);
      retry_later(slot, response, asked, now);
    } else if (verdict == Verdict::retry) {
      // That others are sent meanwhile and this one is not would spare the eventbus nothing.
      if (leads && !note_failure(slot, response.status, asked, staged, now)) asked.reset();
      retry_later(slot, response, asked, now);
    } else {
      if (leads) good_answer(staged);
      refuse(slot, response);
    }
    mux.take_answered();
  }
}

// One of a batch's events, or their number, may be the reason why it was refused: each half is sent
// again, until an event that is refused is alone.
void Eventbus::split(Multiplexer& mux) {
  halves_.clear();
  halves_.reserve(mux.answered_events());
  queue_.reserve_apart(mux.answered_events());
  good_answer(mux.answered_staged());
  while (mux.answered_events() != 0) {
    const EventSlot slot = mux.take_answered();
    if (slot.post->expired) {
      give_up(slot, FailReason::deadline, mux.response().status, "deadline passed");
    } else {
      context_.ledger.move(slot, EventMove::put_back);
      halves_.push_back(slot);
    }
  }
  context_.metrics.events_retried[retry_reason(mux.response().status)].add(halves_.size());
  const std::span<const EventSlot> all(halves_);
  queue_.set_apart(all.first(all.size() / 2));
  queue_.set_apart(all.subspan(all.size() / 2));
  context_.turn_end.request();
}

void Eventbus::refuse(const EventSlot& slot, const Response& response) {
  // A post that was answered already is its sender's to repeat.
  if (context_.spooler.keeps_dead_letters() && !slot.post->expired) {
    queue_.settled(slot);
    context_.spooler.dead_letter(slot, Spooler::Why::refused, response.status, response.excerpt);
    return;
  }
  give_up(slot, FailReason::refused, response.status, refusal_reason(response.excerpt));
}

bool Eventbus::note_failure(const EventSlot& slot, unsigned status, AskedWait asked, Instant staged,
                            Instant now) {
  bool all_wait = true;
  bool limited = status == 429;
  if (limited || (status == 503 && asked)) {
    const std::chrono::milliseconds wait = asked.value_or(std::chrono::seconds(0));
    tell_pace(now);
    all_wait = context_.pace.refused(staged, std::min(wait, settings_.retry.max), now);
    limited = limited || !all_wait;
  } else if (status == 503) {
    tell_pace(now);
    limited = context_.pace.perhaps_refused(staged, now);
  }
  if (asked && all_wait) health_.hold(*asked, now);
  health_.failing_answer(slot.attempts == 0, limited, staged, now);
  return all_wait;
}

void Eventbus::retry_later(EventSlot slot, const Response& response, AskedWait asked, Instant now) {
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (slot.post->replayed && slot.post->owner->gives_up(slot)) {
    queue_.settled(slot);
    context_.spooler.dead_letter(slot, Spooler::Why::expired, response.status, response.excerpt);
    return;
  }
  context_.metrics.events_retried[retry_reason(response.status)].add();
  if (put_off(slot)) return;
  ++slot.attempts;
  delay(slot, now + backoff_.next(slot.attempts, asked));
}

bool Eventbus::is_suspect(const EventSlot& slot) const noexcept {
  return encoder_.mode() != events::ContentMode::batch || is_down() ||
         BatchSize::events(slot.attempts) == 1;
}

// Takes an event of the spool off its way, if it is to make way for others.
bool Eventbus::put_off(const EventSlot& slot) {
  if (!slot.post->replayed || !is_suspect(slot) || !slot.post->owner->puts_off(slot)) return false;
  give_up(slot, FailReason::deadline, 0, label(FailReason::deadline));
  return true;
}

void Eventbus::delay(const EventSlot& slot, Instant due) {
  const bool waits = queue_.delay(slot, due);
  context_.ledger.move(slot, waits ? EventMove::delay : EventMove::put_back);
  if (waits) arm_timer();
}

void Eventbus::given_back(EventSlot slot, bool sent, bool announced, RetryReason reason) {
  if (stopping_) {
    give_up(slot, FailReason::shutdown, 0, "gateway stopped");
    return;
  }
  if (slot.post->expired) {
    give_up_late(slot);
    return;
  }
  if (sent) context_.metrics.events_retried[reason].add();
  const bool attempted = sent && !announced;
  // One that was sent for the first time may have been lost with another.
  if (attempted && (slot.attempts > 0 || is_down()) && put_off(slot)) return;
  if (attempted) ++slot.attempts;
  if (attempted && slot.attempts > 1) {
    // It may be the event that makes the eventbus break off: the others must not wait behind it.
    const Instant now = context_.clock.now();
    delay(slot, now + backoff_.next(slot.attempts - 1U, std::nullopt));
  } else {
    context_.ledger.move(slot, EventMove::put_back);
    queue_.put_back(slot);
  }
}

void Eventbus::give_up(const EventSlot& slot, FailReason why, unsigned status,
                       std::string_view reason) {
  queue_.settled(slot);
  context_.ledger.failed(slot, why, status, reason);
}

void Eventbus::give_up_late(const EventSlot& slot) {
  const BusAnswer* latest = slot.attempts > 0 ? latest_answer() : nullptr;
  if (latest == nullptr) {
    return give_up(slot, FailReason::deadline, 0, "deadline passed");
  }
  std::string reason;
  try {
    reason = fmt::format("deadline passed; the last answer was: {}",
                         latest->text.empty() ? std::to_string(latest->status) : latest->text);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch)
    // It fails without a reason in words.
  }
  give_up(slot, FailReason::deadline, latest->status, reason);
}

void Eventbus::no_answer(std::string_view address, std::string_view error) {
  last_answer_.take(0, fmt::format("{}{}{}", address, address.empty() ? "" : ": ", error),
                    context_.clock.now());
}

const BusAnswer* Eventbus::latest_answer() const noexcept {
  const bool lately =
      last_answer_.at != Instant{} && context_.clock.now() - last_answer_.at <= settings_.deadline;
  return lately ? &last_answer_ : nullptr;
}

}  // namespace gateway::egress

// How long a connection to the eventbus is waited for, looked at every tick.
#include <chrono>
#include <string>
#include <string_view>

#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/eventbus/link_facts.hpp"

namespace gateway::egress {
namespace {

// An answer that is due for less may simply take its time.
constexpr std::chrono::milliseconds kListen{300};
// How long the answers that are there are read after a write has failed.
constexpr std::chrono::milliseconds kReadOut{1000};

}  // namespace

void EventbusConnection::watch(Instant now) {
  if (role_ == Role::used && (now >= renew_at_ || bus_.addresses().book().misplaced(at_))) {
    bus_.pool().replace(*this);
  }
  if (unwritable_since_) {
    if (now - *unwritable_since_ >= kReadOut) {
      break_link(RetryReason::connection, std::string(last_error_));
    }
  } else if (mux_.in_flight() != 0) {
    check_answer(now);
  } else {
    check_idle(now);
  }
}

void EventbusConnection::check_answer(Instant now) {
  const auto waited = now - mux_.waiting_since();
  if (waited < kListen) return;
  if (waited >= bus_.settings().timeout) {
    give_up_waiting("no answer within delivery.timeout", false, now);
  } else if (const auto facts = link_facts(transport_->handle());
             facts && unheard(*facts, waited)) {
    give_up_waiting("what is sent is not received any more", true, now);
  } else if (waited >= bus_.patience(at_, mux_.due_attempts())) {
    give_up_waiting("no answer, and there are other addresses", false, now);
  } else if (bus_.serves_others_only(*this, now)) {
    bus_.pool().one_unserved(now);
    unserved_ = true;
    break_link(RetryReason::timeout, "no answer, while the eventbus answers over others");
  }
}

void EventbusConnection::give_up_waiting(std::string_view what, bool unheard, Instant now) {
  // What an answer has said by now counts, if its head is complete.
  if (mux_.end(now) == Multiplexer::Step::answered) settle_answer();
  if (broken_) return;
  // One event that makes the eventbus hang is not to cost it one address after the other.
  if (unheard || mux_.due_attempts() == 0) bus_.address_silent(at_, mux_.waiting_since(), what);
  break_link(RetryReason::timeout, what);
}

void EventbusConnection::check_idle(Instant now) {
  if (role_ == Role::drained) {
    break_link(RetryReason::connection, "not needed any more");
  } else if (mux_.reads_past() && now - mux_.waiting_since() >= bus_.settings().timeout) {
    break_link(RetryReason::timeout, "the body of an answer does not end");
  } else if (now - heard_ >= bus_.settings().idle_timeout) {
    break_link(RetryReason::connection, "idle for delivery.idle_timeout");
  }
}

void EventbusConnection::distrust(const tcp::endpoint& at, Instant heard) {
  if (!is_ready() || mux_.in_flight() != 0 || at_ != at || heard_ > heard) return;
  break_link(RetryReason::connection, "as silent as another one, which was lost");
}

}  // namespace gateway::egress

#pragma once
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/domain/eventbus_state.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/egress/address/dialer.hpp"
#include "gateway/egress/eventbus/multiplexer.hpp"
#include "gateway/egress/policy/endpoint_health.hpp"
#include "gateway/transport/transport.hpp"
#include "runtime/asio.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::egress {

class Eventbus;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

// Returns what tells one event from another. Only for what is rare: it may hash the event.
[[nodiscard]] EndpointHealth::EventKey key_of(const EventSlot& slot);

// One keep-alive connection to the eventbus: a thin coroutine that connects and connects again,
// around a Multiplexer that knows what to do. Owned by the Eventbus, which joins run() before it
// destroys the connection. Lives on the shard's thread.
//
//   parked --use()--> used --retire()--> retiring --drain()--> drained --> parked
//
// A retiring one works until another has taken its place; a drained one takes nothing more and ends
// when all it has taken is answered.
class EventbusConnection final : private transport::Transport::User {
 public:
  // What a connection holds back in its own memory when the socket does not take more.
  static constexpr std::size_t kMostStaged = std::size_t{4} << 20;
  enum class Role : std::uint8_t { parked, used, retiring, drained };

  explicit EventbusConnection(Eventbus& bus);
  EventbusConnection(const EventbusConnection&) = delete;
  EventbusConnection& operator=(const EventbusConnection&) = delete;

  // Until stop().
  [[nodiscard]] Task<void> run();
  // run() has ended by an exception: closes what it left open and gives its events back.
  void recover();
  // Ends the connection, whose outgoing bytes are not to be used any more.
  void fail(std::string_view what) { break_link(RetryReason::connection, what); }
  [[nodiscard]] Supervisor::Part& part() noexcept { return part_; }
  void stop();
  // There is something to send: an idle connection opens.
  void wake() { wake_.notify_all(); }

  [[nodiscard]] Role role() const noexcept { return role_; }
  void use();
  void retire();
  void drain() noexcept { role_ = Role::drained; }
  // It will not work for long: another one is to take its place.
  [[nodiscard]] bool leaving() const noexcept {
    return role_ != Role::used || (is_ready() && mux_.near_end());
  }

  [[nodiscard]] bool is_ready() const noexcept { return state_ == LinkState::ready && !broken_; }
  // Returns whether it is ready and has brought an answer.
  [[nodiscard]] bool is_proven() const noexcept { return is_ready() && answered_any_; }
  // Returns since when it waits for its first answer, of which nothing has come; nullopt if it does
  // not.
  [[nodiscard]] std::optional<Instant> unproven_since() const noexcept {
    const bool waits = is_ready() && !answered_any_ && mux_.in_flight() != 0;
    return waits && heard_ <= mux_.waiting_since() ? std::optional(mux_.waiting_since())
                                                   : std::nullopt;
  }
  // Returns where it leads to, while it is ready.
  [[nodiscard]] const tcp::endpoint& at() const noexcept { return at_; }
  // Returns how many requests it takes now, as long as is_full() does not say otherwise.
  [[nodiscard]] std::size_t room() const noexcept {
    if (!is_ready() || role_ == Role::drained || unwritable_since_) return 0;
    return mux_.room();
  }
  // It holds so many bytes that it takes no more for now.
  [[nodiscard]] bool is_full() const noexcept { return mux_.outgoing_bytes() >= kMostStaged; }
  [[nodiscard]] bool accepts() const noexcept { return room() != 0 && !is_full(); }
  // Returns the same, but false where the answer that comes next has been due since before `due`.
  [[nodiscard]] bool accepts(Instant due) const noexcept {
    return accepts() && !mux_.is_held_up(due);
  }
  [[nodiscard]] Multiplexer& multiplexer() noexcept { return mux_; }
  // Writes what is staged, as far as the socket takes it; the rest follows by itself. With nothing
  // to write, acknowledges what was received.
  void write() {
    if (state_ != LinkState::ready || broken_) return;
    if (!mux_.outgoing().empty()) {
      take_step([this] { send(); });
    } else if (heard_only_ && mux_.in_flight() != 0) {
      acknowledge_answers();
    }
  }
  // Every tick: ends the connection if the answer that is due next is overdue, or if nothing is due
  // and it has become old or idle for too long.
  void check(Instant now) {
    if (is_ready()) take_step([this, now] { watch(now); });
  }
  // Ends it if it is idle and nobody has been heard on it since `heard`.
  void distrust(const tcp::endpoint& at, Instant heard);

  [[nodiscard]] LinkState state() const noexcept { return state_; }
  // It has ended, though state() may not say so yet.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }

 private:
  // So many reads of the socket, then it is the others' turn.
  static constexpr unsigned kMostReads = 4;

  [[nodiscard]] Task<bool> connect();
  void begin(std::unique_ptr<transport::Transport> transport, Instant now);
  [[nodiscard]] std::unique_ptr<tls::TlsSession> new_session();
  // Tells the bus how the connection ended; true if nobody is in a hurry to make another.
  [[nodiscard]] bool report_end();
  [[nodiscard]] Task<void> converse();
  // Takes a step. What it throws ends this connection only.
  template <class Step>
  void take_step(Step step) {
    try {
      step();
    } catch (...) {
      failure_ = std::current_exception();
      break_link(RetryReason::connection, "internal error");
    }
  }
  void on_ready(bool writable) override;
  void send();
  void read();
  void watch(Instant now);
  void take_bytes(std::string_view input, Instant now);
  void settle_answer();
  void settle_early_answer();
  void acknowledge_answers() noexcept;
  void end_of_stream(const error_code& error, Instant now);
  void check_answer(Instant now);
  void check_idle(Instant now);
  // The answer that is due has not come.
  void give_up_waiting(std::string_view what, bool unheard, Instant now);
  void break_link(RetryReason reason, std::string_view what) noexcept;
  void give_back();

  Eventbus& bus_;
  Supervisor::Part part_;
  Signal wake_;
  Signal ended_;
  Multiplexer mux_;
  Dialer dialer_;
  std::unique_ptr<transport::Transport> transport_;  // of the connection there is
  tls::Ticket ticket_;                               // for the next one
  std::exception_ptr failure_;                       // what on_ready() could not throw
  tcp::endpoint at_;
  std::string address_;  // at_, or the target while there is no connection
  std::string last_error_;
  RetryReason lost_reason_ = RetryReason::connection;
  LinkState state_ = LinkState::idle;
  Role role_ = Role::parked;
  std::optional<EndpointHealth::EventKey> lost_event_;  // whose answer was due at the end
  std::optional<Instant> unwritable_since_;  // a write failed; what was answered is still read
  Instant connecting_since_{};
  Instant heard_{};          // anything, last
  Instant renew_at_{};       // delivery.max_age
  bool heard_only_ = false;  // nothing was sent since something was received
  bool broken_ = false;
  bool answered_any_ = false;
  bool announced_ = false;      // the eventbus said that it ends the connection
  bool expected_end_ = false;   // the last one ended as it may
  bool ended_oddly_ = false;    // with requests unanswered and no warning, or out of step
  bool ended_by_peer_ = false;  // which closed it, or said what is no answer
  bool address_at_fault_ = false;
  bool unserved_ = false;  // nothing came, while others were answered
  bool stopping_ = false;
};

}  // namespace gateway::egress

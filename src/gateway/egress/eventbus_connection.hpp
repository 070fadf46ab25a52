#pragma once
#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/domain/eventbus_state.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/egress/multiplexer.hpp"
#include "gateway/transport/dial.hpp"
#include "gateway/transport/transport.hpp"
#include "runtime/asio.hpp"
#include "runtime/name_lookup.hpp"
#include "runtime/signal.hpp"

namespace gateway::egress {

class Eventbus;

// One keep-alive connection to the eventbus: a thin coroutine that connects, reads answers and
// connects again, around a Multiplexer that knows what to do. Owned by the Eventbus, which joins
// run() before it destroys the connection. Lives on the shard's thread.
class EventbusConnection final : private transport::Transport::User {
 public:
  // What a connection holds back in its own memory when the socket does not take more.
  static constexpr std::size_t kMostStaged = std::size_t{4} << 20;

  EventbusConnection(Eventbus& bus, unsigned number);
  EventbusConnection(const EventbusConnection&) = delete;
  EventbusConnection& operator=(const EventbusConnection&) = delete;

  // Until stop().
  [[nodiscard]] Task<void> run();
  void stop();
  // There is something to send: an idle connection opens.
  void wake() { wake_.notify_all(); }

  [[nodiscard]] bool accepts() const noexcept {
    return state_ == LinkState::ready && !broken_ && mux_.has_room() &&
           mux_.outgoing_bytes() < kMostStaged;
  }
  [[nodiscard]] Multiplexer& multiplexer() noexcept { return mux_; }
  // Writes what is staged, as far as the socket takes it; the rest follows by itself.
  void write();
  // Ends the connection if the answer that is due next is overdue.
  void check_timeout(Instant now);

  [[nodiscard]] LinkState state() const noexcept { return state_; }
  // It has ended, though state() may not say so yet.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] const std::string& last_error() const noexcept { return last_error_; }

 private:
  // So many reads of the socket, then it is the others' turn.
  static constexpr unsigned kMostReads = 4;

  [[nodiscard]] Task<bool> connect();
  // Connects to one address, with TLS if the target asks for it. False with last_error_ set.
  [[nodiscard]] Task<bool> dial(tcp::endpoint to, Instant deadline);
  // Tells the bus how the connection ended; true if nobody is in a hurry to make another.
  [[nodiscard]] bool report_end();
  [[nodiscard]] Task<std::vector<tcp::endpoint>> resolve(Instant deadline);
  [[nodiscard]] Task<void> converse();
  void on_ready(bool writable) override;
  void read();
  void take_bytes(std::string_view input, Instant now);
  void settle_answer();
  void end_of_stream(const error_code& error, Instant now);
  void break_link(RetryReason reason, std::string_view what);
  void give_back();

  Eventbus& bus_;
  const unsigned number_;
  Signal wake_;
  Signal ended_;
  Multiplexer mux_;
  NameLookup lookup_;
  std::array<char, std::size_t{16} << 10> input_;
  transport::Dial* dial_ = nullptr;                  // the attempt under way
  std::unique_ptr<transport::Transport> transport_;  // of the connection there is
  tls::Ticket ticket_;                               // for the next one
  std::exception_ptr failure_;                       // what on_ready() could not throw
  std::string address_;
  std::string last_error_;
  RetryReason lost_reason_ = RetryReason::connection;
  LinkState state_ = LinkState::idle;
  std::optional<std::uint64_t> suspect_;  // the event whose answer was due at the end
  unsigned connects_ = 0;
  bool broken_ = false;
  bool answered_any_ = false;
  bool ended_oddly_ = false;  // with requests unanswered, or out of step
  bool stopping_ = false;
};

}  // namespace gateway::egress

#pragma once
#include <boost/intrusive/list_hook.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/domain/post.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/ingress/connection_count.hpp"
#include "gateway/ingress/reply_line.hpp"
#include "gateway/ingress/request_reader.hpp"
#include "gateway/tls/tls_session.hpp"
#include "runtime/asio.hpp"
#include "runtime/byte_budget.hpp"
#include "runtime/readiness.hpp"
#include "runtime/signal.hpp"

namespace gateway::ingress {

class Ingress;

// One client's connection. A RequestReader makes requests of what is read, and answers leave at the
// end of the loop turn in which they became ready. Reading never waits for an answer or a write; it
// pauses when kMostUnanswered requests are owed one. A coroutine tells how the connection ends; the
// reads before that are plain calls of the Readiness. Owned by the Ingress, which joins run()
// before it destroys the connection. Lives on the shard's thread.
class Connection final : public PostOwner, private WatchedSocket {
 public:
  // A client's requests without an answer, and bytes of answers it does not take: with so many of
  // either it is not read any more.
  static constexpr std::size_t kMostUnanswered = 64;
  static constexpr std::size_t kMostUnsent = std::size_t{64} << 10;

  Connection(Ingress& ingress, Descriptor socket, ConnectionCount::Place place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Until the connection has ended and nothing refers to it any more.
  [[nodiscard]] Task<void> run();

  void answer_ready(Post& post) override;
  // Writes the answers that are ready, in order.
  void flush();
  // Enforces the deadlines: of a request, of idling, of a client that does not read its answers.
  void check_timeouts(Instant now);
  // Since when nothing has been going on on it, if nothing is.
  [[nodiscard]] std::optional<Instant> idle_since() const noexcept;
  // It is to go: ends the connection if nothing is owed on it; otherwise after that.
  void drain();
  // Ends the connection at once.
  void abort();
  // TLS: what came of the handshake is read and answered, in a turn that was waited for.
  void handshake_step();

  boost::intrusive::list_member_hook<> all_hook;        // of all connections
  boost::intrusive::list_member_hook<> dirty_hook;      // of those to be flushed this turn
  boost::intrusive::list_member_hook<> handshake_hook;  // of those that wait for their turn

 private:
  enum class Phase : std::uint8_t {
    reading,
    answering,  // no further request is read; answers are still owed
    lingering,  // all is said; what the client still sends is read past, so that it can read it
    closed
  };
  static constexpr std::size_t kMostLingerBytes = std::size_t{1} << 20;

  // So many reads that filled their room, then it is the other connections' turn.
  static constexpr int kMostReads = 4;
  static constexpr int kMostLingerReads = 4;

  void on_ready(bool writable) override;
  // Reads what is there, unless reading is paused.
  void read();
  bool pass_over();
  void on_read(const Received& received, std::span<char> room);
  void read_past();
  // Takes a step of reading. What it throws ends this connection only.
  template <class Step>
  void take_step(Step step) {
    try {
      step();
      held_up_ = paused();
    } catch (...) {
      failure_ = std::current_exception();
      abort();
    }
  }
  void on_progress();
  void process();
  void on_head();
  [[nodiscard]] std::optional<Answer> authenticate_head();
  void refuse_head(Answer refusal);
  [[nodiscard]] Answer over_budget(bool close) const;
  void on_request();
  [[nodiscard]] bool is_signed(const Request& request);
  Post& owe_answer();
  void turn_away(Answer answer);
  void stop_reading();
  void send(std::string_view bytes);
  void send_rest();
  void forget_answers();
  [[nodiscard]] Task<void> linger();

  // TLS, in connection_tls.cpp: what is read comes out of, what is sent goes through tls_.
  void shake_hands();
  void receive_sealed(std::span<const char> bytes);
  void open_sealed();
  void send_sealed(std::string_view bytes);
  void say_goodbye();
  void end_handshake(TlsFailure why, std::string_view text);
  [[nodiscard]] bool handshake_overdue(Instant now) const;

  [[nodiscard]] bool paused() const noexcept;
  [[nodiscard]] bool all_said() const noexcept { return replies_.empty() && unsent_.empty(); }

  Ingress& ingress_;
  const ConnectionCount::Place place_;
  Signal progress_;
  RequestReader reader_;
  ReplyLine replies_;
  ByteLease::Units units_;   // of the request being read
  http::Stretch signature_;  // to be compared with its body; empty: there is none
  std::string unsent_;       // answers the socket did not take yet
  Instant last_activity_;
  Instant request_since_;  // first byte of the request being read
  Instant blocked_since_;
  Instant linger_until_;
  std::size_t lingered_ = 0;              // bytes read past
  std::exception_ptr failure_;            // what ended the connection, if it was one
  std::unique_ptr<tls::TlsSession> tls_;  // from a TLS client's first bytes on
  Phase phase_ = Phase::reading;
  const bool sealed_;  // speaks TLS
  bool handshaking_;   // and not in the open yet
  bool request_begun_ = false;
  bool keeping_body_ = false;
  bool skipping_ = false;  // the body of a request that is answered already
  bool held_up_ = false;   // what is there to be read waits for the end of a pause
  bool watching_writes_ = false;
  bool owes_continue_ = false;
  bool unread_input_ = false;  // the client may still be sending: close with care
};

}  // namespace gateway::ingress

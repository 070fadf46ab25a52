#pragma once
#include <boost/intrusive/list_hook.hpp>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/domain/post.hpp"
#include "gateway/ingress/connection_count.hpp"
#include "gateway/ingress/request_handler.hpp"
#include "gateway/ingress/session.hpp"
#include "gateway/transport/transport.hpp"
#include "runtime/asio.hpp"
#include "runtime/coroutine_life.hpp"
#include "runtime/signal.hpp"

namespace gateway::ingress {

class Ingress;

// One client's connection: moves bytes between a Transport and a Session, whose requests a
// RequestHandler decides about. Answers leave at the end of the loop turn in which they became
// ready. A coroutine tells the whole conversation; the reads in it are plain calls of the
// transport. Owned by the Ingress, which joins run() before it destroys the connection. Lives on
// the shard's thread.
class Connection final : public PostOwner, private transport::Transport::User {
 public:
  // `peer`: of the socket.
  Connection(Ingress& ingress, Descriptor socket, ConnectionCount::Permit permit,
             const asio::ip::address& peer);
  ~Connection() { forget_answers(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Returns when the connection has ended and nothing refers to it any more.
  [[nodiscard]] Task<void> run();

  void answer_ready(Post& post) override;
  [[nodiscard]] std::string client() const override { return client_.to_string(); }
  // Processes what was received in this turn. A failure ends this connection alone.
  void process_received();
  // Writes the answers that are ready, in order. A failure ends this connection alone.
  void flush();
  // Enforces the deadlines: of a handshake, a request, idling, a client that does not read.
  void check_timeouts(Instant now);
  // Returns when the connection became idle, or nullopt while a request or an answer is pending.
  [[nodiscard]] std::optional<Instant> idle_since() const noexcept;
  // Ends the connection if it is idle, and no request has come that was not read yet. Returns
  // whether it did.
  bool end_if_idle();
  // Bounds how long a client that was turned away is still read from.
  void hurry(Instant now);
  // Ends the connection at once.
  void abort();

  boost::intrusive::list_member_hook<> all_hook;    // of all connections
  boost::intrusive::list_member_hook<> dirty_hook;  // of those to be flushed this turn

  // Returns whether run() is gone without an end (Supervisor::Part::dropped() says how).
  [[nodiscard]] bool dropped() const noexcept { return dropped_; }

 private:
  enum class Phase : std::uint8_t {
    header,  // a PROXY header is to come first
    open,
    lingering,  // all is said; what the client still sends is discarded
    closed
  };
  using Received = transport::Transport::Received;
  // So many reads of the socket, then it is the other connections' turn.
  static constexpr unsigned kMostReads = 4;

  void on_ready(bool writable) override;
  void on_secured(const tls::TlsSession& session) override;
  // Takes a step. What it throws ends this connection only.
  template <class Step>
  void take_step(Step step) {
    try {
      step();
    } catch (...) {
      failure_ = std::current_exception();
      abort();
    }
    if (!session_.reading()) progress_.notify_all();
  }
  void read_header();
  void refuse_without_header(char first);
  void begin();
  void read();
  [[nodiscard, gnu::always_inline]] Received receive();  // has one caller, on the hot path
  void end_of_input(const error_code& error);
  void read_past();
  void process();
  [[nodiscard]] Task<void> serve();
  void write_answers();
  void send(std::string_view bytes);
  void send_rest();
  void forget_answers();
  [[nodiscard]] Task<void> linger();
  void count_tls_failure(TlsFailure why, std::string_view reason);

  Ingress& ingress_;
  ConnectionCount::Permit permit_;
  asio::ip::address client_;  // the socket's peer, or whom a PROXY header names
  Signal progress_;
  transport::Transport transport_;
  Session session_;
  RequestHandler handler_;
  const Instant since_;  // when it was accepted
  bool dropped_ = false;
  CoroutineLife life_{[this] { dropped_ = true; }};  // of run()
  std::exception_ptr failure_;                       // what ended the connection, if it was one
  Phase phase_ = Phase::open;
  bool held_up_ = false;  // what is there to be read waits for the end of a pause
};

}  // namespace gateway::ingress

#pragma once
#include <sys/uio.h>

#include <boost/intrusive/list_hook.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/tls/tls_session.hpp"
#include "gateway/tls/tls_source.hpp"
#include "gateway/transport/transport_error.hpp"
#include "runtime/asio.hpp"
#include "runtime/readiness.hpp"

namespace gateway::transport {

class Transports;

// Clients, the eventbus and `check --connect` all need a TCP connection that may speak TLS. A
// Transport is one: its user receives and sends plain text and does not see which of the two it
// is. It never waits: on_ready() tells when there is something to do.
//
//   connecting --> handshake --> open --> finished
//        \             |          |
//         \------------+----------+-----> failed      receive() says why
//
// A transport in plain text skips the handshake, one made from an accepted socket the connecting.
// Lives on its loop's thread; not to be destroyed within on_ready().
class Transport final : private WatchedSocket {
 public:
  // What TLS encrypts ahead of the socket; encrypted bytes can only be sent.
  static constexpr std::size_t kEncryptAtOnce = std::size_t{256} << 10;
  // What may wait for the socket: that, as encrypted, and a little of TLS itself.
  static constexpr std::size_t kMostHeld = 2 * kEncryptAtOnce;

  using WatchedSocket::Precedence;
  using WatchedSocket::Received;
  enum class Stage : std::uint8_t { connecting, handshake, open, failed, finished };

  class User {
   public:
    // There may be something to receive, the stage may have changed, and, if `writable`, what
    // send() did not take may be sent now. Must not throw.
    virtual void on_ready(bool writable) = 0;
    // The handshake is through; on_ready() follows.
    virtual void on_secured(const tls::TlsSession& /*session*/) {}

   protected:
    ~User() = default;
  };

  // `socket`: connected, non-blocking. `user` outlives the transport or is replaced before it dies.
  Transport(Transports& shared, Descriptor socket, User& user,
            Precedence precedence = Precedence::none);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  void set_user(User& user) noexcept { user_ = &user; }

  // Begins to tell the user. One of these comes first, once.
  [[nodiscard]] error_code watch() { return WatchedSocket::watch(); }
  [[nodiscard]] error_code connect(const tcp::endpoint& to);

  // The peer is to begin TLS. A session is made when its first bytes are here, under what `source`
  // has then; one handshake step a loop turn is taken, whatever the number of transports.
  void accept_tls(const tls::TlsSource& source) noexcept;
  // Begins TLS as a client.
  void begin_tls(std::unique_ptr<tls::TlsSession> session);

  [[nodiscard]] Stage stage() const noexcept { return stage_; }
  // The session while there is one; null in plain text.
  [[nodiscard]] tls::TlsSession* tls() const noexcept { return tls_.get(); }
  // What it failed with, if it did.
  [[nodiscard]] const error_code& error() const noexcept { return error_; }
  // Returns what `error`, which receive() or send() gave, means.
  [[nodiscard]] std::string describe(const error_code& error) const;

  // False: on_ready() will be called when there is something to receive.
  [[nodiscard]] bool may_receive() const noexcept {
    if (stage_ == Stage::open) [[likely]]
      return may_read() || decrypting_;
    return stage_ == Stage::failed || (stage_ == Stage::finished && may_read());
  }
  // Receives plain text, only in on_ready(). Errors: would_block for nothing now, eof for the end,
  // a TransportError, or what the system says.
  [[nodiscard]] Received receive(std::span<char> room) {
    if (stage_ == Stage::open && !tls_) [[likely]] {
      ++socket_reads_;
      return WatchedSocket::receive(room);
    }
    return receive_otherwise(room);
  }
  // How often the socket was read so far: a measure of what one transport takes of a loop turn.
  [[nodiscard]] unsigned socket_reads() const noexcept { return socket_reads_; }
  // As receive(), of at most `most` bytes nobody will look at: in plain text they are not even
  // copied. After finish() they are counted as they are on the wire.
  [[nodiscard]] Received discard(std::uint64_t most);
  // Has on_ready() called in the next loop turn, after others that are ready.
  using WatchedSocket::call_again;

  // Sends from the front of `pieces`, not when blocked(). Returns how much of them was taken. To be
  // called again until all of it was, or the socket takes nothing more: blocked() then, until an
  // on_ready(true).
  [[nodiscard]] std::size_t send(std::span<const iovec> pieces, error_code& error);
  [[nodiscard]] std::size_t send(std::string_view bytes, error_code& error);
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }
  // Bytes that send() took and the socket did not yet.
  [[nodiscard]] std::size_t unsent() const noexcept { return held_.size() - held_sent_; }
  // Says that nothing more is sent: close_notify with TLS, if the socket takes it at once, and the
  // end of the stream. From now on there is only discard().
  void finish();
  // Ends it at once, with a close_notify if it is open and the socket takes it. No on_ready() after
  // this.
  void close();

  // Looks at the bytes on the socket and leaves them there; before TLS begins.
  using WatchedSocket::may_read;
  using WatchedSocket::peek;
  using WatchedSocket::wait_for_more;
  // Takes `size` bytes that were peeked at off the socket.
  void skip(std::size_t size) noexcept;

  using WatchedSocket::handle;
  using WatchedSocket::has_unread;
  boost::intrusive::list_member_hook<> handshake_hook;  // of those that wait for their turn

 private:
  friend class Transports;

  void on_ready(bool writable) override;
  void on_ready_otherwise(bool writable);
  void finish_connecting();
  void take_handshake_step();
  void receive_handshake();
  void begin_session(std::string_view first);
  void judge_handshake();
  void fail(const error_code& error, std::string_view problem = {});
  [[nodiscard]] Received receive_otherwise(std::span<char> room);
  [[nodiscard]] std::size_t not_sent(error_code& error);
  [[nodiscard]] std::size_t encrypt(std::span<const iovec> pieces, error_code& error);
  void send_encrypted(std::string_view bytes);
  void send_held();
  // Returns how much of `bytes` the socket took; `blocked_` or `write_error_` if that is not all.
  [[nodiscard]] std::size_t write(std::string_view bytes);
  void block();
  void say_goodbye();

  Transports& shared_;
  User* user_;
  std::unique_ptr<tls::TlsSession> tls_;
  const tls::TlsSource* accepts_ = nullptr;  // of a server's side
  std::string held_;                         // encrypted, to be sent from held_sent_ on
  std::size_t held_sent_ = 0;
  error_code error_;        // what it failed with
  error_code write_error_;  // of TLS: nothing more can be sent, and what has come can be received
  std::string problem_;
  unsigned socket_reads_ = 0;
  Stage stage_ = Stage::open;
  bool decrypting_ = false;  // the session has input it has not been asked for
  bool blocked_ = false;
  bool watches_both_ = false;
};

}  // namespace gateway::transport

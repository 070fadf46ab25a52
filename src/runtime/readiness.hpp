#pragma once
#include <sys/epoll.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "runtime/asio.hpp"
#include "runtime/clock.hpp"
#include "runtime/descriptor.hpp"
#include "runtime/turn_end.hpp"

namespace gateway {

class Readiness;

// A socket in a Readiness, which must outlive it. It knows whether there may be something to read,
// and so saves the call that would only say that there is nothing: the set reports new bytes once,
// at the edge, and a read that did not fill its room has emptied the socket (epoll(7)).
class WatchedSocket : public boost::intrusive::list_base_hook<
                          boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  WatchedSocket(const WatchedSocket&) = delete;
  WatchedSocket& operator=(const WatchedSocket&) = delete;

 protected:
  // Whether the socket is called in its turn, or before all others of a loop turn.
  enum class Precedence : std::uint8_t { none, first };

  // `socket` is non-blocking and in no other set.
  WatchedSocket(Readiness& set, Descriptor socket,
                Precedence precedence = Precedence::none) noexcept
      : set_(set), socket_(std::move(socket)), precedence_(precedence) {}
  ~WatchedSocket() { close(); }

  // Has on_ready() called from now on, also for what is there already.
  [[nodiscard]] error_code watch();
  // As watch(), for a socket that is not watched yet, and has it told of room to write in as well:
  // once when there is some, then after each send() that found none.
  [[nodiscard]] error_code watch_both();
  // Has a watched socket told of room to write in as well.
  [[nodiscard]] error_code watch_writable();
  // Closes the socket. There is no on_ready() after this.
  void close() noexcept;
  // Has on_ready() called in the next loop turn, after all others that are ready.
  void call_again();

  // Returns false if there is nothing to read: on_ready() will be called when there is.
  [[nodiscard]] bool may_read() const noexcept { return may_read_; }
  struct Received {
    std::size_t size = 0;
    error_code error;  // asio::error::eof: the end; would_block: nothing is there for now
  };
  // Reads as much as there is, up to the size of `room`.
  [[nodiscard]] Received receive(std::span<char> room) noexcept { return read(room, 0); }
  // As receive(), but nobody will look at the bytes: over TCP they are not even copied.
  [[nodiscard]] Received discard(std::span<char> room) noexcept;
  // As receive(), but the bytes stay there, and there may still be something to read.
  [[nodiscard]] Received peek(std::span<char> room) noexcept;
  // Returns whether bytes have come that nobody has read, be they told of yet or not.
  [[nodiscard]] bool has_unread() const noexcept;
  // Has on_ready() called only when more has come, as what is there is not enough.
  void wait_for_more() noexcept { may_read_ = false; }
  [[nodiscard]] int handle() const noexcept { return socket_.get(); }

 private:
  friend class Readiness;

  // Called when the socket may have something to read or, if `writable`, room to write in. Must not
  // throw. The socket may be closed in it.
  virtual void on_ready(bool writable) = 0;
  [[nodiscard]] error_code control(int operation, std::uint32_t events) noexcept;
  [[nodiscard]] Received read(std::span<char> room, int flags) noexcept;

  Readiness& set_;
  Descriptor socket_;
  const Precedence precedence_;
  bool may_read_ = false;
  bool may_write_ = false;  // not told of yet
  bool ending_ = false;     // there is more than bytes to be read: the end, an error
};

// With the loop's own sockets each read costs a second one in vain, and the queueing of a handler.
// Readiness is an edge-triggered epoll set that the shard's loop watches as one descriptor; it
// calls all sockets that are ready in one handler, a turn of its own. Lives on one thread.
class Readiness {
 public:
  // Refreshes `clock` once a turn, before any socket is called; what they request of `turn_end` is
  // done when all have been. Throws system_error.
  Readiness(const Executor& executor, Clock& clock, TurnEnd& turn_end);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Every tick: sees to it that somebody waits for the set, also after a turn that failed.
  void tick() {
    if (!stopped_ && !waiting_ && !turn_due_) turn_soon();
  }
  void start() { wait(); }
  // Calls no socket any more, so that the loop can run dry; only then may this be destroyed.
  void stop();

 private:
  friend class WatchedSocket;
  using List = boost::intrusive::list<WatchedSocket, boost::intrusive::constant_time_size<false>>;
  // A turn tells of so many, and of no more once so much was read; the others follow in the next
  // one, after those that precede them. Bounds how long the rest of the loop waits: the eventbus'
  // connections take no more than their pipelines hold in a turn, so that long ones would starve
  // them.
  static constexpr std::size_t kBatch = 256;
  static constexpr std::size_t kMostBytes = std::size_t{512} << 10;
  // When so many were ready at once, looking again at the end of the turn is cheaper than having
  // the loop wait for the set, which costs a call to set the edge.
  static constexpr std::size_t kBusy = 4;

  void wait();
  void turn_soon();
  void turn();
  void look();
  void note(const epoll_event& event) noexcept;
  void tell_all();

  Clock& clock_;
  TurnEnd& turn_end_;
  asio::posix::basic_stream_descriptor<Executor> set_;
  List due_;    // to be told
  List again_;  // asked to be called again since the set was looked at
  std::array<epoll_event, kBatch> batch_;
  std::size_t bytes_ = 0;  // read in this turn
  bool busy_ = false;
  bool waiting_ = false;
  bool turn_due_ = false;
  bool stopped_ = false;
};

}  // namespace gateway

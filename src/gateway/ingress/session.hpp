#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/ingress/reply_line.hpp"
#include "gateway/ingress/request_reader.hpp"
#include "runtime/clock.hpp"

namespace gateway::ingress {

// A client sends requests, may send them before earlier ones are answered, may stop halfway, and
// may not read what it is told. A Session is one client's conversation: it says what arrived, in
// which order answers leave, when reading pauses, and when the client's time is up. Sans-I/O: the
// Connection moves the bytes, tells the time, and decides what becomes of each request.
//
//   reads:  idle -> head -> body ----------> idle       a request that is taken
//                      \--> refused_body --> idle       one that was answered at its head
//           any of them -> stopped                      nothing more is read; the client may be
//                                                       sending still
//           any of them -> ended                        the client said that it sends no more
class Session {
 public:
  // Requests without an answer, and bytes of answers that the client does not take: with so many of
  // either nothing is read.
  static constexpr std::size_t kMostUnanswered = 64;
  static constexpr std::size_t kMostUnsent = std::size_t{64} << 10;
  // How long the bytes of a client that was turned away are read past, so that it can write to the
  // end and read why (RFC 9112 section 9.6): in all, and after the last of them.
  static constexpr std::chrono::seconds kMostLinger{30};
  static constexpr std::chrono::seconds kLingerIdle{2};

  struct Limits {
    std::size_t max_body = 0;
    std::chrono::milliseconds request_timeout{0};  // from a request's first byte to its last
    std::chrono::milliseconds idle_timeout{0};     // between requests
  };

  // `limits` outlive the session.
  Session(BufferPool& pool, const Limits& limits, Instant now) noexcept
      : limits_(limits), reader_(pool, limits.max_body), active_(now) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What arrives.

  // Returns where to read to; at least one byte. Valid until the next call of any member.
  [[nodiscard]] std::span<char> room() { return reader_.prepare(); }
  void received(std::size_t size, Instant now) noexcept {
    reader_.commit(size);
    active_ = now;
  }
  // Returns how many of the next bytes nobody will look at: they may be discarded instead of read.
  [[nodiscard]] std::uint64_t unwanted() const noexcept { return reader_.to_pass_over(); }
  void discarded(std::size_t size, Instant now) noexcept {
    reader_.passed_over(size);
    active_ = now;
  }
  // Records that the client sends no more. What it is owed is still sent.
  void end() noexcept {
    if (reading()) reads_ = Reads::ended;
  }

  enum class Step : std::uint8_t {
    need_more,  // of the client's bytes, or the end of a pause
    head,       // head() is known: accept(), or refuse() it
    request,    // take() it and owe() an answer
    bad         // problem() says why nothing more can be read: owe() the answer and stop()
  };
  // Returns what to do next with what arrived.
  [[nodiscard, gnu::always_inline]] Step next();  // has one caller, which calls it thrice a post
  [[nodiscard]] const RequestReader& reader() const noexcept { return reader_; }
  [[nodiscard]] const RequestHead& head() const noexcept { return reader_.head(); }
  [[nodiscard]] BadRequest problem() const noexcept { return reader_.problem(); }
  // True while a body is read that is to be kept.
  [[nodiscard]] bool keeping_body() const noexcept { return reads_ == Reads::body; }

  // Has the body read and kept. If the client waits for leave to send it, that is owed.
  void accept();
  // Answers at the head; reads past the body, or no further.
  void refuse(Post& post, bool close);
  [[nodiscard]] Request take();
  void owe(Post& post) { replies_.push(post); }
  // Reads no further request; the client may still be sending.
  void stop() noexcept {
    if (reading()) reads_ = Reads::stopped;
  }

  // True while further requests are taken.
  [[nodiscard]] bool reading() const noexcept { return reads_ < Reads::stopped; }
  // True if nothing is read for now, as too much is owed.
  [[nodiscard]] bool paused() const noexcept {
    return replies_.size() >= kMostUnanswered || unsent_.size() >= kMostUnsent;
  }
  // True if the client is owed nothing and has been sent all.
  [[nodiscard]] bool all_said() const noexcept {
    return replies_.empty() && unsent_.empty() && !blocked_;
  }
  // True if closing now could cost the client its last answer (RFC 9112 section 9.6).
  [[nodiscard]] bool must_linger() const noexcept { return reads_ == Reads::stopped; }

  // What leaves.

  // Appends the answer that is due next, if it is ready. `last`: say that the connection ends with
  // it if no other is owed. Returns its post, or null if none is ready.
  [[nodiscard]] Post* write_answer(std::string& out, ReplyText& text, WallInstant now, bool last);
  // True if the client waits for leave to send a body.
  [[nodiscard]] bool owes_leave() const noexcept { return owes_leave_ && reads_ == Reads::body; }
  // Appends leave to send a body, if that is owed and every earlier request is answered.
  void write_leave(std::string& out, Instant now);
  // Takes an answer off that cannot be sent. Returns its post, or null if there is none.
  [[nodiscard]] Post* drop_answer() { return replies_.empty() ? nullptr : &replies_.drop_front(); }
  // Bytes of answers that could not be sent; sent() is told how many of them were.
  [[nodiscard]] const std::string& unsent() const noexcept { return unsent_; }
  void keep_unsent(std::string_view bytes) { unsent_ += bytes; }
  void sent(std::size_t size) { unsent_.erase(0, size); }
  // Records whether the socket takes bytes now.
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }
  void set_blocked(bool blocked, Instant now) noexcept {
    if (blocked) blocked_since_ = now;
    blocked_ = blocked;
  }

  // What time does.

  enum class Due : std::uint8_t {
    nothing,
    timeout,  // the request is not complete: answer 408
    give_up,  // nor is the body of one that was answered: stop()
    idle,     // nothing is going on: end_idle()
    cut       // end the connection at once
  };
  [[nodiscard]] Due due(Instant now, std::chrono::milliseconds idle_timeout) const noexcept;
  // Returns since when nothing has been going on, or nullopt while a request or an answer is
  // pending.
  [[nodiscard]] std::optional<Instant> idle_since() const noexcept;
  // Ends a session that is idle: there is no answer that lingering could save.
  void end_idle() noexcept { reads_ = Reads::ended; }
  // Begins the time of the client anew: it was not heard of because it was not listened to.
  void resume(Instant now) noexcept { active_ = request_since_ = now; }
  // Begins to read past what the client still sends, for `most` at most.
  void linger(Instant now, std::chrono::milliseconds most) noexcept;
  // Records that the client did something.
  void heard(Instant now) noexcept { active_ = now; }

 private:
  enum class Reads : std::uint8_t { idle, head, body, refused_body, stopped, ended };

  const Limits& limits_;
  RequestReader reader_;
  ReplyLine replies_;
  std::string unsent_;
  Instant active_;         // when the client was last heard of
  Instant request_since_;  // first byte of the request being read
  Instant blocked_since_;
  std::optional<Instant> linger_until_;
  Reads reads_ = Reads::idle;
  bool owes_leave_ = false;  // while the body is read
  bool blocked_ = false;
};

inline Session::Step Session::next() {
  while (reading() && !paused()) {
    switch (reader_.next()) {
      case RequestReader::Step::need_more:
        if (reads_ == Reads::idle && !reader_.idle()) {
          reads_ = Reads::head;
          request_since_ = active_;
        }
        return Step::need_more;
      case RequestReader::Step::head:
        if (reads_ == Reads::idle) request_since_ = active_;
        return Step::head;
      case RequestReader::Step::request: return Step::request;
      case RequestReader::Step::skipped: reads_ = Reads::idle; break;
      case RequestReader::Step::bad:
        if (reads_ != Reads::refused_body) return Step::bad;
        stop();  // it has been answered already
        break;
    }
  }
  return Step::need_more;
}

}  // namespace gateway::ingress

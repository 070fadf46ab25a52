#pragma once
#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "gateway/domain/event_slot.hpp"
#include "gateway/egress/policy/pipeline_depth.hpp"
#include "gateway/http/response_reader.hpp"
#include "runtime/clock.hpp"
#include "runtime/ring.hpp"
#include "runtime/secret_filter.hpp"

namespace gateway::egress {

// One eventbus connection's conversation: requests are staged, leave in gathered writes, and are
// answered strictly in order (RFC 9112 section 9.3.2). Sans-I/O: the connection asks for the bytes
// to write, says how many left, and feeds it what arrived.
//
//   slots_:     [ a ][ b ][ c ][ d ][ e ][ f ]     events, in the order they were staged
//   requests_:  [ 1  (1) ][ 2     (3)   ][ 3 (2) ] how many of them each request carries
//                 written      partly        not
//
// Every event staged comes back exactly once: answered through next(), or through lost().
class Multiplexer {
 public:
  Multiplexer(events::Encoder& encoder, unsigned pipeline) noexcept
      : encoder_(encoder), depth_(pipeline) {}

  // A new connection: nothing may be in flight. `expected`: the one before ended as it may.
  // `most`: how many requests the connection may be sent; 0: any number.
  void begin(bool expected = false, std::uint32_t most = 0);

  // Returns how many more requests may be staged before the next answer.
  [[nodiscard]] std::size_t room() const noexcept {
    // An answer whose body is still coming holds its place.
    const std::size_t taken = requests_.size() + (reads_past() ? 1 : 0);
    const std::size_t depth = depth_.value();
    const std::size_t room = depth > taken ? depth - taken : 0;
    if (most_ == 0) return room;
    return std::min<std::size_t>(room, most_ > staged_ ? most_ - staged_ : 0);
  }
  [[nodiscard]] bool has_room() const noexcept { return room() != 0; }
  // The body of an answer that was given is still coming.
  [[nodiscard]] bool reads_past() const noexcept { return reader_.reads_past(); }
  void limit(std::uint32_t most) noexcept { most_ = most; }
  // The connection will soon have been sent what it may: another one is to be ready by then.
  [[nodiscard]] bool near_end() const noexcept {
    return most_ != 0 && most_ - staged_ <= std::max(most_ / 4, depth_.value());
  }
  // Requests that were answered.
  [[nodiscard]] std::uint32_t answers() const noexcept { return answers_; }
  [[nodiscard]] unsigned depth() const noexcept { return depth_.value(); }
  void be_single(bool single) noexcept { depth_.be_single(single); }
  // Returns how long a request that is alone on the connection takes; 0: none was yet.
  [[nodiscard]] Instant::duration alone() const noexcept { return depth_.alone(); }
  // A deeper pipeline may bring more.
  [[nodiscard]] bool grows(Instant now) const noexcept {
    return depth_.grows(now) && (most_ == 0 || depth_.value() < most_);
  }
  // Returns whether the answer that comes next has been due since before `due`, so that whatever is
  // sent now waits with it; never with a fixed depth.
  [[nodiscard]] bool is_held_up(Instant due) const noexcept {
    return !depth_.is_fixed() && !requests_.empty() && waiting_since_ < due;
  }
  [[nodiscard]] std::size_t in_flight() const noexcept { return slots_.size(); }  // events
  [[nodiscard]] std::size_t requests() const noexcept { return requests_.size(); }

  // Makes room for so many more events. Without it an event that is staged when memory is refused
  // would be lost; with it lost() gives it back.
  void reserve(std::size_t events) {
    slots_.reserve(slots_.size() + events);
    requests_.reserve(requests_.size() + events);
  }
  // Stages one event as one request, or, between open_batch() and close_batch(), as part of one.
  void stage(const EventSlot& slot, Instant now);
  void open_batch() noexcept;
  // Returns false, and leaves the event out, if it is not the first one and the request's body
  // would become longer than `most` bytes.
  [[nodiscard]] bool add_to_batch(const EventSlot& slot, std::size_t most);
  void close_batch(Instant now);

  // Bytes to be written, and the report that some were.
  [[nodiscard]] events::Gather& outgoing() noexcept { return outgoing_; }
  [[nodiscard]] std::size_t outgoing_bytes() const noexcept { return outgoing_.bytes(); }
  void written(std::size_t bytes) {
    outgoing_.sent(bytes);
    written_ += bytes;
  }
  // Of what was written so many bytes have not left after all: they are encrypted and wait for the
  // socket. They may be counted with what TLS adds to them.
  void held(std::size_t bytes) noexcept { held_ = bytes; }

  enum class Step {
    need_more,
    answered,  // response() answers answered_events() events: take each with take_answered()
    surplus,   // an answer without a request: the connection is out of step
    ends,      // 408 without a request: the eventbus has waited for one long enough
    bad        // not HTTP
  };
  // Takes bytes off the front of `input`. After `answered` every event must be taken before the
  // next call. A 2xx that comes before its whole request has left is kept until then: left() gives
  // it. Any other is given at once, and the request is cut short.
  [[nodiscard]] Step next(std::string_view& input, Instant now);
  // To be called when all that was there has been given to next().
  void after_read(Instant now) noexcept;
  // To be called when bytes have left: `answered` if the last ones of a request that is answered
  // were among them, else `need_more`.
  [[nodiscard]] Step left(Instant now);
  // Nothing more will come: `answered` once more if that ends an answer.
  [[nodiscard]] Step end(Instant now);
  [[nodiscard]] const Response& response() const noexcept { return reader_.response(); }
  // Blanks secrets in the text of the answer.
  void filter_response(const SecretFilter& filter) { reader_.filter_response(filter); }
  [[nodiscard]] std::string_view problem() const noexcept { return reader_.reason(); }
  [[nodiscard]] std::size_t answered_events() const noexcept { return answered_; }
  [[nodiscard]] Instant answered_staged() const noexcept { return answered_staged_; }
  [[nodiscard]] std::size_t answered_bytes() const noexcept { return answered_bytes_; }
  // Returns the event that take_answered() takes.
  [[nodiscard]] const EventSlot& next_answered() noexcept { return slots_.front(); }
  EventSlot take_answered() noexcept {
    assert(answered_ > 0);
    --answered_;
    const EventSlot slot = slots_.front();
    slots_.pop_front();
    return slot;
  }

  // The connection is gone: calls back(slot, sent) for every unanswered event, the last staged one
  // first, so that putting each back at a queue's front restores their order. `sent`: some of its
  // bytes had left.
  template <class Back>
  void lost(Back back) {
    std::size_t end = slots_.size();
    std::size_t requested = 0;
    for (std::size_t i = 0; i < requests_.size(); ++i) requested += requests_[i].events;
    // Those whose request could not be completed for want of memory.
    while (end > requested + answered_) back(slots_[--end], false);
    for (std::size_t i = requests_.size(); i-- > 0;) {
      const Request& request = requests_[i];
      const bool sent = request.begin < written_;
      for (std::size_t k = 0; k < request.events; ++k) back(slots_[--end], sent);
    }
    // Answered, but the answer could not be told.
    while (end > 0) back(slots_[--end], true);
    clear();
  }
  // Looks at every event in flight.
  template <class Look>
  void for_each(Look look) {
    for (std::size_t i = 0; i < slots_.size(); ++i) look(slots_[i]);
  }
  // For the sake of `auto`: something happened that should not on a pipelined connection.
  void oddity(Instant now) noexcept { depth_.oddity(now); }

  // The last answer came before its whole request had left, and was none that has to wait for that:
  // the rest cannot be sent any more, as the events it is made of may be gone. The connection must
  // end.
  [[nodiscard]] bool cut_short() const noexcept { return cut_short_; }

  // How often the event whose answer is due next was sent before; only while one is in flight.
  [[nodiscard]] unsigned due_attempts() noexcept { return slots_.front().attempts; }
  // Since when the answer that is due next is due, or the rest of the last one's body. A request's
  // time runs from when it was staged or, behind another one, from that one's answer.
  [[nodiscard]] Instant waiting_since() const noexcept { return waiting_since_; }

 private:
  struct Request {
    Instant staged;
    std::uint64_t begin;  // of its bytes, counted from the connection's first
    std::uint32_t events;
    bool alone;  // nothing else was in flight when it was staged
  };
  void clear() noexcept;
  void push_request(Instant now, std::uint64_t begin, std::uint32_t events);
  [[nodiscard]] Step surplus_behind(std::string_view& input);
  // Applies an answer to the request at the front; `need_more` if it is kept until that has left.
  [[gnu::always_inline]] Step answered(Instant now);

  events::Encoder& encoder_;
  PipelineDepth depth_;
  events::Gather outgoing_;
  ResponseReader reader_;
  Ring<EventSlot> slots_;
  Ring<Request> requests_;
  std::uint32_t batched_ = 0;  // events of the batch that is open
  std::uint64_t written_ = 0;
  std::size_t held_ = 0;
  Instant waiting_since_{};
  std::size_t answered_ = 0;
  std::size_t answered_bytes_ = 0;
  Instant answered_staged_{};
  std::uint32_t most_ = 0;
  std::uint32_t staged_ = 0;   // requests, since the connection was new
  std::uint32_t answers_ = 0;  // likewise
  // Of the answers since `since_`: how many, and whether the pipe was full before they came.
  unsigned read_answers_ = 0;
  bool full_ = false;
  Instant since_{};
  bool cut_short_ = false;
  bool early_ = false;  // the request at the front is answered 2xx, and some of it has not left
};

}  // namespace gateway::egress

#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/http/chunked.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/http/request.hpp"
#include "runtime/buffer_pool.hpp"

namespace gateway::ingress {

using http::BodyKind;
using http::Method;
using http::Request;
using http::RequestHead;

// Why a request cannot be read to its end. The connection cannot go on after the answer.
class BadRequest {
 public:
  constexpr BadRequest(unsigned status, std::string_view reason) noexcept
      : status_(status), reason_(reason) {}
  [[nodiscard]] constexpr unsigned status() const noexcept { return status_; }
  [[nodiscard]] constexpr std::string_view reason() const noexcept { return reason_; }

 private:
  unsigned status_;
  std::string_view reason_;
};

// Parses the bytes of one connection into requests (RFC 9112), strictly: what two programs could
// read in two ways is refused. Sans-I/O: the connection asks for room, says how much arrived, and
// calls next() until it needs more.
//
//   bytes_:  | request being read            | part of the next one | room |
//            begin_   head   body_begin_ ... body_end_    in_       end_
//                                             (chunked: decoded up to body_end_, raw from in_)
//
// A complete request leaves with the buffer it lies in. Of the request and of what was read past
// it the shorter one is copied to another buffer; without pipelining nothing is.
class RequestReader {
 public:
  enum class Step {
    need_more,  // read more bytes
    head,       // head() is known; now call keep_body() or skip_body(), then go on
    request,    // take() it
    skipped,    // a skipped body has been read to its end
    bad         // problem() says why
  };

  RequestReader(BufferPool& pool, std::size_t max_body) noexcept
      : pool_(pool), max_body_(max_body) {}

  // Returns the room to read into, at least one byte. Valid until the next call of any member.
  [[nodiscard]] std::span<char> prepare();
  void commit(std::size_t size) noexcept { end_ += size; }

  [[nodiscard]] Step next();
  [[nodiscard]] const RequestHead& head() const noexcept { return request_.head; }
  // Returns a walk over all fields of the head. Only between Step::head and keep_body() or
  // skip_body(); so for slice_of(), which returns where in Request::bytes a part of the head will
  // be.
  [[nodiscard]] http::FieldWalk fields() const noexcept { return {bytes_.data() + begin_, scan_}; }
  [[nodiscard]] http::Slice slice_of(std::string_view part) const noexcept;
  void keep_body();
  void skip_body() noexcept;
  // Returns how much of the body being skipped has still to come, 0 if that is not known. So many
  // bytes may be discarded instead of being read here; passed_over() is told, then next() is
  // called.
  [[nodiscard]] std::uint64_t to_pass_over() const noexcept {
    return state_ == State::skip && !request_.head.chunked && end_ == 0 ? skip_left_ : 0;
  }
  void passed_over(std::size_t size) noexcept { skip_left_ -= size; }
  [[nodiscard]] Request take();
  [[nodiscard]] BadRequest problem() const noexcept { return problem_; }

  // Returns how many bytes of the body being read have arrived.
  [[nodiscard]] std::size_t body_size() const noexcept { return end_ - body_begin_; }
  // Returns true between requests, while nothing of the next one has arrived.
  [[nodiscard]] bool idle() const noexcept { return state_ == State::head && begin_ == end_; }

 private:
  enum class State : std::uint8_t { head, decide, body, skip, complete, broken };

  Step read_head();
  Step read_body();
  Step skip();
  Step fail(unsigned status, std::string_view reason) noexcept;
  bool parse_request_line(std::string_view line) noexcept;
  [[nodiscard]] bool is_good_host(std::string_view host);
  Step parse_fields();
  [[nodiscard]] bool is_another_type(std::string_view value) const noexcept;
  void note_event_field(std::string_view name, std::string_view value);
  void make_room(std::size_t needed);

  BufferPool& pool_;
  const std::size_t max_body_;
  Buffer bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t body_begin_ = 0;
  std::size_t body_end_ = 0;
  std::size_t in_ = 0;
  std::uint64_t skip_left_ = 0;
  std::size_t first_read_ = BufferPool::kSmallest - BufferPool::kPadding;
  http::HeadScan scan_;
  http::ChunkedDecoder chunks_;
  State state_ = State::head;
  bool http_1_0_ = false;
  unsigned empty_lines_ = 0;  // since the last request
  std::string known_host_;    // of the last request whose Host field was good
  Request request_;
  BadRequest problem_{0, {}};
};

}  // namespace gateway::ingress

#include "gateway/ingress/request_reader.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "events/ascii.hpp"
#include "gateway/http/host.hpp"

namespace gateway::ingress {
namespace {

// Posts larger than this are read in two steps instead of letting every idle connection wait with a
// large buffer.
constexpr std::size_t kLargestFirstRead = (std::size_t{16} << 10) - BufferPool::kPadding;
// Empty lines before a request that are passed over: a client that sends nothing else is not idle.
constexpr unsigned kMostEmptyLines = 8;
// Longer Host fields are looked at anew each time.
constexpr std::size_t kMostKnownHost = 64;

BodyKind kind_of(std::string_view content_type) noexcept {
  constexpr std::size_t kCommon = std::string_view("application/cloudevents").size();
  if (!http::is_name(content_type.substr(0, kCommon), "application/cloudevents")) {
    return BodyKind::records;
  }
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  if (equals_ignoring_case(type, "application/cloudevents+json")) {
    return BodyKind::structured_event;
  }
  if (equals_ignoring_case(type, "application/cloudevents-batch+json")) {
    return BodyKind::event_batch;
  }
  return BodyKind::records;
}

// RFC 9112 section 3.2: no form of request target holds white space or anything but ASCII.
bool is_target(std::string_view target) noexcept {
  for (const char c : target) {
    if (c <= ' ' || c > '~') return false;
  }
  return !target.empty();
}

// RFC 9112 section 3.2: a target that is no path is an absolute URI, or belongs to its method.
bool is_other_target(std::string_view method, std::string_view target) noexcept {
  if (method == "CONNECT") return http::is_host(target);
  if (target == "*") return method == "OPTIONS";
  return equals_ignoring_case(target.substr(0, 7), "http://") ||
         equals_ignoring_case(target.substr(0, 8), "https://");
}

}  // namespace

std::span<char> RequestReader::prepare() {
  if (begin_ == end_ && state_ == State::head) {
    begin_ = end_ = 0;
    scan_.reset();
  }
  if (!bytes_) bytes_ = pool_.take(first_read_);
  if (end_ == bytes_.size()) make_room(2 * (end_ - begin_));
  return {bytes_.data() + end_, bytes_.size() - end_};
}

// Room for a request of `needed` bytes, counted from its first one.
void RequestReader::make_room(std::size_t needed) {
  if (begin_ + needed <= bytes_.size()) return;
  const std::size_t used = end_ - begin_;
  if (needed <= bytes_.size()) {
    std::memmove(bytes_.data(), bytes_.data() + begin_, used);
  } else {
    Buffer larger = pool_.take(needed);
    if (used != 0) std::memcpy(larger.data(), bytes_.data() + begin_, used);
    bytes_ = std::move(larger);
  }
  body_begin_ -= std::min(body_begin_, begin_);
  body_end_ -= std::min(body_end_, begin_);
  in_ -= std::min(in_, begin_);
  end_ = used;
  begin_ = 0;
}

RequestReader::Step RequestReader::next() {
  switch (state_) {
    case State::head: return read_head();
    case State::body: return read_body();
    case State::skip: return skip();
    case State::broken: return Step::bad;
    case State::decide:
    case State::complete: break;
  }
  assert(false && "keep_body(), skip_body() or take() is due");
  return Step::bad;
}

RequestReader::Step RequestReader::fail(unsigned status, std::string_view reason) noexcept {
  problem_ = BadRequest(status, reason);
  state_ = State::broken;
  return Step::bad;
}

RequestReader::Step RequestReader::read_head() {
  // RFC 9112 section 2.2: an empty line before a request is to be ignored.
  while (scan_.size() == 0 && end_ - begin_ >= 2 && bytes_.data()[begin_] == '\r' &&
         bytes_.data()[begin_ + 1] == '\n') {
    begin_ += 2;
    if (++empty_lines_ > kMostEmptyLines) return fail(400, "empty lines instead of a request");
  }
  if (begin_ == end_) return Step::need_more;

  const char* data = bytes_.data() + begin_;
  switch (scan_.advance(data, end_ - begin_)) {
    case http::HeadScan::State::malformed:
      return fail(400, "control character in the head, or a line that does not end in CRLF");
    case http::HeadScan::State::too_many_lines: return fail(431, "too many header fields");
    case http::HeadScan::State::incomplete:
      if (end_ - begin_ >= http::kMaxHead) {
        // RFC 9112 section 3: a target that is too long has an answer of its own.
        return scan_.lines() == 0 ? fail(414, "request line too long")
                                  : fail(431, "head too large");
      }
      return Step::need_more;
    case http::HeadScan::State::complete: break;
  }
  request_.reset();
  empty_lines_ = 0;
  if (!parse_request_line(scan_.line(data, 0))) return Step::bad;
  return parse_fields();
}

bool RequestReader::parse_request_line(std::string_view line) noexcept {
  constexpr std::size_t kVersion = std::string_view(" HTTP/1.1").size();
  const bool http_1_1 = line.ends_with(" HTTP/1.1");
  http_1_0_ = !http_1_1 && line.ends_with(" HTTP/1.0");
  const bool known = http_1_1 || http_1_0_;
  const std::size_t first = line.find(' ');
  const std::size_t last = known ? line.size() - kVersion : line.rfind(' ');
  if (first == std::string_view::npos || first == last ||
      !is_target(line.substr(first + 1, last - first - 1))) {
    fail(400, "malformed request line");
    return false;
  }
  const std::string_view method = line.substr(0, first);
  if (line[first + 1] != '/' &&
      !is_other_target(method, line.substr(first + 1, last - first - 1))) {
    fail(400, "request target that is neither a path nor a URI");
    return false;
  }
  if (!known) {
    fail(400, "not HTTP/1.1");
    return false;
  }
  if (method == "POST") {
    request_.head.method = Method::post;
  } else if (method == "OPTIONS") {
    request_.head.method = Method::options;
  } else if (method == "GET" || method == "HEAD") {
    const std::string_view target = line.substr(first + 1, last - first - 1);
    request_.head.method = method == "GET" ? Method::get : Method::head;
    request_.head.asks_for_health = target.substr(0, target.find('?')) == "/healthz";
  } else if (!http::is_token(method)) {
    fail(400, "malformed method");
    return false;
  }
  return true;
}

RequestReader::Step RequestReader::parse_fields() {
  RequestHead& head = request_.head;
  http::Framing framing;
  http::FieldWalk walk(bytes_.data() + begin_, scan_);
  bool close = http_1_0_;
  std::size_t hosts = 0;
  bool bad_host = false;
  bool bad_expectation = false;
  bool bad_type = false;
  bool specversion = false;

  while (walk.next()) {
    const std::string_view name = walk.name();
    const std::string_view value = walk.value();
    using http::is_name;
    if (is_name(name, "host")) {
      ++hosts;
      bad_host = bad_host || !is_good_host(value);
    } else if (is_name(name, "content-length")) {
      framing.content_length(value);
    } else if (is_name(name, "content-type")) {
      bad_type = bad_type || is_another_type(value);
      request_.content_type = slice_of(value);
      head.kind = kind_of(value);
    } else if (is_name(name, "content-encoding")) {
      http::for_each_in_list(value, [&head](std::string_view coding) {
        if (!equals_ignoring_case(coding, "identity")) head.content_coded = true;
      });
    } else if (is_name(name, "connection")) {
      http::for_each_in_list(value, [&close](std::string_view option) {
        if (equals_ignoring_case(option, "close")) close = true;
      });
    } else if (is_name(name, "transfer-encoding")) {
      framing.transfer_encoding(value);
    } else if (is_name(name, "expect")) {
      head.expects_continue = equals_ignoring_case(value, "100-continue");
      bad_expectation = bad_expectation || !head.expects_continue;
    } else if (is_name(name, "webhook-request-origin")) {
      request_.webhook_origin = slice_of(value);
    } else if (name.size() > 3 && is_name(name.substr(0, 3), "ce-")) {
      specversion = specversion || is_name(name, "ce-specversion");
      if (!walk.check_unknown()) break;
      note_event_field(name, value);
    } else if (!walk.check_unknown()) {
      break;
    }
  }

  if (walk.malformed()) return fail(400, "malformed header field");
  // RFC 9112 section 3.2.
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) return fail(400, "exactly one Host field is needed");
  if (bad_host) return fail(400, "malformed Host field");
  using Problem = http::Framing::Problem;
  switch (framing.problem()) {
    case Problem::none: break;
    case Problem::bad_length: return fail(400, "malformed Content-Length");
    case Problem::two_lengths: return fail(400, "more than one Content-Length");
    case Problem::length_and_coding: return fail(400, "both Content-Length and Transfer-Encoding");
    case Problem::bad_coding: return fail(400, "malformed Transfer-Encoding");
    case Problem::unknown_coding: return fail(501, "transfer coding other than chunked");
  }
  if (framing.chunked() && http_1_0_) return fail(400, "Transfer-Encoding in HTTP/1.0");
  if (bad_type) return fail(400, "more than one Content-Type");
  if (bad_expectation) return fail(417, "expectation other than 100-continue");

  head.keep_alive = !close;
  head.chunked = framing.chunked();
  head.content_length = framing.length().value_or(0);
  // RFC 9110 section 10.1.1: not without a body, and never to an HTTP/1.0 client.
  if (http_1_0_ || (head.content_length == 0 && !head.chunked)) head.expects_continue = false;
  if (head.kind == BodyKind::records && specversion) head.kind = BodyKind::binary_event;
  body_begin_ = body_end_ = in_ = begin_ + scan_.size();
  state_ = State::decide;
  return Step::head;
}

// Whether a Content-Type was there before and said something else: which one counts would be a
// guess (RFC 9110 section 5.3).
bool RequestReader::is_another_type(std::string_view value) const noexcept {
  const http::Slice& before = request_.content_type;
  return before.offset != 0 && before.in(bytes_.data() + begin_) != value;
}

// A client names the same host in every request.
bool RequestReader::is_good_host(std::string_view host) {
  if (host == known_host_) return true;
  if (!http::is_host(host)) return false;
  if (host.size() <= kMostKnownHost) known_host_ = host;
  return true;
}

// Relative to the head's first byte, as the buffer may move.
http::Slice RequestReader::slice_of(std::string_view part) const noexcept {
  return {static_cast<std::uint32_t>(part.data() - (bytes_.data() + begin_)),
          static_cast<std::uint32_t>(part.size())};
}

void RequestReader::note_event_field(std::string_view name, std::string_view value) {
  const http::Slice at = slice_of(name);
  char* text = bytes_.data() + begin_ + at.offset;
  for (std::size_t i = 0; i < at.length; ++i) {
    if (text[i] >= 'A' && text[i] <= 'Z') text[i] = static_cast<char>(text[i] | 0x20);
  }
  request_.event_fields.push_back(at);
  request_.event_fields.push_back(slice_of(value));
}

void RequestReader::keep_body() {
  assert(state_ == State::decide);
  state_ = State::body;
  if (request_.head.chunked) return;
  const std::size_t total =
      body_begin_ - begin_ + static_cast<std::size_t>(request_.head.content_length);
  first_read_ = std::clamp(total, BufferPool::kSmallest - BufferPool::kPadding, kLargestFirstRead);
  if (begin_ + total > bytes_.size()) make_room(total);
}

void RequestReader::skip_body() noexcept {
  assert(state_ == State::decide);
  state_ = State::skip;
  skip_left_ = request_.head.content_length;
}

RequestReader::Step RequestReader::read_body() {
  if (!request_.head.chunked) {
    const auto length = static_cast<std::size_t>(request_.head.content_length);
    if (end_ - body_begin_ < length) return Step::need_more;
    body_end_ = in_ = body_begin_ + length;
    state_ = State::complete;
    return Step::request;
  }
  char* data = bytes_.data();
  const auto progress = chunks_.advance(data + in_, end_ - in_, data + body_end_);
  in_ += progress.consumed;
  body_end_ += progress.produced;
  if (progress.state == http::ChunkedDecoder::State::malformed) {
    return fail(400, "malformed chunked body");
  }
  if (body_end_ - body_begin_ > max_body_) return fail(413, "body larger than gateway.max_body");
  if (progress.state == http::ChunkedDecoder::State::complete) {
    chunks_.reset();
    state_ = State::complete;
    return Step::request;
  }
  // All raw bytes are used up: what comes next goes right behind the decoded ones.
  in_ = end_ = body_end_;
  return Step::need_more;
}

RequestReader::Step RequestReader::skip() {
  if (request_.head.chunked) {
    const auto progress = chunks_.advance(bytes_.data() + in_, end_ - in_, nullptr);
    in_ += progress.consumed;
    skip_left_ += progress.produced;
    if (progress.state == http::ChunkedDecoder::State::malformed) {
      return fail(400, "malformed chunked body");
    }
    if (skip_left_ > max_body_) return fail(413, "body larger than gateway.max_body");
    if (progress.state == http::ChunkedDecoder::State::incomplete) {
      begin_ = end_ = in_ = 0;
      return Step::need_more;
    }
    chunks_.reset();
  } else {
    const std::size_t here = std::min<std::uint64_t>(skip_left_, end_ - in_);
    in_ += here;
    skip_left_ -= here;
    if (in_ == end_) {
      // Of ten thousand that are turned away none is to wait with a buffer.
      begin_ = end_ = in_ = 0;
      bytes_.release();
    }
    if (skip_left_ != 0) return Step::need_more;
  }
  begin_ = in_;
  scan_.reset();
  state_ = State::head;
  return Step::skipped;
}

Request RequestReader::take() {
  assert(state_ == State::complete);
  const std::size_t used = in_ - begin_;
  const std::size_t rest = end_ - in_;
  Request request = std::move(request_);
  request.body = {static_cast<std::uint32_t>(body_begin_ - begin_),
                  static_cast<std::uint32_t>(body_end_ - body_begin_)};
  if (rest == 0 && begin_ == 0) {
    request.bytes = std::move(bytes_);
    end_ = 0;
  } else if (rest > used || rest == 0) {
    request.bytes = pool_.take(used);
    std::memcpy(request.bytes.data(), bytes_.data() + begin_, used);
    begin_ = in_;
  } else {
    Buffer next = pool_.take(std::max(rest, first_read_));
    std::memcpy(next.data(), bytes_.data() + in_, rest);
    std::memmove(bytes_.data(), bytes_.data() + begin_, used);
    request.bytes = std::exchange(bytes_, std::move(next));
    begin_ = 0;
    end_ = rest;
  }
  body_begin_ = body_end_ = in_ = 0;
  scan_.reset();
  state_ = State::head;
  return request;
}

}  // namespace gateway::ingress

#include "gateway/http/response_reader.hpp"

#include <algorithm>
#include <array>

#include "events/ascii.hpp"

namespace gateway::egress {
namespace {

constexpr std::size_t kMostCoding = 32;  // bytes of its name that are shown

bool is_empty_line(std::string_view line) noexcept {
  return line == "\r\n" || line == "\n";
}

}  // namespace

// An eventbus says the same words thousands of times a second: a head equal to the one before means
// the same.
inline bool ResponseReader::read_same_head(std::string_view& input) noexcept {
  if (head_bytes_ != 0 || same_.empty() || !input.starts_with(same_)) return false;
  input.remove_prefix(same_.size());
  response_.status = same_status_;
  response_.close = same_close_;
  response_.doubtful = false;
  response_.retry_after.clear();
  response_.excerpt.clear();
  coded_ = false;
  body_ = same_body_;
  left_ = same_left_;
  return true;
}

ResponseReader::Step ResponseReader::next(std::string_view& input) {
  if (given_) {
    const Step step = read_past(input);
    if (step == Step::bad || given_) return step;
  }
  if (body_ != Body::none) return read_body(input);
  // RFC 9110 section 15.2: interim answers come before the final one, in any number.
  do {
    const Step step = read_same_head(input) ? Step::response : read_head(input);
    if (step != Step::response) return step;
  } while (response_.status < 200);
  given_ = body_ != Body::none && response_.status < 300;
  if (body_ == Body::none || given_) return Step::response;
  return read_body(input);
}

ResponseReader::Step ResponseReader::read_past(std::string_view& input) {
  if (!given_) return Step::need_more;
  const Step step = read_body(input);
  return step == Step::response ? Step::need_more : step;
}

ResponseReader::Step ResponseReader::end() {
  if (head_bytes_ != 0) return fail("connection closed in the middle of an answer");
  if (body_ == Body::none) return Step::need_more;
  const bool known = given_;
  const bool cut = body_ != Body::until_close;
  static_cast<void>(body_complete());
  if (known) return Step::need_more;
  response_.close = true;
  response_.doubtful = cut;
  return Step::response;
}

void ResponseReader::reset() {
  partial_.clear();
  head_bytes_ = 0;
  began_ = cut_ = bare_ = false;
  last_ = '\0';
  chunks_.reset();
  body_ = Body::none;
  given_ = false;
  left_ = 0;
}

ResponseReader::Step ResponseReader::fail(std::string_view reason) noexcept {
  reason_ = reason;
  return Step::bad;
}

// --- head ---

// Returns `response` when a head is complete, also an interim one.
ResponseReader::Step ResponseReader::read_head(std::string_view& input) {
  const char* const whole = head_bytes_ == 0 ? input.data() : nullptr;
  Step step = Step::need_more;
  while (step == Step::need_more && !input.empty()) step = read_field(input);
  if (step != Step::response) return step;
  const bool plain = head_.safe() && head_.status() >= 200 && head_.retry_after().empty() &&
                     head_.coding().empty();
  if (whole != nullptr && plain) {
    const auto size = static_cast<std::size_t>(input.data() - whole);
    if (size > kMostSame) return step;
    same_.assign(whole, size);
    same_status_ = response_.status;
    same_close_ = response_.close;
    same_body_ = body_;
    same_left_ = left_;
  }
  return step;
}

// Takes bytes up to the end of a line. A field ends where the next line does not begin with a
// blank, so that the last line that was read waits in partial_ for the byte behind it.
ResponseReader::Step ResponseReader::read_field(std::string_view& input) {
  if (!partial_.empty() && last_ == '\n' && !is_blank(input.front())) return take_partial();
  const std::size_t line_end = input.find('\n');
  const std::string_view line = input.substr(0, line_end == input.npos ? line_end : line_end + 1);
  head_bytes_ += line.size();
  if (head_bytes_ > kMostHead) return fail("head too large");
  if (line_end != input.npos && (line.size() == 1 ? last_ : line[line.size() - 2]) != '\r') {
    bare_ = true;
  }
  const bool whole = partial_.empty() && line_end != input.npos;
  if (whole && line.size() < input.size() && !is_blank(input[line.size()]) &&
      !is_empty_line(line)) {
    input.remove_prefix(line.size());
    return take_field(without_end(line));
  }
  constexpr std::size_t kMostKept = kMostField + 2;  // with its line end
  const std::string_view kept = line.substr(0, kMostKept - std::min(kMostKept, partial_.size()));
  cut_ = cut_ || kept.size() < line.size();
  partial_.append(kept);
  last_ = line.back();
  input.remove_prefix(line.size());
  if (!began_ && !ResponseHead::may_begin_with(partial_)) return fail("malformed status line");
  return is_empty_line(partial_) ? head_complete() : Step::need_more;
}

std::string_view ResponseReader::without_end(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

ResponseReader::Step ResponseReader::take_partial() {
  const Step step = take_field(cut_ ? std::string_view(partial_) : without_end(partial_));
  partial_.clear();
  cut_ = false;
  last_ = '\0';
  return step;
}

ResponseReader::Step ResponseReader::take_field(std::string_view text) {
  const bool cut = text.size() > kMostField;
  text = text.substr(0, kMostField);
  if (began_) {
    head_.field(text, cut);
    return Step::need_more;
  }
  began_ = head_.begin(text);
  return began_ ? Step::need_more : fail("malformed status line");
}

ResponseReader::Step ResponseReader::head_complete() {
  if (bare_) head_.distrust();
  head_.end();
  partial_.clear();
  head_bytes_ = 0;
  began_ = bare_ = false;
  last_ = '\0';
  // 101 would end HTTP on this connection, and nobody asked for it.
  if (head_.status() == 101) return fail("unexpected 101 Switching Protocols");
  response_.status = head_.status();
  response_.close = head_.close();
  response_.doubtful = !head_.safe();
  response_.retry_after = head_.retry_after();
  response_.excerpt.clear();
  coded_ = !head_.coding().empty();
  if (coded_ && response_.status >= 300) {
    response_.excerpt = "an answer in the content coding " + head_.coding().substr(0, kMostCoding);
  }
  body_ = Body::none;
  if (head_.safe()) begin_body(head_.framing());
  return Step::response;
}

// --- body ---

// RFC 9112 section 6.3.
void ResponseReader::begin_body(const http::Framing& framing) noexcept {
  body_ = Body::none;
  if (response_.status < 200 || response_.status == 204 || response_.status == 304) return;
  if (framing.chunked()) {
    body_ = Body::chunked;
  } else if (const auto length = framing.length(); !length) {
    body_ = Body::until_close;
    response_.close = true;
  } else if (*length != 0) {
    body_ = Body::length;
    left_ = *length;
  }
}

ResponseReader::Step ResponseReader::read_body(std::string_view& input) {
  switch (body_) {
    case Body::length: {
      const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
      keep_excerpt(input.substr(0, here));
      input.remove_prefix(here);
      left_ -= here;
      return left_ == 0 ? body_complete() : Step::need_more;
    }
    case Body::chunked: {
      std::array<char, 4096> decoded;
      while (!input.empty()) {
        const std::string_view part = input.substr(0, decoded.size());
        const auto progress = chunks_.advance(part.data(), part.size(), decoded.data());
        keep_excerpt({decoded.data(), progress.produced});
        input.remove_prefix(progress.consumed);
        if (progress.state == http::ChunkedDecoder::State::malformed) return body_broken();
        if (progress.state == http::ChunkedDecoder::State::complete) return body_complete();
      }
      return Step::need_more;
    }
    case Body::until_close:
      keep_excerpt(input);
      input = {};
      return Step::need_more;
    case Body::none: break;
  }
  return body_complete();
}

ResponseReader::Step ResponseReader::body_complete() noexcept {
  chunks_.reset();
  body_ = Body::none;
  given_ = false;
  return Step::response;
}

ResponseReader::Step ResponseReader::body_broken() noexcept {
  const bool known = given_;
  static_cast<void>(body_complete());
  if (known) return fail("malformed chunked body");
  response_.close = response_.doubtful = true;
  return Step::response;
}

void ResponseReader::keep_excerpt(std::string_view part) {
  if (response_.status < 300 || coded_ || response_.excerpt.size() >= kExcerpt) return;
  response_.excerpt.append(part.substr(0, kExcerpt - response_.excerpt.size()));
}

}  // namespace gateway::egress

#include "gateway/egress/response_reader.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include "events/ascii.hpp"

namespace gateway::egress {

ResponseReader::Step ResponseReader::next(std::string_view& input) {
  for (;;) {
    if (body_ == Body::none) {
      const Step step = read_head(input);
      if (step != Step::response) return step;
      if (body_ == Body::none) {
        // RFC 9110 section 15.2: interim answers come before the final one, in any number.
        if (response_.status < 200) continue;
        return Step::response;
      }
    }
    return read_body(input);
  }
}

ResponseReader::Step ResponseReader::end() {
  if (body_ == Body::until_close) return finish();
  return fail("connection closed in the middle of an answer");
}

void ResponseReader::reset() {
  partial_.clear();
  scan_.reset();
  chunks_.reset();
  body_ = Body::none;
  left_ = 0;
}

ResponseReader::Step ResponseReader::fail(std::string_view reason) noexcept {
  reason_ = reason;
  return Step::bad;
}

ResponseReader::Step ResponseReader::finish() noexcept {
  body_ = Body::none;
  return Step::response;
}

ResponseReader::Step ResponseReader::read_head(std::string_view& input) {
  // An eventbus says the same words thousands of times a second: a head equal to the one before
  // means the same.
  if (partial_.empty() && !same_.empty() && input.starts_with(same_)) {
    input.remove_prefix(same_.size());
    response_.status = same_status_;
    response_.close = same_close_;
    response_.retry_after.clear();
    response_.excerpt.clear();
    begin_body(same_framing_);
    return Step::response;
  }
  // Most heads arrive whole, and are parsed where they lie.
  std::string_view text = input;
  const std::size_t before = partial_.size();
  if (before != 0) {
    partial_.append(input.substr(0, http::kMaxHead));
    text = partial_;
  }
  if (text.empty()) return Step::need_more;
  switch (scan_.advance(text.data(), text.size())) {
    case http::HeadScan::State::malformed:
      return fail("control character in the head, or a line that does not end in CRLF");
    case http::HeadScan::State::too_many_lines:
      return fail("too many header fields");
    case http::HeadScan::State::incomplete:
      if (text.size() >= http::kMaxHead) return fail("head too large");
      if (before == 0) partial_.assign(text);
      input = {};
      return Step::need_more;
    case http::HeadScan::State::complete:
      break;
  }
  const std::size_t size = scan_.size();
  const Step step = parse_head(text.data());
  if (step == Step::response && size <= kMostSame && response_.retry_after.empty()) {
    same_.assign(text.substr(0, size));
    same_status_ = response_.status;
    same_close_ = response_.close;
  }
  input.remove_prefix(size - before);
  partial_.clear();
  scan_.reset();
  return step;
}

ResponseReader::Step ResponseReader::parse_head(const char* data) {
  // status-line = "HTTP/1." DIGIT SP 3DIGIT SP [reason]; some servers leave out the last blank.
  const std::string_view head = scan_.line(data, 0);
  if (head.size() < 12 || !head.starts_with("HTTP/1.") || !is_digit(head[7]) || head[8] != ' ' ||
      !is_digit(head[9]) || !is_digit(head[10]) || !is_digit(head[11]) ||
      (head.size() > 12 && head[12] != ' ')) {
    return fail("malformed status line");
  }
  response_.status =
      static_cast<unsigned>((head[9] - '0') * 100 + (head[10] - '0') * 10 + head[11] - '0');
  if (response_.status < 100) return fail("malformed status line");
  const bool http_1_0 = head[7] == '0';
  bool close = http_1_0;
  response_.retry_after.clear();
  response_.excerpt.clear();

  http::Framing framing;
  http::FieldWalk walk(data, scan_);
  while (walk.next()) {
    const std::string_view name = walk.name();
    const std::string_view value = walk.value();
    using http::is_name;
    if (is_name(name, "content-length")) {
      framing.content_length(value);
    } else if (is_name(name, "transfer-encoding")) {
      framing.transfer_encoding(value);
    } else if (is_name(name, "connection")) {
      http::for_each_in_list(value, [&close](std::string_view option) {
        if (http::equals_ignoring_case(option, "close")) close = true;
        if (http::equals_ignoring_case(option, "keep-alive")) close = false;
      });
    } else if (is_name(name, "retry-after")) {
      response_.retry_after = value;
    } else if (!walk.check_unknown()) {
      break;
    }
  }
  if (walk.malformed()) return fail("malformed header field");
  if (framing.problem() != http::Framing::Problem::none)
    return fail("ambiguous length of the body");

  response_.close = close;
  // 101 would end HTTP on this connection, and nobody asked for it.
  if (response_.status == 101) return fail("unexpected 101 Switching Protocols");
  same_.clear();
  same_framing_ = framing;
  begin_body(framing);
  return Step::response;
}

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
      return left_ == 0 ? finish() : Step::need_more;
    }
    case Body::chunked: {
      std::array<char, 4096> decoded;
      while (!input.empty()) {
        const std::string_view part = input.substr(0, decoded.size());
        const auto progress = chunks_.advance(part.data(), part.size(), decoded.data());
        keep_excerpt({decoded.data(), progress.produced});
        input.remove_prefix(progress.consumed);
        if (progress.state == http::ChunkedDecoder::State::malformed) {
          return fail("malformed chunked body");
        }
        if (progress.state == http::ChunkedDecoder::State::complete) {
          chunks_.reset();
          return finish();
        }
      }
      return Step::need_more;
    }
    case Body::until_close:
      keep_excerpt(input);
      input = {};
      return Step::need_more;
    case Body::none:
      break;
  }
  return finish();
}

void ResponseReader::keep_excerpt(std::string_view part) {
  if (response_.status < 300 || response_.excerpt.size() >= kExcerpt) return;
  response_.excerpt.append(part.substr(0, kExcerpt - response_.excerpt.size()));
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::sys_seconds now) {
  if (text.empty()) return std::nullopt;
  if (std::ranges::all_of(text, is_digit)) {
    std::int64_t seconds = 0;
    for (const char c : text) {
      if (seconds < 1'000'000'000) seconds = seconds * 10 + (c - '0');
    }
    return std::chrono::seconds(seconds);
  }
  std::tm date{};
  const std::string owned(text);
  // The one form that must be sent (RFC 9110 section 5.6.7); strptime accepts any letter case.
  const char* end = strptime(owned.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  // Not by way of the system clock: its nanoseconds end in the year 2262.
  const std::chrono::sys_seconds at{std::chrono::seconds(timegm(&date))};
  return std::max(std::chrono::seconds(0), at - now);
}

}  // namespace gateway::egress

#include "testkit/http_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace gateway::test {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMostOfHead = std::size_t{64} << 10;

// RFC 9110 5.6.2.
bool is_token(std::string_view text) {
  static constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSymbols.find(c) != std::string_view::npos;
  });
}

// RFC 9110 5.5: a field value is visible characters with blanks between them.
bool is_field_value(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

[[noreturn]] void fail(std::string_view what, std::string_view text) {
  throw ProtocolError(std::string(what) + ": '" + std::string(text) + "'");
}

template <class Number>
Number parse_number(std::string_view text, int base, const char* what) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) fail(what, text);
  return number;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Whether one of the options in a list (RFC 9110 5.6.1) is `option`.
bool lists(std::string_view list, std::string_view option) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (equal_ignoring_case(trim(list.substr(0, comma)), option)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || lower(x) == lower(y);
         });
}

void Headers::add(std::string_view name, std::string_view value) {
  fields_.push_back({std::string(name), std::string(value)});
}

std::string_view Headers::operator[](std::string_view name) const noexcept {
  for (const Header& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

std::size_t Headers::count(std::string_view name) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Header& field) { return equal_ignoring_case(field.name, name); }));
}

std::string_view FieldViews::operator[](std::string_view name) const noexcept {
  for (const Field& field : fields_) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

Headers FieldViews::copy() const {
  Headers headers;
  for (const Field& field : fields_) headers.add(field.name, field.value);
  return headers;
}

void MessageReader::read_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) fail("not a header field", line);
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (grammar_ == Grammar::strict) {
    if (!is_token(name)) fail("not a header field", line);
    if (!is_field_value(value)) fail("not a field value", line);
  }
  message_.fields.add(name, value);
  switch (name.size()) {
    case 4:
      if (equal_ignoring_case(name, "host")) ++hosts_;
      break;
    case 10:
      if (!equal_ignoring_case(name, "connection")) break;
      if (lists(value, "close")) message_.keep_alive = false;
      if (lists(value, "keep-alive")) message_.keep_alive = true;
      break;
    case 14:
      if (!equal_ignoring_case(name, "content-length")) break;
      ++lengths_;
      length_ = value;
      break;
    case 17:
      if (!equal_ignoring_case(name, "transfer-encoding")) break;
      ++codings_;
      coding_ = value;
      break;
    default: break;
  }
}

// Reads all but the start line, which stands in message_.reason for the caller. Returns the size of
// the head with its empty line, 0 while it is not complete.
std::size_t MessageReader::take_head(std::string_view bytes) {
  if (bytes.size() < needed_) return 0;
  const std::size_t end = bytes.find(kHeadEnd);
  if (end == std::string_view::npos) {
    if (bytes.size() > kMostOfHead) throw ProtocolError("a head without end");
    return 0;
  }
  message_.fields.clear();
  lengths_ = codings_ = hosts_ = 0;
  std::string_view rest = bytes.substr(0, end + kLineEnd.size());
  const std::size_t first = rest.find(kLineEnd);
  message_.reason = rest.substr(0, first);
  message_.keep_alive = message_.reason.find("HTTP/1.0") == std::string_view::npos;
  rest.remove_prefix(first + kLineEnd.size());
  while (!rest.empty()) {
    const std::size_t line_end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + kLineEnd.size());
    if (grammar_ == Grammar::strict && line.find_first_of(kLineEnd) != std::string_view::npos) {
      fail("a line ends in a lone CR or LF", line);
    }
    read_line(line);
  }
  if (grammar_ == Grammar::strict &&
      message_.reason.find_first_of(kLineEnd) != std::string_view::npos) {
    fail("a line ends in a lone CR or LF", message_.reason);
  }
  return end + kHeadEnd.size();
}

void MessageReader::read_request_line(std::string_view line) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  const std::string_view version = last == std::string_view::npos ? line : line.substr(last);
  const bool known =
      version == " HTTP/1.1" || (grammar_ == Grammar::lenient && version == " HTTP/1.0");
  if (last <= first + 1 || !known || !is_token(line.substr(0, first))) {
    fail("not an HTTP/1.1 request line", line);
  }
  message_.method = line.substr(0, first);
  message_.target = line.substr(first + 1, last - first - 1);
  if (message_.target.find_first_of(" \t") != std::string_view::npos ||
      (grammar_ == Grammar::strict && message_.target.front() != '/')) {
    fail("not an origin-form target", message_.target);
  }
  message_.reason = {};
}

void MessageReader::read_status_line(std::string_view line) {
  constexpr std::size_t kStatusAt = 9;  // "HTTP/1.1 "
  if ((!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) ||
      line.size() < kStatusAt + 4 || line[kStatusAt + 3] != ' ') {
    fail("not a status line", line);
  }
  message_.status = parse_number<unsigned>(line.substr(kStatusAt, 3), 10, "bad status");
  message_.reason = line.substr(kStatusAt + 4);
}

std::size_t MessageReader::take_length(std::string_view bytes, std::size_t head) {
  const auto length = parse_number<std::size_t>(length_, 10, "bad Content-Length");
  if (bytes.size() - head < length) {
    needed_ = head + length;
    return 0;
  }
  message_.body = bytes.substr(head, length);
  return head + length;
}

// With trailer fields, up to an empty line.
std::size_t MessageReader::take_chunked(std::string_view bytes, std::size_t head) {
  chunks_.clear();
  std::size_t at = head;
  for (;;) {
    const std::size_t line_end = bytes.find(kLineEnd, at);
    if (line_end == std::string_view::npos) return 0;
    const std::string_view line = bytes.substr(at, line_end - at);
    const auto length =
        parse_number<std::size_t>(trim(line.substr(0, line.find(';'))), 16, "bad chunk size");
    at = line_end + kLineEnd.size();
    if (length == 0) break;
    if (bytes.size() - at < length + kLineEnd.size()) return 0;
    chunks_.append(bytes.substr(at, length));
    at += length;
    if (bytes.substr(at, kLineEnd.size()) != kLineEnd) {
      throw ProtocolError("a chunk is longer than it says");
    }
    at += kLineEnd.size();
  }
  message_.body = chunks_;
  for (;;) {
    const std::size_t line_end = bytes.find(kLineEnd, at);
    if (line_end == std::string_view::npos) return 0;
    const bool last = line_end == at;
    at = line_end + kLineEnd.size();
    if (last) return at;
  }
}

std::size_t MessageReader::take_request(std::string_view bytes) {
  const std::size_t head = take_head(bytes);
  if (head == 0) return 0;
  needed_ = 0;
  read_request_line(message_.reason);
  message_.body = {};
  if (grammar_ == Grammar::strict) {
    if (hosts_ != 1) throw ProtocolError("not exactly one Host");
    if (codings_ != 0) throw ProtocolError("a request with a coding");
    if (lengths_ != 1) throw ProtocolError("not exactly one Content-Length");
  }
  if (lengths_ + codings_ > 1) throw ProtocolError("a request of ambiguous length");
  std::size_t size = head;
  if (codings_ != 0) {
    if (!equal_ignoring_case(coding_, "chunked")) fail("unknown coding", coding_);
    size = take_chunked(bytes, head);
  } else if (lengths_ != 0) {
    size = take_length(bytes, head);
  }
  return size;
}

std::size_t MessageReader::take_response(std::string_view bytes, bool at_end) {
  const auto unfinished = [&]() -> std::size_t {
    if (at_end) fail("the response is cut", bytes);
    return 0;
  };
  const std::size_t head = take_head(bytes);
  if (head == 0) return unfinished();
  needed_ = 0;
  read_status_line(message_.reason);
  message_.body = {};
  if (lengths_ + codings_ > 1) throw ProtocolError("a response of ambiguous length");
  const unsigned status = message_.status;
  if (status < 200 || status == 204 || status == 304) {
    if (status != 304 && lengths_ + codings_ != 0) {
      throw ProtocolError("a 1xx or 204 with a length (RFC 9110 8.6)");
    }
    return head;
  }
  std::size_t size = 0;
  if (codings_ != 0) {
    if (coding_ != "chunked") throw ProtocolError("unknown coding");
    size = take_chunked(bytes, head);
  } else if (lengths_ != 0) {
    size = take_length(bytes, head);
  } else {
    message_.keep_alive = false;
    if (!at_end) return 0;
    message_.body = bytes.substr(head);
    size = bytes.size();
  }
  return size == 0 ? unfinished() : size;
}

std::optional<Taken<RequestMessage>> take_request(std::string_view bytes) {
  MessageReader reader;
  const std::size_t size = reader.take_request(bytes);
  if (size == 0) return std::nullopt;
  const MessageView& message = reader.message();
  return Taken<RequestMessage>{{std::string(message.method), std::string(message.target),
                                message.fields.copy(), std::string(message.body)},
                               size};
}

std::optional<Taken<Response>> take_response(std::string_view bytes, bool at_end) {
  MessageReader reader;
  const std::size_t size = reader.take_response(bytes, at_end);
  if (size == 0) return std::nullopt;
  const MessageView& message = reader.message();
  return Taken<Response>{{message.status, std::string(message.reason), message.fields.copy(),
                          std::string(message.body)},
                         size};
}

}  // namespace gateway::test

#include "support/http_message.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace gateway::test {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool is_token_character(char c) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kSymbols.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

// RFC 9110 5.5: a field value is visible characters with blanks between them.
bool is_field_value(std::string_view text) {
  if (!text.empty() && (text.front() == ' ' || text.back() == ' ')) return false;
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

template <class Number>
Number parse_number(std::string_view text, int base, const char* what) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() ||
      text.front() == '-') {
    throw ProtocolError(std::string(what) + ": '" + std::string(text) + "'");
  }
  return number;
}

struct Head {
  std::string_view start_line;
  Headers headers;
  std::size_t size = 0;  // with the empty line
};

std::optional<Head> take_head(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  Head head;
  head.size = end + 4;
  std::string_view rest = bytes.substr(0, end + 2);
  bool first = true;
  while (!rest.empty()) {
    const std::size_t line_end = rest.find(kLineEnd);
    const std::string_view line = rest.substr(0, line_end);
    rest.remove_prefix(line_end + kLineEnd.size());
    if (line.find_first_of("\r\n") != std::string_view::npos) {
      throw ProtocolError("a line ends in a lone CR or LF: '" + std::string(line) + "'");
    }
    if (std::exchange(first, false)) {
      head.start_line = line;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      throw ProtocolError("not a header field: '" + std::string(line) + "'");
    }
    const std::string_view value = trim(line.substr(colon + 1));
    if (!is_field_value(value)) {
      throw ProtocolError("not a field value: '" + std::string(line) + "'");
    }
    head.headers.add(line.substr(0, colon), value);
  }
  return head;
}

// A chunked body at the front of `bytes`, trailer fields included, or nothing while it is not
// whole.
std::optional<Taken<std::string>> take_chunked(std::string_view bytes) {
  Taken<std::string> taken;
  while (true) {
    const std::size_t line_end = bytes.find(kLineEnd, taken.size);
    if (line_end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(taken.size, line_end - taken.size);
    const auto length =
        parse_number<std::size_t>(trim(line.substr(0, line.find(';'))), 16, "bad chunk size");
    taken.size = line_end + kLineEnd.size();
    if (length == 0) break;
    if (bytes.size() < taken.size + length + kLineEnd.size()) return std::nullopt;
    taken.message.append(bytes.substr(taken.size, length));
    taken.size += length;
    if (bytes.substr(taken.size, kLineEnd.size()) != kLineEnd) {
      throw ProtocolError("a chunk is longer than it says");
    }
    taken.size += kLineEnd.size();
  }
  while (true) {  // trailer fields, up to an empty line
    const std::size_t line_end = bytes.find(kLineEnd, taken.size);
    if (line_end == std::string_view::npos) return std::nullopt;
    const bool last = line_end == taken.size;
    taken.size = line_end + kLineEnd.size();
    if (last) return taken;
  }
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
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

std::optional<Taken<RequestMessage>> take_request(std::string_view bytes) {
  std::optional<Head> head = take_head(bytes);
  if (!head) return std::nullopt;
  const std::string_view line = head->start_line;
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first + 1 || line.substr(last) != " HTTP/1.1" ||
      !is_token(line.substr(0, first))) {
    throw ProtocolError("not an HTTP/1.1 request line: '" + std::string(line) + "'");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.front() != '/' || target.find_first_of(" \t") != std::string_view::npos) {
    throw ProtocolError("not an origin-form target: '" + std::string(target) + "'");
  }
  if (head->headers.count("Host") != 1) throw ProtocolError("not exactly one Host");
  if (head->headers.has("Transfer-Encoding")) throw ProtocolError("a request with a coding");
  if (head->headers.count("Content-Length") != 1) {
    throw ProtocolError("not exactly one Content-Length");
  }
  const auto length =
      parse_number<std::size_t>(head->headers["Content-Length"], 10, "bad Content-Length");
  if (bytes.size() < head->size + length) return std::nullopt;
  Taken<RequestMessage> taken;
  taken.message.method = line.substr(0, first);
  taken.message.target = target;
  taken.message.headers = std::move(head->headers);
  taken.message.body = bytes.substr(head->size, length);
  taken.size = head->size + length;
  return taken;
}

std::optional<Taken<Response>> take_response(std::string_view bytes, bool at_end) {
  std::optional<Head> head = take_head(bytes);
  const auto unfinished = [&]() -> std::optional<Taken<Response>> {
    if (at_end) throw ProtocolError("the response is cut: '" + std::string(bytes) + "'");
    return std::nullopt;
  };
  if (!head) return unfinished();
  const std::string_view line = head->start_line;
  constexpr std::size_t kStatusAt = 9;  // "HTTP/1.1 "
  if ((!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 ")) ||
      line.size() < kStatusAt + 4 || line[kStatusAt + 3] != ' ') {
    throw ProtocolError("not a status line: '" + std::string(line) + "'");
  }
  Taken<Response> taken;
  taken.message.status = parse_number<unsigned>(line.substr(kStatusAt, 3), 10, "bad status");
  taken.message.reason = line.substr(kStatusAt + 4);
  taken.message.headers = std::move(head->headers);
  taken.size = head->size;
  const Headers& headers = taken.message.headers;
  if (headers.count("Content-Length") > 1 ||
      (headers.has("Content-Length") && headers.has("Transfer-Encoding"))) {
    throw ProtocolError("a response of ambiguous length");
  }
  const unsigned status = taken.message.status;
  if (status < 200 || status == 204 || status == 304) {
    if (status != 304 && (headers.has("Content-Length") || headers.has("Transfer-Encoding"))) {
      throw ProtocolError("a 1xx or 204 with a length (RFC 9110 8.6)");
    }
    return taken;
  }
  const std::string_view rest = bytes.substr(head->size);
  if (headers.has("Transfer-Encoding")) {
    if (headers["Transfer-Encoding"] != "chunked") throw ProtocolError("unknown coding");
    auto body = take_chunked(rest);
    if (!body) return unfinished();
    taken.message.body = std::move(body->message);
    taken.size += body->size;
    return taken;
  }
  std::size_t length = rest.size();
  if (headers.has("Content-Length")) {
    length = parse_number<std::size_t>(headers["Content-Length"], 10, "bad Content-Length");
    if (rest.size() < length) return unfinished();
  } else if (!at_end) {
    return std::nullopt;
  }
  taken.message.body = rest.substr(0, length);
  taken.size += length;
  return taken;
}

}  // namespace gateway::test

#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/gather.hpp"
#include "events/number_text.hpp"

namespace gateway::test {

// All that is to be sent, in one string.
inline std::string joined(const events::Gather& gather) {
  std::string all;
  for (const auto& piece : gather.pieces()) {
    all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  return all;
}

// An HTTP/1.1 request taken apart as a strict server would.
class EncodedRequest {
 public:
  // Takes one request from the front of `bytes`; empty if that is not what stands there.
  static std::optional<EncodedRequest> take(std::string_view& bytes) {
    EncodedRequest request;
    const auto line = take_line(bytes);
    if (!line) return std::nullopt;
    request.line = *line;
    for (;;) {
      const auto header = take_line(bytes);
      if (!header) return std::nullopt;
      if (header->empty()) break;
      const auto colon = header->find(": ");
      if (colon == std::string_view::npos) return std::nullopt;
      request.headers.emplace_back(header->substr(0, colon), header->substr(colon + 2));
    }
    const auto size = read_number<std::size_t>(request.header("Content-Length"));
    if (!size || *size > bytes.size()) return std::nullopt;
    request.body = bytes.substr(0, *size);
    bytes.remove_prefix(*size);
    return request;
  }

  [[nodiscard]] std::string_view header(std::string_view name) const {
    for (const auto& [header, value] : headers) {
      if (header == name) return value;
    }
    return {};
  }

  // What read_binary_event() takes.
  [[nodiscard]] std::vector<events::HeaderField> cloud_event_headers() const {
    std::vector<events::HeaderField> fields;
    for (const auto& [name, value] : headers) {
      if (!name.starts_with("ce-")) continue;
      events::HeaderField field;
      field.name = name;
      field.value = value;
      fields.push_back(field);
    }
    return fields;
  }

  std::string line;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

 private:
  // Up to CRLF; empty if there is a bare CR or LF, NUL or another control byte in it.
  static std::optional<std::string> take_line(std::string_view& bytes) {
    const auto end = bytes.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = bytes.substr(0, end);
    for (const char c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return std::nullopt;
    }
    bytes.remove_prefix(end + 2);
    return std::string(line);
  }
};

}  // namespace gateway::test

#pragma once
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::test {

// The peer broke the HTTP grammar: what it sent is no request or no response.
class ProtocolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Header {
  std::string name;  // as received
  std::string value;
};

// Header fields in the order they came; names are compared without regard to case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string_view name, std::string_view value);
  // The first value of that name; empty when there is none.
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return count(name) != 0; }
  [[nodiscard]] const std::vector<Header>& fields() const noexcept { return fields_; }

 private:
  std::vector<Header> fields_;
};

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

struct RequestMessage {
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
};

struct Response {
  unsigned status = 0;
  std::string reason;
  Headers headers;
  std::string body;
};

template <class Message>
struct Taken {
  Message message;
  std::size_t size = 0;  // bytes of the input it took
};

// The request at the front of `bytes`, or nothing when it is not complete yet. Stricter than a
// server has to be: HTTP/1.1 only, CRLF line ends, no folded lines, exactly one Host, a decimal
// Content-Length and no transfer coding. Throws ProtocolError.
[[nodiscard]] std::optional<Taken<RequestMessage>> take_request(std::string_view bytes);

// The response at the front of `bytes`, interim ones (1xx) included. `at_end` says that the peer
// has closed: a body without length is then complete, any other unfinished message is an error.
// Throws ProtocolError.
[[nodiscard]] std::optional<Taken<Response>> take_response(std::string_view bytes, bool at_end);

}  // namespace gateway::test

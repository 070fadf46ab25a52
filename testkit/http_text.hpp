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
  // Returns the first value of that name; empty when there is none.
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return count(name) != 0; }
  [[nodiscard]] const std::vector<Header>& fields() const noexcept { return fields_; }

 private:
  std::vector<Header> fields_;
};

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

// Header fields that lie in a buffer.
class FieldViews {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };
  void clear() noexcept { fields_.clear(); }
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  // Returns the first value of that name; empty when there is none.
  [[nodiscard]] std::string_view operator[](std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<Field>& all() const noexcept { return fields_; }
  [[nodiscard]] Headers copy() const;

 private:
  std::vector<Field> fields_;
};

// A request or response without a copy of its bytes. The views hold until the next call of the
// reader, and as long as the bytes it was given.
struct MessageView {
  std::string_view method;  // of a request
  std::string_view target;
  unsigned status = 0;  // of a response
  std::string_view reason;
  FieldViews fields;
  std::string_view body;
  bool keep_alive = true;  // whether the connection may go on after it
};

// What the reader lets pass.
enum class Grammar {
  // What the gateway must write: HTTP/1.1, CRLF line ends, no folded lines, only the characters the
  // RFCs allow, and in requests exactly one Host, one decimal Content-Length and no coding.
  strict,
  // What other HTTP/1 clients write as well, chunked bodies included. Finds messages, at little
  // cost, and checks what is needed to find their ends.
  lenient
};

// Takes the messages of one connection off the front of its bytes. Shares no code with the
// gateway's own readers, so that an error of theirs cannot hide itself.
class MessageReader {
 public:
  explicit MessageReader(Grammar grammar = Grammar::strict) : grammar_(grammar) {}

  // Reads the message at the front of `bytes`, interim responses (1xx) included. Returns how many
  // bytes it takes, 0 while it is not complete: then it is to be called again with these bytes and
  // more. Throws ProtocolError.
  [[nodiscard]] std::size_t take_request(std::string_view bytes);
  // `at_end` says that the peer has closed: a body without length is then complete, any other
  // unfinished message is an error.
  [[nodiscard]] std::size_t take_response(std::string_view bytes, bool at_end);
  [[nodiscard]] const MessageView& message() const noexcept { return message_; }

 private:
  [[nodiscard]] std::size_t take_head(std::string_view bytes);
  void read_line(std::string_view line);
  void read_request_line(std::string_view line);
  void read_status_line(std::string_view line);
  [[nodiscard]] std::size_t take_length(std::string_view bytes, std::size_t head);
  [[nodiscard]] std::size_t take_chunked(std::string_view bytes, std::size_t head);

  Grammar grammar_;
  MessageView message_;
  std::string_view length_;  // values of the fields that frame a body
  std::string_view coding_;
  unsigned lengths_ = 0;  // how often these fields came
  unsigned codings_ = 0;
  unsigned hosts_ = 0;
  std::string chunks_;      // a body that came in chunks, put together
  std::size_t needed_ = 0;  // fewer bytes are no whole message
};

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

// The same by the strict grammar, with copies: nothing while the message is not complete.
[[nodiscard]] std::optional<Taken<RequestMessage>> take_request(std::string_view bytes);
[[nodiscard]] std::optional<Taken<Response>> take_response(std::string_view bytes, bool at_end);

}  // namespace gateway::test

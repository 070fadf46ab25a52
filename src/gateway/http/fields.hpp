#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The parts of HTTP/1.1 message heads that requests and answers share (RFC 9110 section 5,
// RFC 9112 sections 2, 5, 6). Strict where leniency has been used to smuggle requests: lines end in
// CRLF, field names are tokens with the colon right behind them, no line folding, no control
// characters.
namespace gateway::http {

// How many bytes a head may have before it is refused.
inline constexpr std::size_t kMaxHead = std::size_t{16} << 10;
inline constexpr std::size_t kMaxFields = 100;

// A stretch of the head, as offsets: the buffer it lies in may move while the body is read.
struct Stretch {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  [[nodiscard]] std::string_view in(const char* base) const noexcept {
    return {base + offset, length};
  }
};

// Finds the end of a head as bytes arrive, each byte looked at once.
class HeadScan {
 public:
  enum class State { incomplete, complete, malformed };
  // `data` begins at the head's first byte and holds `size` bytes, those of earlier calls included.
  State advance(const char* data, std::size_t size) noexcept;
  // Bytes of the head with its blank line; only when complete.
  [[nodiscard]] std::size_t size() const noexcept { return scanned_; }
  [[nodiscard]] std::size_t lines() const noexcept { return lines_; }
  void reset() noexcept { scanned_ = line_ = lines_ = 0; }

 private:
  std::size_t scanned_ = 0;
  std::size_t line_ = 0;   // where the current line begins
  std::size_t lines_ = 0;  // the blank one included
};

// True if a complete head of `lines` lines holds no control character but tabs and its line ends.
[[nodiscard]] bool free_of_controls(std::string_view head, std::size_t lines) noexcept;

// Walks the field lines of a complete head.
class FieldWalk {
 public:
  struct Field {
    std::string_view name;   // a token, letter case as received
    std::string_view value;  // without surrounding white space
  };
  // `lines`: what follows the start line, the blank line included.
  explicit FieldWalk(std::string_view lines) noexcept : rest_(lines) {}
  // The next field; empty at the end and when a line is malformed.
  [[nodiscard]] std::optional<Field> next() noexcept;
  [[nodiscard]] bool malformed() const noexcept { return malformed_; }

 private:
  std::string_view rest_;
  bool malformed_ = false;
};

[[nodiscard]] bool is_token(std::string_view text) noexcept;

// `lower` must be lower case.
[[nodiscard]] bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept;

// Calls `each` with the trimmed, non-empty members of a comma-separated list.
template <class Each>
void for_each_in_list(std::string_view list, Each each) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (!item.empty()) each(item);
  }
}

// How a message's body is delimited, gathered from its framing fields.
class Framing {
 public:
  enum class Problem { none, bad_length, two_lengths, length_and_coding, bad_coding, unknown_coding };

  void content_length(std::string_view value) noexcept;
  void transfer_encoding(std::string_view value) noexcept;

  [[nodiscard]] Problem problem() const noexcept;
  [[nodiscard]] bool chunked() const noexcept { return chunked_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const noexcept { return length_; }

 private:
  std::optional<std::uint64_t> length_;
  bool chunked_ = false;
  Problem problem_ = Problem::none;
};

}  // namespace gateway::http

#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "events/utf8.hpp"

namespace gateway::test {

// RFC 8259 read byte by byte, recursively and slowly: what the vectorised validator is compared
// with. Shares nothing with it but the table of UTF-8.
class JsonReference {
 public:
  explicit JsonReference(std::string_view text) : text_(text) {}

  // Whether the whole text is one JSON value, nested at most 1024 deep.
  [[nodiscard]] bool valid() {
    space();
    if (!value(0)) return false;
    space();
    return at_ == text_.size();
  }

  // The records of a COS payload; empty if it is not one.
  [[nodiscard]] static std::optional<std::vector<std::string_view>> records(std::string_view text) {
    JsonReference reader(text);
    reader.look_for_records_ = true;
    if (!reader.valid() || !reader.payload_ok_ || reader.seen_ != 1) return std::nullopt;
    return reader.records_;
  }

 private:
  static constexpr std::size_t kMaxDepth = 1024;

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool value(std::size_t depth) {
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth, false);
      case '"': return string();
      case 't': return literal("true");
      case 'f': return literal("false");
      case 'n': return literal("null");
      default: return number();
    }
  }

  bool object(std::size_t depth) {
    if (depth == kMaxDepth || !take('{')) return false;
    space();
    if (take('}')) return true;
    do {
      space();
      const std::size_t name_begin = at_;
      if (!string()) return false;
      const bool records = depth == 0 && is_records(text_.substr(name_begin, at_ - name_begin));
      space();
      if (!take(':')) return false;
      space();
      if (records && look_for_records_) {
        ++seen_;
        if (peek() != '[') payload_ok_ = false;
        if (!(peek() == '[' ? array(1, true) : value(1))) return false;
      } else if (!value(depth + 1)) {
        return false;
      }
      space();
    } while (take(','));
    return take('}');
  }

  bool array(std::size_t depth, bool of_records) {
    if (depth == kMaxDepth || !take('[')) return false;
    space();
    if (take(']')) return true;
    do {
      space();
      const std::size_t begin = at_;
      if (of_records && peek() != '{') payload_ok_ = false;
      if (!value(depth + 1)) return false;
      if (of_records) records_.push_back(text_.substr(begin, at_ - begin));
      space();
    } while (take(','));
    return take(']');
  }

  bool string() {
    if (!take('"')) return false;
    while (at_ < text_.size()) {
      if (take('"')) return true;
      if (take('\\')) {
        if (take('u')) {
          for (int i = 0; i < 4; ++i, ++at_) {
            if (std::string_view("0123456789abcdefABCDEF").find(peek()) == text_.npos) return false;
          }
        } else {
          if (at_ == text_.size() || std::string_view("\"\\/bfnrt").find(peek()) == text_.npos) {
            return false;
          }
          ++at_;
        }
        continue;
      }
      if (static_cast<unsigned char>(peek()) < 0x20) return false;
      const std::size_t length = events::utf8_sequence_length(text_.substr(at_));
      if (length == 0) return false;
      at_ += length;
    }
    return false;
  }

  bool literal(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  bool digits() {
    const std::size_t begin = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ != begin;
  }
  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      return digits();
    }
    return true;
  }

  // "Records" in quotes, each letter plain or as \u00XX.
  static bool is_records(std::string_view quoted) {
    std::string_view rest = quoted.substr(1);
    for (const char c : std::string_view("Records")) {
      constexpr std::string_view kLower = "0123456789abcdef";
      constexpr std::string_view kUpper = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      if (rest.starts_with(c)) {
        rest.remove_prefix(1);
      } else if (rest.size() >= 6 && rest.starts_with("\\u00") &&
                 (rest[4] == kLower[byte >> 4] || rest[4] == kUpper[byte >> 4]) &&
                 (rest[5] == kLower[byte & 15] || rest[5] == kUpper[byte & 15])) {
        rest.remove_prefix(6);
      } else {
        return false;
      }
    }
    return rest == "\"";
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool look_for_records_ = false;
  std::size_t seen_ = 0;
  bool payload_ok_ = true;
  std::vector<std::string_view> records_;
};

}  // namespace gateway::test

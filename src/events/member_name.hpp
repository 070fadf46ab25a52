#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gateway::events {

// The name of a member as it stands in a JSON text, in memory that holds kRoom bytes from the
// name's first on: what begins like a name is told from it by one comparison.
class SpelledName {
 public:
  static constexpr std::size_t kRoom = 24;

  explicit SpelledName(const char* begin) noexcept : begin_(begin) {
    std::memcpy(&first_, begin, sizeof first_);
  }
  [[nodiscard]] const char* begin() const noexcept { return begin_; }
  // Returns its first eight bytes as a number.
  [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
  // Likewise, with letters in lower case; no other character of JSON becomes a letter or a quote.
  [[nodiscard]] std::uint64_t first_in_lower_case() const noexcept {
    return first_ | 0x2020'2020'2020'2020;
  }

 private:
  const char* begin_;
  std::uint64_t first_ = 0;
};

// A name that is looked for, with its closing quote: shorter than SpelledName::kRoom.
class MemberName {
 public:
  consteval explicit MemberName(std::string_view name) : text_{}, size_(name.size() + 1) {
    std::array<char, kEight> read{};
    std::array<char, kEight> used{};
    for (std::size_t i = 0; i < size_; ++i) {
      text_.at(i) = i < name.size() ? name[i] : '"';
      if (i >= kEight) continue;
      read[i] = text_[i];
      used[i] = static_cast<char>(0xFF);
    }
    first_ = std::bit_cast<std::uint64_t>(read);
    mask_ = std::bit_cast<std::uint64_t>(used);
  }
  [[nodiscard, gnu::always_inline]] bool is(SpelledName name) const noexcept {
    return begins(name.first()) &&
           (size_ <= kEight ||
            std::memcmp(name.begin() + kEight, text_.data() + kEight, size_ - kEight) == 0);
  }
  // Returns whether a name begins with these eight bytes, or is this one if it is shorter.
  [[nodiscard, gnu::always_inline]] constexpr bool begins(std::uint64_t first) const noexcept {
    return (first & mask_) == first_;
  }

 private:
  static constexpr std::size_t kEight = sizeof(std::uint64_t);

  std::array<char, SpelledName::kRoom> text_;
  std::size_t size_;
  std::uint64_t first_ = 0;
  std::uint64_t mask_ = 0;
};

}  // namespace gateway::events

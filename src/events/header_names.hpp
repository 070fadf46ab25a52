#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::events {

// A few names of header fields, compared without regard to case.
class HeaderNames {
 public:
  HeaderNames() = default;
  explicit HeaderNames(std::vector<std::string> names);

  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    // Most names are told apart by their length.
    return (sizes_ >> (name.size() & 63U) & 1U) != 0 && is_one(name);
  }
  // Returns whether one of them stands anywhere in `text`.
  [[nodiscard]] bool any_in(std::string_view text) const noexcept;

 private:
  [[nodiscard]] bool is_one(std::string_view name) const noexcept;

  std::vector<std::string> names_;  // in lower case
  // Of each, which of its characters is looked for in a text: one that few texts of digits have.
  std::vector<std::size_t> rare_;
  std::uint64_t sizes_ = 0;  // a bit for each of their sizes
};

}  // namespace gateway::events

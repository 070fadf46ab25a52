#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

#include "events/record_splitter.hpp"

namespace gateway::test {

// A copy of a text with exactly the padding that the JSON readers may ask for behind it, filled
// with bytes that would change the meaning if they were taken for text.
class Padded {
 public:
  explicit Padded(std::string_view text, char filler = '}')
      : size_(text.size()),
        bytes_(std::make_unique_for_overwrite<char[]>(size_ + events::RecordSplitter::kPadding)) {
    char* const end = std::copy(text.begin(), text.end(), bytes_.get());
    std::fill_n(end, events::RecordSplitter::kPadding, filler);
  }

  [[nodiscard]] char* data() noexcept { return bytes_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }

 private:
  std::size_t size_;
  std::unique_ptr<char[]> bytes_;
};

}  // namespace gateway::test

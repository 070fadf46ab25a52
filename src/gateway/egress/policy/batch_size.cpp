#include "gateway/egress/policy/batch_size.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdint>

namespace gateway::egress {
namespace {

constexpr unsigned kFullBeforeGrowth = 4;
constexpr std::chrono::minutes kForget{10};

std::size_t unit_of(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '-')) text.remove_prefix(1);
  const char letter =
      text.size() < 2 ? '\0' : static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  const bool unit = letter != '\0' && (text[1] == 'b' || text[1] == 'B' || text[1] == 'i');
  if (unit && letter == 'k') return std::size_t{1} << 10;
  if (unit && letter == 'm') return std::size_t{1} << 20;
  return 1;
}

// Returns the largest size in `text` that may be the limit that a request of `bytes` bytes
// exceeded; 0 if there is none.
std::size_t named(std::string_view text, std::size_t bytes) noexcept {
  std::size_t found = 0;
  while (!text.empty()) {
    std::size_t digits = 0;
    std::uint64_t number = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      if (number < (std::uint64_t{1} << 40)) {
        number = number * 10 + static_cast<std::uint64_t>(text[digits] - '0');
      }
      ++digits;
    }
    if (digits == 0) {
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(digits);
    number *= unit_of(text);
    // A number that is much smaller is an error code or a time.
    if (number < bytes && number >= bytes / 16) found = std::max<std::size_t>(found, number);
  }
  return found;
}

}  // namespace

void BatchSize::accepted(std::size_t bytes, Instant now) noexcept {
  if (limit_ == kMostBytes || bytes < limit_ - limit_ / 4) return;
  if (++full_ < kFullBeforeGrowth) return;
  full_ = 0;
  if (refused_ != 0 && now - refused_at_ >= kForget) refused_ = 0;
  const std::size_t below = refused_ == 0 ? kMostBytes : refused_ - refused_ / 16;
  limit_ = std::max(limit_, std::min({limit_ + limit_ / 8, below, kMostBytes}));
}

void BatchSize::too_large(std::size_t bytes, std::string_view said, Instant now) noexcept {
  const std::size_t bound = named(said, bytes);
  refused_ = refused_ == 0 ? bytes : std::min(refused_, bytes);
  refused_at_ = now;
  full_ = 0;
  limit_ = std::max(kLeastBytes, std::min(limit_, bound != 0 ? bound : bytes / 2));
}

}  // namespace gateway::egress

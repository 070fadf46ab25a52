#include "gateway/egress/store/row_sum.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace gateway::egress {
namespace {

std::uint64_t take_word(std::string_view& text) noexcept {
  std::uint64_t word = 0;
  const std::size_t size = std::min(text.size(), sizeof word);
  std::memcpy(&word, text.data(), size);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  text.remove_prefix(size);
  return word;
}

class Sum {
 public:
  // Every step is a bijection of the state and of the word: equal words keep states apart, and a
  // different word leads to a different state.
  void add(std::uint64_t word) noexcept {
    state_ = std::rotl((state_ ^ word) * 0x9E3779B97F4A7C15U, 29) + 0x632BE59BD9B4E019U;
  }
  void add(std::string_view text) noexcept {
    add(text.size());
    while (!text.empty()) add(take_word(text));
  }
  void add(WallInstant time) noexcept {
    add(static_cast<std::uint64_t>(time.time_since_epoch().count()));
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return state_; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace

std::uint64_t row_sum(const StoredEvent& event, WallInstant added) noexcept {
  Sum sum;
  sum.add(added);
  for (const std::string* text : {&event.id, &event.type, &event.bucket, &event.key, &event.json}) {
    sum.add(*text);
  }
  if (event.details) {
    const DeadLetterDetails& details = *event.details;
    sum.add(details.attempts);
    sum.add(details.status);
    for (const std::string* text : {&details.body, &details.reason, &details.endpoint}) {
      sum.add(*text);
    }
    sum.add(details.first);
    sum.add(details.last);
  }
  return sum.value();
}

std::uint64_t text_sum(std::string_view bytes) noexcept {
  // Steps of one sum wait for each other; those of four do not.
  std::array<Sum, 4> lanes;
  Sum sum;
  sum.add(std::uint64_t{bytes.size()});
  while (bytes.size() >= lanes.size() * sizeof(std::uint64_t)) {
    for (Sum& lane : lanes) lane.add(take_word(bytes));
  }
  sum.add(bytes);
  for (const Sum& lane : lanes) sum.add(lane.value());
  return sum.value();
}

std::uint64_t block_sum(Sequence first, WallInstant added, std::string_view table) noexcept {
  Sum sum;
  sum.add(static_cast<std::uint64_t>(first));
  sum.add(added);
  sum.add(table);
  return sum.value();
}

}  // namespace gateway::egress

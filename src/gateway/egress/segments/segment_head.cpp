#include "gateway/egress/segments/segment_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "events/number_text.hpp"
#include "gateway/egress/segments/crc32c.hpp"
#include "gateway/egress/segments/record.hpp"

namespace gateway::egress {
namespace {

constexpr std::string_view kMagic = "cos-gateway events\n";
constexpr std::size_t kDigits = 16;
constexpr std::uint32_t kVersion = 2;  // 1 was a database
// No file is believed that says more. A store never makes so many marks, and the name of a file has
// no room for larger numbers.
constexpr std::uint32_t kMostCapacity = std::uint32_t{1} << 24;
constexpr Sequence kMostFirst = 9'999'999'999'999'999 - Sequence{kMostCapacity};

void finish_with_sum(std::string& text) {
  put(text, crc32c(text));
}
// Takes the sum off the end; false if it is not the one of what stands before it.
bool take_sum(std::string_view& text) noexcept {
  std::string_view sum = text.substr(text.size() - sizeof(std::uint32_t));
  text.remove_suffix(sum.size());
  return crc32c(text) == take<std::uint32_t>(sum);
}

std::string identity_text(const SegmentIdentity& identity) {
  std::string text(kMagic);
  put(text, kVersion);
  put(text, static_cast<std::uint8_t>(identity.kind));
  put(text, identity.first);
  put(text, identity.capacity);
  finish_with_sum(text);
  return text;
}
const std::size_t kIdentitySize = identity_text({}).size();
const std::size_t kSealSize = seal_text({}).size();

}  // namespace

std::string segment_name(std::string_view store, Sequence first, std::string_view suffix) {
  return fmt::format("{}.{:0{}}{}", store, first, kDigits, suffix);
}

std::optional<Sequence> number_in(std::string_view name, std::string_view store,
                                  std::string_view suffix) noexcept {
  if (name.size() != store.size() + 1 + kDigits + suffix.size() || !name.starts_with(store) ||
      name[store.size()] != '.' || !name.ends_with(suffix)) {
    return std::nullopt;
  }
  const auto number = read_number<Sequence>(name.substr(store.size() + 1, kDigits));
  return number && *number >= 1 ? number : std::nullopt;
}

std::uint64_t head_size(std::uint32_t capacity) noexcept {
  return kTableAt + std::uint64_t{capacity} * kMarkSize;
}

std::string head_text(const SegmentIdentity& identity) {
  std::string head(head_size(identity.capacity), '\0');
  for (const std::size_t at : kIdentityAt) head.replace(at, kIdentitySize, identity_text(identity));
  return head;
}

std::string seal_text(const SegmentSeal& seal) {
  std::string text;
  put(text, seal.totals.count);
  put(text, seal.end);
  put(text, seal.totals.bytes);
  text.append(2 * sizeof(std::int64_t), '\0');  // for times that nobody asks for
  finish_with_sum(text);
  return text;
}

std::string mark_text(std::uint32_t mark) {
  std::string text;
  put(text, mark);
  finish_with_sum(text);
  return text;
}

std::optional<SegmentIdentity> read_identity(std::string_view head) {
  for (const std::size_t at : kIdentityAt) {
    std::string_view text = head.substr(at, kIdentitySize);
    if (!text.starts_with(kMagic) || !take_sum(text)) continue;
    text.remove_prefix(kMagic.size());
    if (take<std::uint32_t>(text) != kVersion) continue;
    SegmentIdentity identity;
    identity.kind = static_cast<StoreKind>(take<std::uint8_t>(text));
    identity.first = take<Sequence>(text);
    identity.capacity = take<std::uint32_t>(text);
    if (identity.first >= 1 && identity.first <= kMostFirst && identity.capacity <= kMostCapacity) {
      return identity;
    }
  }
  return std::nullopt;
}

std::optional<SegmentSeal> read_seal(std::string_view head, std::uint32_t capacity) {
  std::string_view text = head.substr(kSealAt, kSealSize);
  if (!take_sum(text)) return std::nullopt;
  SegmentSeal seal;
  seal.totals.count = take<Sequence>(text);
  seal.end = take<std::uint64_t>(text);
  seal.totals.bytes = take<std::uint64_t>(text);
  const bool possible = seal.totals.count >= 0 && seal.totals.count <= Sequence{capacity} &&
                        seal.end >= head_size(capacity);
  return possible ? std::optional(seal) : std::nullopt;
}

std::uint32_t mark_at(std::string_view table, std::size_t index) noexcept {
  std::string_view text = table.substr(index * kMarkSize, kMarkSize);
  return take_sum(text) ? take<std::uint32_t>(text) : 0;
}

std::uint32_t replayed_mark(WallInstant when) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch()).count();
  return static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 2));
}

}  // namespace gateway::egress

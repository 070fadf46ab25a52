#include "events/identity.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::size_t kMostDigits = std::numeric_limits<std::size_t>::digits10 + 1;

// Nearly all texts have fewer than a hundred bytes.
char* put_size(std::size_t size, char* out) noexcept {
  if (size >= 100) [[unlikely]]
    return std::to_chars(out, out + kMostDigits, size).ptr;
  if (size >= 10) *out++ = static_cast<char>('0' + size / 10);
  *out++ = static_cast<char>('0' + size % 10);
  return out;
}

}  // namespace

void StableIds::begin_post() {
  used_ = 0;
  if (++post_ != 0) return;
  for (Seen& entry : seen_) entry.post = 0;
  post_ = 1;
}

char* StableIds::room(std::size_t bytes) {
  if (name_.size() - size_ < bytes) name_.resize(2 * (size_ + bytes));
  return name_.data() + size_;
}

// Each with its length before it, so that no two lists of texts make the same name.
void StableIds::append(std::span<const std::string_view> texts) {
  std::size_t most = 0;
  for (const std::string_view text : texts) most += kMostDigits + 1 + text.size();
  char* const begin = room(most);
  char* end = begin;
  for (const std::string_view text : texts) {
    end = put_size(text.size(), end);
    *end++ = ':';
    end = std::copy(text.begin(), text.end(), end);
  }
  size_ += static_cast<std::size_t>(end - begin);
}

void StableIds::begin_name() {
  size_ = 0;
  std::copy(Uuid::kNamespace.begin(), Uuid::kNamespace.end(), room(Uuid::kNamespace.size()));
  size_ = Uuid::kNamespace.size();
}

// That recipe had U+FFFD for half a surrogate pair.
void StableIds::append_v1(std::string_view text) {
  if (is_utf8(text)) return append(text);
  std::string mended;
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_length(text);
    mended += length == 0 ? kReplacementCharacter : text.substr(0, length);
    text.remove_prefix(length == 0 ? kReplacementCharacter.size() : length);
  }
  append(mended);
}

Uuid StableIds::next(const CosRecord& fields, std::string_view record) {
  begin_name();
  if (fields.key.empty() && fields.request_id.empty()) {
    append("bytes");
    append(record);
  } else if (recipe_ == IdRecipe::v1) {
    append("fields");
    for (const auto part : {fields.appid, fields.bucket, fields.key, fields.event_name,
                            fields.request_id, fields.event_time}) {
      append_v1(part);
    }
  } else {
    const std::array parts = {std::string_view("v2"),
                              fields.appid,
                              fields.bucket,
                              fields.long_region,
                              fields.short_region,
                              fields.key,
                              fields.size,
                              fields.version,
                              fields.etag,
                              fields.event_name,
                              fields.event_time,
                              fields.event_reqid,
                              fields.request_id};
    append(parts);
  }
  const Uuid id = id_of_name();
  const std::uint32_t position = count(id);
  if (position == 1) return id;
  std::array<char, std::numeric_limits<std::uint32_t>::digits10 + 1> text;
  append({text.data(), std::to_chars(text.data(), text.data() + text.size(), position).ptr});
  return id_of_name();
}

std::uint32_t StableIds::count(const Uuid& id) {
  Seen& entry = place_of(id);
  if (entry.post == post_) return ++entry.times;
  entry = {id, post_, 1};
  if (++used_ > seen_.size() / 2) grow();
  return 1;
}

StableIds::Seen& StableIds::place_of(const Uuid& id) {
  // A name-based id is a hash already.
  std::size_t at = id.low();
  for (;; ++at) {
    Seen& entry = seen_[at & (seen_.size() - 1)];
    if (entry.post != post_ || entry.id == id) return entry;
  }
}

void StableIds::grow() {
  const std::vector<Seen> before = std::exchange(seen_, std::vector<Seen>(2 * seen_.size()));
  for (const Seen& entry : before) {
    if (entry.post == post_) place_of(entry.id) = entry;
  }
}

}  // namespace gateway::events

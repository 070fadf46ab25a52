#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "events/ascii.hpp"

namespace gateway::events {

// Whose record it is: other triggers of the platform post {"Records":[...]} as well.
enum class RecordKind : std::uint8_t { cos, ckafka, cmq, s3, count_ };

// Returns the `type` of events made of such records.
[[nodiscard]] constexpr std::string_view type_of(RecordKind kind) noexcept {
  constexpr std::array<std::string_view, static_cast<std::size_t>(RecordKind::count_)> kTypes = {
      "tencent-cloud-cos-event", "tencent-cloud-ckafka-event", "tencent-cloud-cmq-event",
      "s3-event"};
  return kTypes[static_cast<std::size_t>(kind)];
}

// The members of a COS record that anything is made of: ids, attributes, what is shown of an event.
enum class Member : std::uint8_t {
  appid,        // cos.cosBucket
  bucket,       // cos.cosBucket.name, without appid
  long_region,  // cos.cosBucket.cosRegion, as `ap-beijing`
  region,       // cos.cosBucket.region, as `bj`
  key,          // cos.cosObject
  url,          // cos.cosObject
  size,         // cos.cosObject
  version,      // cos.cosObject.vid
  etag,         // cos.cosObject or its meta: ETag
  request_id,   // cos.cosObject.meta["x-cos-request-id"]
  event_name,   // event
  event_time,   // event
  event_reqid,  // event.reqid
  count_
};

// What the way of a record depends on beside its bucket.
enum class RoutedBy : std::uint8_t { key, key_and_event };

// Some of the members.
class MemberSet {
 public:
  constexpr MemberSet() = default;
  constexpr MemberSet(std::initializer_list<Member> members) {
    for (const Member member : members) bits_ |= bit(member);
  }
  [[nodiscard]] static constexpr MemberSet all() {
    MemberSet set;
    set.bits_ = bit(Member::count_) - 1;
    return set;
  }
  [[nodiscard]] constexpr bool contains(Member member) const noexcept {
    return (bits_ & bit(member)) != 0;
  }
  constexpr MemberSet& operator|=(MemberSet other) noexcept {
    bits_ |= other.bits_;
    return *this;
  }

 private:
  [[nodiscard]] static constexpr std::uint32_t bit(Member member) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(member);
  }
  std::uint32_t bits_ = 0;
};

// Where the value of a member lies in its record: the text of a number, or of a string without its
// quotes. Empty if the member is absent or of another type.
struct MemberText {
  std::uint32_t offset = 0;
  std::uint32_t length : 31 = 0;
  std::uint32_t escaped : 1 = 0;  // a string that is not spelled as it reads

  // Takes a value as it stands in JSON, a string with its quotes, `at` bytes behind the first of
  // its record. What is neither text nor a number leaves it empty. A backslash is looked for only
  // where there may be one.
  void take(std::string_view value, std::size_t at, bool may_be_escaped) noexcept {
    const bool is_string = value.front() == '"';
    if (!is_string && value.front() != '-' && !is_digit(value.front())) return;
    const std::size_t quotes = is_string ? 1 : 0;
    offset = static_cast<std::uint32_t>(at + quotes);
    length = static_cast<std::uint32_t>(value.size() - 2 * quotes) & 0x7FFFFFFFU;
    escaped = may_be_escaped && value.find('\\') != std::string_view::npos ? 1 : 0;
  }
  [[nodiscard]] std::string_view in(const char* record) const noexcept {
    return {record + offset, length};
  }
};

// Where a record's members lie, as found on the walk that validates it: nobody reads it again. A
// plain value; offsets are from the record's first byte.
class RecordMembers {
 public:
  [[nodiscard]] MemberText& operator[](Member member) noexcept {
    return texts_[static_cast<std::size_t>(member)];
  }
  [[nodiscard]] const MemberText& operator[](Member member) const noexcept {
    return texts_[static_cast<std::size_t>(member)];
  }

 private:
  std::array<MemberText, static_cast<std::size_t>(Member::count_)> texts_;
};

}  // namespace gateway::events

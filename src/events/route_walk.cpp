#include "events/route_walk.hpp"

#include <array>
#include <bit>

namespace gateway::events {
namespace {

// Which of a record's objects one is. Those from `event` on have members that are wanted.
enum class Place : std::uint8_t { other, record, cos, event, bucket, object };

// A name with its closing quote, as eight bytes of text are read into a number: compared at once.
class Name {
 public:
  consteval explicit Name(std::string_view text) {
    std::array<char, 8> read{};
    std::array<char, 8> used{};
    for (std::size_t i = 0; i < text.size(); ++i) {
      read[i] = text[i];
      used[i] = static_cast<char>(0xFF);
    }
    bytes_ = std::bit_cast<std::uint64_t>(read);
    mask_ = std::bit_cast<std::uint64_t>(used);
  }
  [[nodiscard]] constexpr bool is(std::uint64_t text) const noexcept {
    return (text & mask_) == bytes_;
  }

 private:
  std::uint64_t bytes_ = 0;
  std::uint64_t mask_ = 0;
};

constexpr Name kCos("cos\"");
constexpr Name kEvent("event\"");
constexpr Name kName("name\"");
constexpr Name kAppid("appid\"");
constexpr Name kKey("key\"");
// Longer ones are told by their first eight bytes and by those behind the first two.
constexpr Name kCosBucket("cosBucke");
constexpr Name kCosBucketEnd("sBucket\"");
constexpr Name kCosObject("cosObjec");
constexpr Name kCosObjectEnd("sObject\"");
constexpr Name kEventName("eventNam");
constexpr Name kEventNameEnd("entName\"");

// Finds the tokens of the values; of a member that comes twice, the last.
class Finder {
 public:
  explicit Finder(const JsonCursor& json) noexcept : json_(json) {}

  void on_name(const std::uint32_t* token) noexcept {
    if (place_ < Place::event) return;
    const std::uint64_t name = json_.eight_behind(token);
    const std::uint32_t* const value = token + 2;
    if (place_ == Place::event) {
      if (kEventName.is(name) && kEventNameEnd.is(json_.eight_behind(token, 2))) {
        event_name = value;
      }
    } else if (place_ == Place::object) {
      if (kKey.is(name)) key = value;
    } else {
      if (kName.is(name)) bucket = value;
      if (kAppid.is(name)) appid = value;
    }
  }
  void on_enter(std::size_t depth, const std::uint32_t* token) noexcept {
    if (depth == 1) {
      place_ = Place::record;
    } else if (depth == 2) {
      place_ = second_ = in_record(token);
    } else {
      place_ = depth == 3 && second_ == Place::cos ? in_cos(token) : Place::other;
      if (depth == 3) third_ = place_;
    }
  }
  void on_leave(std::size_t depth) noexcept {
    if (depth == 1) place_ = Place::record;
    if (depth == 2) place_ = second_;
    if (depth == 3) place_ = third_;
  }

  const std::uint32_t* bucket = nullptr;
  const std::uint32_t* appid = nullptr;
  const std::uint32_t* key = nullptr;
  const std::uint32_t* event_name = nullptr;

 private:
  // Returns which object of the record begins at a token.
  [[nodiscard]] Place in_record(const std::uint32_t* token) const noexcept {
    if (json_.first_of(token) != '{') return Place::other;
    const std::uint64_t name = json_.eight_behind(token - 2);
    if (kCos.is(name)) return Place::cos;
    return kEvent.is(name) ? Place::event : Place::other;
  }
  [[nodiscard]] Place in_cos(const std::uint32_t* token) const noexcept {
    if (json_.first_of(token) != '{') return Place::other;
    const std::uint64_t name = json_.eight_behind(token - 2);
    const std::uint64_t end = json_.eight_behind(token - 2, 2);
    if (kCosBucket.is(name) && kCosBucketEnd.is(end)) return Place::bucket;
    return kCosObject.is(name) && kCosObjectEnd.is(end) ? Place::object : Place::other;
  }

  const JsonCursor& json_;
  Place place_ = Place::other;   // what is around the next token
  Place second_ = Place::other;  // what is at depth two around it, and at three
  Place third_ = Place::other;
};

// A member whose value is neither text nor a number is left empty.
void note(const JsonCursor& json, MemberText& member, const std::uint32_t* value, std::size_t begin,
          bool may_be_escaped) {
  if (value == nullptr) return;
  const std::string_view text = json.text_of(value);
  std::size_t quotes = 0;
  if (text.front() == '"') {
    quotes = 1;
  } else if (text.front() != '-' && (text.front() < '0' || text.front() > '9')) {
    return;
  }
  member.offset = static_cast<std::uint32_t>(*value - begin + quotes);
  member.length = static_cast<std::uint32_t>(text.size() - 2 * quotes) & 0x7FFFFFFFU;
  if (may_be_escaped && text.find('\\') != std::string_view::npos) member.escaped = 1;
}

}  // namespace

bool RouteWalk::pass(RecordMembers& members) {
  const std::size_t begin = json_.offset();
  const std::size_t backslash = json_.next_backslash();
  const std::size_t escapes = json_.numbered_escapes();
  Finder found(json_);
  if (!json_.watched_object(found)) return false;
  disguised_ = json_.numbered_escapes() != escapes;
  const bool escaped = backslash < json_.offset();
  note(json_, members[Member::bucket], found.bucket, begin, escaped);
  note(json_, members[Member::appid], found.appid, begin, escaped);
  note(json_, members[Member::key], found.key, begin, escaped);
  note(json_, members[Member::event_name], found.event_name, begin, escaped);
  return true;
}

}  // namespace gateway::events

#include "events/route_walk.hpp"

#include <array>
#include <bit>

namespace gateway::events {
namespace {

// Where in a record a name stands.
enum class Place : std::uint8_t { other, cos, event, bucket, object };

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

// A member whose value is neither text nor a number is left empty.
void note(const JsonCursor& json, MemberText& member, const std::uint32_t* value,
          std::size_t begin) {
  if (value == nullptr) return;
  const std::string_view text = json.text_of(value);
  const bool string = text.front() == '"';
  const bool number = text.front() == '-' || (text.front() >= '0' && text.front() <= '9');
  if (!string && !number) return;
  member.offset = static_cast<std::uint32_t>(*value - begin + (string ? 1 : 0));
  member.length = static_cast<std::uint32_t>(text.size() - (string ? 2 : 0)) & 0x7FFFFFFFU;
  member.escaped = text.find('\\') != std::string_view::npos ? 1 : 0;
}

}  // namespace

bool RouteWalk::pass(RecordMembers& members) {
  const std::size_t begin = json_.offset();
  const std::size_t escapes = json_.numbered_escapes();
  // The tokens of the values; of a member that comes twice, the last.
  const std::uint32_t* bucket = nullptr;
  const std::uint32_t* appid = nullptr;
  const std::uint32_t* key = nullptr;
  const std::uint32_t* event_name = nullptr;
  Place outer = Place::other;   // within the record
  Place middle = Place::other;  // within that
  const auto on_name = [&](std::size_t depth, const std::uint32_t* token) {
    if (depth > 3) return;
    const std::uint64_t name = json_.eight_behind(token);
    const auto ends = [&](const Name& end) { return end.is(json_.eight_behind(token, 2)); };
    const std::uint32_t* const value = token + 2;
    if (depth == 3) {
      if (middle == Place::bucket) {
        if (kName.is(name)) bucket = value;
        if (kAppid.is(name)) appid = value;
      } else if (middle == Place::object && kKey.is(name)) {
        key = value;
      }
    } else if (depth == 2) {
      middle = Place::other;
      if (outer == Place::cos) {
        if (kCosBucket.is(name) && ends(kCosBucketEnd)) middle = Place::bucket;
        if (kCosObject.is(name) && ends(kCosObjectEnd)) middle = Place::object;
      } else if (outer == Place::event && kEventName.is(name) && ends(kEventNameEnd)) {
        event_name = value;
      }
    } else {
      outer = kCos.is(name) ? Place::cos : kEvent.is(name) ? Place::event : Place::other;
      middle = Place::other;
    }
  };
  if (!json_.value_of_names(on_name)) return false;
  disguised_ = json_.numbered_escapes() != escapes;
  note(json_, members[Member::bucket], bucket, begin);
  note(json_, members[Member::appid], appid, begin);
  note(json_, members[Member::key], key, begin);
  note(json_, members[Member::event_name], event_name, begin);
  return true;
}

}  // namespace gateway::events

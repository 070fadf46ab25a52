#include "events/route_walk.hpp"

#include <array>
#include <bit>
#include <cstdint>

namespace gateway::events {
namespace {

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
  using Token = const std::uint32_t*;
  // The tokens of the values; of a member that comes twice, the last.
  Token bucket = nullptr;
  Token appid = nullptr;
  Token key = nullptr;
  Token event_name = nullptr;
  const auto pass_other = [this](Token) { return json_.container(); };
  const auto in_bucket = [&](Token token) {
    const std::uint64_t name = json_.eight_behind(token);
    if (kName.is(name)) bucket = token + 2;
    if (kAppid.is(name)) appid = token + 2;
  };
  const auto in_object = [&](Token token) {
    if (kKey.is(json_.eight_behind(token))) key = token + 2;
  };
  const auto in_event = [&](Token token) {
    if (!kEventName.is(json_.eight_behind(token))) return;
    if (kEventNameEnd.is(json_.eight_behind(token, 2))) event_name = token + 2;
  };
  const auto in_cos = [&](Token token) {
    if (json_.peek() != '{') return json_.container();
    const std::uint64_t name = json_.eight_behind(token);
    const std::uint64_t end = json_.eight_behind(token, 2);
    if (kCosBucket.is(name) && kCosBucketEnd.is(end)) return json_.members(pass_other, in_bucket);
    if (kCosObject.is(name) && kCosObjectEnd.is(end)) return json_.members(pass_other, in_object);
    return json_.container();
  };
  const auto nothing = [](Token) {};
  const auto in_record = [&](Token token) {
    if (json_.peek() != '{') return json_.container();
    const std::uint64_t name = json_.eight_behind(token);
    if (kCos.is(name)) return json_.members(in_cos, nothing);
    return kEvent.is(name) ? json_.members(pass_other, in_event) : json_.container();
  };

  const std::size_t begin = json_.offset();
  const std::size_t backslash = json_.next_backslash();
  const std::size_t escapes = json_.numbered_escapes();
  if (!json_.members(in_record, nothing) || !json_.check_escapes()) return false;
  disguised_ = json_.numbered_escapes() != escapes;
  const bool escaped = backslash < json_.offset();
  note(json_, members[Member::bucket], bucket, begin, escaped);
  note(json_, members[Member::appid], appid, begin, escaped);
  note(json_, members[Member::key], key, begin, escaped);
  note(json_, members[Member::event_name], event_name, begin, escaped);
  return true;
}

}  // namespace gateway::events

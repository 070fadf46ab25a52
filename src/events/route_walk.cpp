#include "events/route_walk.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "events/member_name.hpp"

namespace gateway::events {
namespace {

constexpr MemberName kCos("cos");
constexpr MemberName kEvent("event");
constexpr MemberName kName("name");
constexpr MemberName kAppid("appid");
constexpr MemberName kKey("key");
constexpr MemberName kCosBucket("cosBucket");
constexpr MemberName kCosObject("cosObject");
constexpr MemberName kEventName("eventName");

}  // namespace

bool RouteWalk::pass(RecordMembers& members) {
  using Token = const std::uint32_t*;
  // The tokens of the values; of a member that comes twice, the last.
  Token bucket = nullptr;
  Token appid = nullptr;
  Token key = nullptr;
  Token event_name = nullptr;
  const auto pass_other = [this](Token) { return json_.container(); };
  const auto name_at = [this](Token token) { return SpelledName(json_.text_behind(token).data()); };
  const auto in_bucket = [&](Token token) {
    const SpelledName name = name_at(token);
    if (kName.is(name)) bucket = token + 2;
    if (kAppid.is(name)) appid = token + 2;
  };
  const auto in_object = [&](Token token) {
    if (kKey.is(name_at(token))) key = token + 2;
  };
  const auto in_event = [&](Token token) {
    if (kEventName.is(name_at(token))) event_name = token + 2;
  };
  const auto in_cos = [&](Token token) {
    if (json_.peek() != '{') return json_.container();
    const SpelledName name = name_at(token);
    if (kCosBucket.is(name)) return json_.members(pass_other, in_bucket);
    if (kCosObject.is(name)) return json_.members(pass_other, in_object);
    return json_.container();
  };
  const auto nothing = [](Token) {};
  const auto in_record = [&](Token token) {
    if (json_.peek() != '{') return json_.container();
    const SpelledName name = name_at(token);
    if (kCos.is(name)) return json_.members(in_cos, nothing);
    const bool wanted = by_ == RoutedBy::key_and_event && kEvent.is(name);
    return wanted ? json_.members(pass_other, in_event) : json_.container();
  };

  const std::size_t begin = json_.offset();
  const std::size_t backslash = json_.next_backslash();
  const std::size_t escapes = json_.numbered_escapes();
  if (!json_.members(in_record, nothing) || !json_.check_escapes()) return false;
  disguised_ = json_.numbered_escapes() != escapes;
  const bool escaped = backslash < json_.offset();
  const std::array<std::pair<Member, Token>, 4> found = {{{Member::bucket, bucket},
                                                          {Member::appid, appid},
                                                          {Member::key, key},
                                                          {Member::event_name, event_name}}};
  for (const auto& [member, value] : found) {
    if (value != nullptr) members[member].take(json_.text_of(value), *value - begin, escaped);
  }
  return true;
}

}  // namespace gateway::events

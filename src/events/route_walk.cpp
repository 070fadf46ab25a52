#include "events/route_walk.hpp"

#include <cstring>

namespace gateway::events {
namespace {

// Deeper names are of members that no record's way depends on.
constexpr std::size_t kDepth = 3;

}  // namespace

void RouteWalk::on_name(std::size_t depth, const std::uint32_t* token) {
  if (depth > kDepth) return;
  std::string_view name = json_.text_of(token);
  name = name.substr(1, name.size() - 2);
  if (std::memchr(name.data(), '\\', name.size()) != nullptr) disguised_ = true;
  if (depth == 1) {
    outer_ = name == "cos" ? Place::cos : name == "event" ? Place::event : Place::other;
    middle_ = Place::other;
  } else if (depth == 2 && outer_ == Place::cos) {
    middle_ = name == "cosBucket"   ? Place::bucket
              : name == "cosObject" ? Place::object
                                    : Place::other;
  } else if (depth == 2 && outer_ == Place::event) {
    if (name == "eventName") take(Member::event_name, token);
  } else if (depth == 3 && middle_ == Place::bucket) {
    if (name == "name") take(Member::bucket, token);
    if (name == "appid") take(Member::appid, token);
  } else if (depth == 3 && middle_ == Place::object) {
    if (name == "key") take(Member::key, token);
  }
}

// Of a member that comes twice, the last.
void RouteWalk::take(Member member, const std::uint32_t* name_token) noexcept {
  for (std::size_t i = 0; i < kWanted.size(); ++i) {
    if (kWanted[i] == member) values_[i] = name_token + 2;
  }
}

bool RouteWalk::pass(RecordMembers& members) {
  const std::size_t begin = json_.offset();
  outer_ = Place::other;
  middle_ = Place::other;
  values_.fill(nullptr);
  disguised_ = false;
  const bool good = json_.value_of_names(
      [this](std::size_t depth, const std::uint32_t* token) { on_name(depth, token); });
  if (!good) return false;
  for (std::size_t i = 0; i < kWanted.size(); ++i) {
    if (values_[i] == nullptr) continue;
    const std::string_view value = json_.text_of(values_[i]);
    const bool string = value.front() == '"';
    const bool number = value.front() == '-' || (value.front() >= '0' && value.front() <= '9');
    if (!string && !number) continue;
    MemberText& member = members[kWanted[i]];
    member.offset = static_cast<std::uint32_t>(*values_[i] - begin + (string ? 1 : 0));
    member.length = static_cast<std::uint32_t>(value.size() - (string ? 2 : 0)) & 0x7FFFFFFFU;
    member.escaped = std::memchr(value.data(), '\\', value.size()) != nullptr ? 1 : 0;
  }
  return true;
}

}  // namespace gateway::events

#include <algorithm>

#include "events/ascii.hpp"

#include "events/cos_record.hpp"

namespace gateway::events {
namespace {

void blank(char* begin, char* end) {
  if (end - begin == 1) {
    *begin = '0';
    return;
  }
  std::fill(std::fill_n(begin, 2, '"'), end, ' ');
}

}  // namespace

Redactor::Redactor(std::vector<std::string> members) : members_(std::move(members)) {
  for (auto& member : members_) member = lower_case(member);
}

bool Redactor::is_redacted(const JsonString& name) const {
  const std::string lower = lower_case(name.text());
  return std::find(members_.begin(), members_.end(), lower) != members_.end();
}

std::size_t Redactor::redact(char* record, std::size_t size) {
  if (!active()) return 0;
  auto indexed = index_.read(record, size);
  if (!indexed) return 0;
  JsonCursor& json = *indexed;
  std::size_t blanked = 0;

  // A member may come twice on every level; each time is looked into.
  const auto below = [&](std::string_view wanted, auto&& on_member) {
    return [&json, wanted, &on_member](const JsonString& name) {
      return name.is(wanted) && json.peek() == '{' ? json.object(on_member) : json.value();
    };
  };
  const auto header = [&](const JsonString& name) {
    const bool redacted = is_redacted(name);
    const std::size_t begin = json.offset();
    if (!json.value()) return false;
    if (!redacted) return true;
    // Behind the cursor, which never looks back beyond the white space before its next token.
    blank(record + begin, record + json.end());
    ++blanked;
    return true;
  };
  const auto parameter = below("requestHeaders", header);
  const auto event = below("requestParameters", parameter);
  const auto member = below("event", event);
  const auto root = [&](const JsonString& name) {
    if (!name.is("Records") || json.peek() != '[') return member(name);
    return json.array([&] { return json.peek() == '{' ? json.object(member) : json.value(); });
  };
  static_cast<void>(json.peek() == '{' && json.object(root));
  return blanked;
}

}  // namespace gateway::events

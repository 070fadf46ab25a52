#include "events/record_walk.hpp"

#include <algorithm>
#include <string>

#include "events/ascii.hpp"

namespace gateway::events {

void blank_json_value(char* begin, char* end) noexcept {
  if (end - begin == 1) {
    *begin = '0';
    return;
  }
  std::fill(std::fill_n(begin, 2, '"'), end, ' ');
}

namespace {

// Returns whether a string that is spelled with escapes may be JSON in which such names are to be
// searched for. As no letter of them is spelled by its number, they would read in `raw` as they
// are.
[[gnu::noinline]] bool may_hide(const HeaderNames& names, std::string_view raw) noexcept {
  return raw.find("\\u") != std::string_view::npos || names.any_in(raw);
}

}  // namespace

// `on_member(name)` gets names as they read.
template <class OnMember>
bool RecordWalk::object(OnMember&& on_member) {
  return json_.object([&](const JsonString& name) {
    if (!name.has_escapes()) return on_member(name.raw());
    usual_ = false;
    const std::string text = name.text();
    return on_member(std::string_view(text));
  });
}

// Most strings with escapes are ETags, which have quotes of their own.
[[gnu::always_inline]] inline bool RecordWalk::pass_string(JsonString& string) {
  if (!json_.string(string)) return false;
  if (string.has_escapes() && secrets_ != nullptr && may_hide(*secrets_, string.raw())) {
    usual_ = false;
  }
  return true;
}

bool RecordWalk::take(MemberText& member) {
  member = MemberText();
  const char first = json_.peek();
  const std::size_t begin = json_.offset();
  if (first == '"') {
    JsonString string;
    if (!pass_string(string)) return false;
    member.offset = static_cast<std::uint32_t>(begin + 1 - begin_);
    member.length = static_cast<std::uint32_t>(string.raw().size());
    member.escaped = string.has_escapes() ? 1 : 0;
    return true;
  }
  if (first == '{' || first == '[') usual_ = false;
  if (!json_.value()) return false;
  if (first == '-' || (first >= '0' && first <= '9')) {
    member.offset = static_cast<std::uint32_t>(begin - begin_);
    member.length = static_cast<std::uint32_t>(json_.end() - begin);
  }
  return true;
}

bool RecordWalk::pass_value() {
  if (json_.peek() != '"') return json_.value();
  JsonString string;
  return pass_string(string);
}

// A member nothing is made of. Headers may be hidden in a container, or under a name that another
// reader takes for the usual one.
bool RecordWalk::pass_other(std::string_view name) {
  const char first = json_.peek();
  if (first == '{' || first == '[') usual_ = false;
  if (name.size() == 5 || name.size() == 14 || name.size() == 17) {
    usual_ = usual_ && !equals_ignoring_case(name, "event") &&
             !equals_ignoring_case(name, "requestheaders") &&
             !equals_ignoring_case(name, "requestparameters");
  }
  return pass_value();
}

bool RecordWalk::pass_header(std::string_view name) {
  const char first = json_.peek();
  const std::size_t begin = json_.offset();
  const bool secret = secrets_ != nullptr && secrets_->contains(name);
  if (!secret && (first == '{' || first == '[')) usual_ = false;
  if (!(secret ? json_.value() : pass_value())) return false;
  if (secret) places_->emplace_back(begin, json_.end());
  return true;
}

bool RecordWalk::pass(RecordMembers& members) {
  begin_ = json_.offset();
  if (places_ != nullptr) places_->clear();
  usual_ = true;
  // Where an object is expected another value is no usual shape.
  const auto inner = [this](auto&& on_member) {
    if (json_.peek() == '{') return object(on_member);
    usual_ = false;
    return json_.value();
  };
  const auto meta_member = [&](std::string_view name) {
    if (name == "x-cos-request-id") return take(members[Member::request_id]);
    if (name.size() == 4 && equals_ignoring_case(name, "etag")) return take(members[Member::etag]);
    return pass_other(name);
  };
  const auto object_member = [&](std::string_view name) {
    switch (name.size()) {
      case 3:
        if (name == "key") return take(members[Member::key]);
        if (name == "url") return take(members[Member::url]);
        if (name == "vid") return take(members[Member::version]);
        break;
      case 4:
        if (name == "meta") return inner(meta_member);
        if (name == "size") return take(members[Member::size]);
        if (equals_ignoring_case(name, "etag")) return take(members[Member::etag]);
        break;
      default:
        break;
    }
    return pass_other(name);
  };
  const auto bucket_member = [&](std::string_view name) {
    if (name == "name") return take(members[Member::bucket]);
    if (name == "appid") return take(members[Member::appid]);
    if (name == "region") return take(members[Member::region]);
    if (name == "cosRegion") return take(members[Member::long_region]);
    return pass_other(name);
  };
  const auto cos_member = [&](std::string_view name) {
    if (name == "cosObject") return inner(object_member);
    if (name == "cosBucket") return inner(bucket_member);
    return pass_other(name);
  };
  const auto header = [&](std::string_view name) { return pass_header(name); };
  const auto parameter = [&](std::string_view name) {
    return name == "requestHeaders" ? inner(header) : pass_other(name);
  };
  const auto event_member = [&](std::string_view name) {
    if (name == "eventName") return take(members[Member::event_name]);
    if (name == "eventTime") return take(members[Member::event_time]);
    if (name == "reqid") return take(members[Member::event_reqid]);
    if (name == "requestParameters") return inner(parameter);
    return pass_other(name);
  };
  const auto record_member = [&](std::string_view name) {
    if (name == "cos") return inner(cos_member);
    if (name == "event") return inner(event_member);
    return pass_other(name);
  };
  return object(record_member);
}

RecordKind kind_of_record(std::string_view record, JsonIndex& index) {
  auto json = index.read(record.data(), record.size());
  RecordKind kind = RecordKind::cos;
  bool cos = false;
  const auto member = [&](const JsonString& name) {
    if (name.is("cos") || name.is("event")) cos = true;
    if (name.is("Ckafka")) kind = RecordKind::ckafka;
    if (name.is("CMQ")) kind = RecordKind::cmq;
    if (name.is("s3")) kind = RecordKind::s3;
    return json->value();
  };
  const bool good = json && json->peek() == '{' && json->object(member);
  return !good || cos ? RecordKind::cos : kind;
}

}  // namespace gateway::events

#include "events/record_walk.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "events/ascii.hpp"
#include "events/json_text.hpp"
#include "events/member_name.hpp"

namespace gateway::events {

void blank_json_value(char* begin, char* end) noexcept {
  if (end - begin == 1) {
    *begin = '0';
    return;
  }
  std::fill(std::fill_n(begin, 2, '"'), end, ' ');
}

namespace {

// Which of a record's objects one is. Those from `event` on are on the way to headers.
enum class Place : std::uint8_t {
  other,
  record,
  cos,
  bucket,
  object,
  meta,
  event,
  parameters,
  headers
};

constexpr MemberName kCos("cos");
constexpr MemberName kCosBucket("cosBucket");
constexpr MemberName kAppid("appid");
constexpr MemberName kName("name");
constexpr MemberName kCosRegion("cosRegion");
constexpr MemberName kRegion("region");
constexpr MemberName kCosObject("cosObject");
constexpr MemberName kKey("key");
constexpr MemberName kUrl("url");
constexpr MemberName kSize("size");
constexpr MemberName kVid("vid");
constexpr MemberName kEtag("etag");
constexpr MemberName kMeta("meta");
constexpr MemberName kRequestId("x-cos-request-id");
constexpr MemberName kEvent("event");
constexpr MemberName kEventName("eventName");
constexpr MemberName kEventTime("eventTime");
constexpr MemberName kReqid("reqid");
constexpr MemberName kRequestParameters("requestParameters");
constexpr MemberName kRequestHeaders("requestHeaders");
constexpr MemberName kLowerParameters("requestparameters");
constexpr MemberName kLowerHeaders("requestheaders");

// Returns whether a name that begins like these is one of them.
[[gnu::noinline]] bool is_of_request(SpelledName name) noexcept {
  std::array<char, SpelledName::kRoom> lower{};
  std::transform(name.begin(), name.begin() + lower.size(), lower.begin(), to_lower);
  const SpelledName in_lower_case(lower.data());
  return kLowerParameters.is(in_lower_case) || kLowerHeaders.is(in_lower_case);
}

// Returns whether another reader may take what has this name for a place of headers.
[[gnu::always_inline]] inline bool leads_to_headers(SpelledName name) noexcept {
  const std::uint64_t first = name.first_in_lower_case();
  return kEvent.begins(first) ||
         ((kLowerParameters.begins(first) || kLowerHeaders.begins(first)) && is_of_request(name));
}

// Returns whether a string that is spelled with escapes may be JSON in which such names are to be
// searched for. As no letter of them is spelled by its number, they would read in `raw` as they
// are.
bool may_hide(const HeaderNames& names, std::string_view raw) noexcept {
  return raw.find("\\u") != std::string_view::npos || names.any_in(raw);
}

// Whether names of a record read as they are spelled, as nearly always.
enum class Spelling : std::uint8_t { plain, disguised };

}  // namespace

// Finds the tokens of the values; of a member that comes twice, the last.
class RecordWalk::Finder {
 public:
  using Token = const std::uint32_t*;

  Finder(const JsonCursor& json, const HeaderNames* secrets, Places* places,
         Spelling spelling = Spelling::plain)
      : json_(&json),
        text_(json.text(0, 0).data()),
        secrets_(secrets),
        places_(places),
        spelling_(spelling) {
    const std::size_t size = json.size();
    const bool readable = spelling == Spelling::plain && size >= SpelledName::kRoom;
    last_readable_ = readable ? size - SpelledName::kRoom : 0;
  }

  [[gnu::always_inline]] void on_name(Token token) {
    if (place_ == Place::other) return;
    const SpelledName name = name_at(token);
    const Token value = token + 2;
    switch (place_) {
      case Place::headers: header(token); break;
      case Place::bucket:
        if (kAppid.is(name)) return note(Member::appid, value);
        if (kName.is(name)) return note(Member::bucket, value);
        if (kRegion.is(name)) return note(Member::region, value);
        if (kCosRegion.is(name)) return note(Member::long_region, value);
        break;
      case Place::object:
        if (kKey.is(name)) return note(Member::key, value);
        if (kUrl.is(name)) return note(Member::url, value);
        if (kVid.is(name)) return note(Member::version, value);
        if (kSize.is(name)) return note(Member::size, value);
        if (kEtag.begins(name.first_in_lower_case())) return note(Member::etag, value);
        break;
      case Place::meta:
        if (kEtag.begins(name.first_in_lower_case())) return note(Member::etag, value);
        if (kRequestId.is(name)) return note(Member::request_id, value);
        break;
      case Place::event:
        if (kEventName.is(name)) return note(Member::event_name, value);
        if (kEventTime.is(name)) return note(Member::event_time, value);
        if (kReqid.is(name)) return note(Member::event_reqid, value);
        break;
      default: break;
    }
    if (leads_to_headers(name)) ++leading_names_;
  }
  void on_enter(std::size_t depth, Token token) {
    place_ = depth < around_.size() ? inner(depth, token) : Place::other;
    if (depth < around_.size()) around_[depth] = place_;
    if (place_ == Place::other) strange_ = true;
    if (place_ >= Place::event) ++places_of_headers_;
  }
  void on_leave(std::size_t depth) noexcept {
    place_ = depth < around_.size() ? around_[depth] : Place::other;
  }

  [[nodiscard]] Token value(std::size_t member) const noexcept { return values_[member]; }
  // Returns whether headers may be where they are not looked for.
  [[nodiscard]] bool saw_other_places() const noexcept {
    return strange_ || leading_names_ != places_of_headers_;
  }

 private:
  void note(Member member, Token value) noexcept {
    values_[static_cast<std::size_t>(member)] = value;
  }
  [[gnu::noinline]] void header(Token token) {
    if (secrets_ == nullptr) return;
    if (spelling_ == Spelling::plain) {
      const std::string_view name = json_->text_of(token);
      if (secrets_->contains(name.substr(1, name.size() - 2))) places_->push_back(token + 2);
    } else if (secrets_->contains(unescaped(token))) {
      places_->push_back(token + 2);
    }
  }
  // Returns which object of the record begins at a token.
  [[nodiscard]] Place inner(std::size_t depth, Token token) {
    if (json_->first_of(token) != '{') return Place::other;
    if (depth == 1) return Place::record;
    if (place_ == Place::other) return Place::other;
    const SpelledName name = name_at(token - 2);
    switch (place_) {
      case Place::record:
        if (kCos.is(name)) return Place::cos;
        return kEvent.is(name) ? Place::event : Place::other;
      case Place::cos:
        if (kCosBucket.is(name)) return Place::bucket;
        return kCosObject.is(name) ? Place::object : Place::other;
      case Place::object: return kMeta.is(name) ? Place::meta : Place::other;
      case Place::event: return kRequestParameters.is(name) ? Place::parameters : Place::other;
      case Place::parameters: return kRequestHeaders.is(name) ? Place::headers : Place::other;
      default: return Place::other;
    }
  }
  [[nodiscard]] SpelledName name_at(Token token) {
    const std::size_t begin = *token + 1;
    return begin <= last_readable_ ? SpelledName(text_ + begin) : copied(token);
  }
  [[nodiscard, gnu::noinline]] SpelledName copied(Token token) {
    copy_.fill('\0');
    if (spelling_ == Spelling::plain) {
      json_->text_behind(token).copy(copy_.data(), copy_.size());
    } else {
      (unescaped(token) + '"').copy(copy_.data(), copy_.size());
    }
    return SpelledName(copy_.data());
  }
  [[nodiscard]] std::string unescaped(Token token) const {
    const std::string_view name = json_->text_of(token);
    return unescape_json_string(name.substr(1, name.size() - 2));
  }

  const JsonCursor* json_;
  const char* text_;
  std::size_t last_readable_ =
      0;  // where a name may begin at the latest to be read where it stands
  const HeaderNames* secrets_;
  Places* places_;
  Spelling spelling_;
  std::array<Token, static_cast<std::size_t>(Member::count_)> values_{};
  Place place_ = Place::other;      // what is around the next token
  std::array<Place, 5> around_{};   // by depth: as far down as there are places that count
  bool strange_ = false;            // a container where COS has none
  unsigned leading_names_ = 0;      // names that may lead to headers
  unsigned places_of_headers_ = 0;  // objects on the way to headers
  std::array<char, SpelledName::kRoom> copy_{};
};

bool RecordWalk::pass(RecordMembers& members) {
  const JsonCursor before = json_;
  const std::size_t begin = json_.offset();
  Finder found(json_, secrets_, places_);
  if (!walk(found)) return false;
  usual_ = !found.saw_other_places();
  if (json_.numbered_escapes() != before.numbered_escapes() && has_disguised_name(before)) {
    // Once more, with each name as it reads.
    json_ = before;
    found = Finder(json_, secrets_, places_, Spelling::disguised);
    if (!walk(found)) return false;
    usual_ = false;
  }
  const std::size_t first_backslash = before.next_backslash();
  const bool escapes = first_backslash < json_.offset();
  for (std::size_t i = 0; i < static_cast<std::size_t>(Member::count_); ++i) {
    const std::uint32_t* const value = found.value(i);
    if (value == nullptr) continue;
    const bool may_be_escaped =
        escapes && value[1] > first_backslash && *value < json_.last_backslash();
    members[static_cast<Member>(i)].take(json_.text_of(value), *value - begin, may_be_escaped);
  }
  if (secrets_ == nullptr) return true;
  if (escapes && usual_) usual_ = !strings_may_hide(before.next_token(), first_backslash);
  return true;
}

// Returns whether the record passed is good JSON. Of the secrets only those are left that are no
// containers: a Redactor sees to such.
bool RecordWalk::walk(Finder& finder) {
  if (places_ != nullptr) places_->clear();
  if (!json_.watched_object(finder)) return false;
  if (places_ == nullptr) return true;
  std::erase_if(*places_, [&](const std::uint32_t* value) {
    return json_.first_of(value) == '{' || json_.first_of(value) == '[';
  });
  return true;
}

// Returns whether a name among the tokens passed since `before` may read otherwise than it is
// spelled.
bool RecordWalk::has_disguised_name(const JsonCursor& before) const noexcept {
  for (const auto* token = before.next_token(); token + 1 < json_.next_token(); ++token) {
    if (json_.first_of(token + 1) != ':') continue;
    if (json_.text_of(token).find('\\') != std::string_view::npos) return true;
  }
  return false;
}

// Looks at each string that has an escape, from the one with the first backslash on.
bool RecordWalk::strings_may_hide(const std::uint32_t* first, std::size_t backslash) const {
  while (backslash <= json_.last_backslash()) {
    const auto* const behind = std::upper_bound(first, json_.next_token(), backslash);
    const auto* const token = behind - 1;
    const std::string_view text = json_.text_of(token);
    const bool blanked = std::ranges::find(*places_, token) != places_->end();
    if (!blanked && may_hide(*secrets_, text)) return true;
    const std::size_t end = *token + text.size();
    const std::size_t next = json_.text(end, json_.offset()).find('\\');
    if (next == std::string_view::npos) return false;
    backslash = end + next;
    first = behind;
  }
  return false;
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

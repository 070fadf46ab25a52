#include "events/record_splitter.hpp"

#include "events/member_name.hpp"
#include "events/route_walk.hpp"

namespace gateway::events {

template <class PassRecord>
boost::system::result<std::span<const RecordSpan>, Malformed> RecordSplitter::split_by(
    JsonCursor& json, const char* body, PassRecord&& pass_record) {
  records_.clear();
  bool others = false;
  const auto note_record = [&] {
    if (!json.next_is('{', "a record is not an object")) return false;
    const std::size_t begin = json.offset();
    others = others || !begins_as_cos_record(json);
    if (!pass_record()) return false;
    records_.push_back(
        {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(json.end() - begin)});
    return true;
  };
  const std::size_t root = json.offset();
  bool found = false;
  const auto member = [&](const JsonString& name) {
    if (!name.is("Records")) return json.value();
    if (found) return json.fail("a second Records member", name.offset());
    found = true;
    return json.next_is('[', "Records is not an array") && json.array(note_record);
  };
  if (!json.next_is('{', "the top level is not an object") || !json.object(member) ||
      !json.finish()) {
    return json.error();
  }
  if (!found) return Malformed("no Records member", root);
  if (others) {
    for (RecordSpan& span : records_) {
      span.kind = kind_of_record({body + span.offset, span.length}, record_index_);
    }
  }
  return std::span<const RecordSpan>(records_);
}

boost::system::result<std::span<const RecordSpan>, Malformed> RecordSplitter::split(
    const char* body, std::size_t size) {
  auto json = index_.read(body, size, kMaxDepth);
  if (!json) return json.error();
  return split_by(*json, body, [&] { return json->value(); });
}

boost::system::result<std::span<const RecordSpan>, Malformed> RecordSplitter::split_to_route(
    const char* body, std::size_t size, RecordVisitor& visitor, RoutedBy by) {
  auto json = index_.read(body, size, kMaxDepth);
  if (!json) return json.error();
  static_assert(kPadding >= SpelledName::kRoom);
  RouteWalk walk(*json, by);
  return split_by(*json, body, [&] {
    const std::size_t begin = json->offset();
    RecordMembers members;
    if (!walk.pass(members)) return false;
    const std::string_view record = json->text(begin, json->end());
    if (walk.disguised()) {
      members = RecordMembers();
      auto alone = record_index_.read(record.data(), record.size(), kMaxDepth);
      if (alone) static_cast<void>(RecordWalk(*alone).pass(members));
    }
    visitor.on_record(record, members);
    return true;
  });
}

boost::system::result<std::span<const RecordSpan>, Malformed> RecordSplitter::split(
    char* body, std::size_t size, RecordVisitor& visitor, Redactor& redactor) {
  unusual_.clear();
  auto json = index_.read(body, size, kMaxDepth);
  if (!json) return json.error();
  const bool redacts = redactor.active();
  RecordWalk walk = redacts ? RecordWalk(*json, redactor.names(), secrets_) : RecordWalk(*json);
  const auto pass = [&] {
    const std::size_t begin = json->offset();
    RecordMembers members;
    if (!walk.pass(members)) return false;
    visitor.on_record(json->text(begin, json->end()), members);
    if (!redacts) return true;
    // Behind the cursor, which never looks back beyond the white space before its next token.
    for (const std::uint32_t* const value : secrets_) {
      char* const secret = body + *value;
      blank_json_value(secret, secret + json->text_of(value).size());
    }
    if (!walk.usual()) unusual_.push_back(records_.size());
    return true;
  };
  const auto records = split_by(*json, body, pass);
  if (!records) return records;
  for (const std::size_t i : unusual_) {
    const RecordSpan& span = records_[i];
    const auto blanked = redactor.redact(body + span.offset, span.length);
    if (!blanked) return Malformed("a record that event.redact cannot search", span.offset);
    if (*blanked != 0) visitor.on_redacted();
  }
  return records;
}

}  // namespace gateway::events

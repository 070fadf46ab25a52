#include "events/record_splitter.hpp"

namespace gateway::events {

boost::system::result<std::span<const RecordSpan>, Malformed> RecordSplitter::split(
    const char* body, std::size_t size) {
  records_.clear();
  auto indexed = index_.read(body, size);
  if (!indexed) return indexed.error();
  JsonCursor& json = *indexed;

  const auto note_record = [&] {
    if (!json.next_is('{', "a record is not an object")) return false;
    const std::size_t begin = json.offset();
    if (!json.value()) return false;
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
  return std::span<const RecordSpan>(records_);
}

}  // namespace gateway::events

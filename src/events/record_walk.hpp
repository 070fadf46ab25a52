#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "events/header_names.hpp"
#include "events/json_cursor.hpp"
#include "events/json_index.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

// Passes a record at a cursor that walks the text around it, and takes along what is needed of it:
// one walk validates a record, finds its members and takes secrets out of it.
class RecordWalk {
 public:
  // Where secrets lie in a text: the tokens of their values.
  using Places = std::vector<const std::uint32_t*>;

  explicit RecordWalk(JsonCursor& json) noexcept : json_(json) {}
  // Notes where the values of headers of these names lie as well, of one record in `places`, unless
  // they are containers.
  RecordWalk(JsonCursor& json, const HeaderNames& secrets, Places& places) noexcept
      : json_(json), secrets_(&secrets), places_(&places) {}

  // Passes an object and notes where its members lie; of a member that comes twice, the last.
  // Returns whether it is good JSON; if not, the cursor knows why and `members` is left alone.
  [[nodiscard]] bool pass(RecordMembers& members);
  // Returns whether the last record had its headers where a COS record has them and nothing else
  // that may hold some: if not, a Redactor has to search it.
  [[nodiscard]] bool usual() const noexcept { return usual_; }

 private:
  class Finder;

  [[nodiscard]] bool walk(Finder& finder);
  [[nodiscard]] bool has_disguised_name(const JsonCursor& before) const noexcept;
  [[nodiscard]] bool strings_may_hide(const std::uint32_t* first, std::size_t backslash) const;

  JsonCursor& json_;
  const HeaderNames* secrets_ = nullptr;
  Places* places_ = nullptr;
  bool usual_ = true;
};

// Blanks the JSON value at [begin, end), so that the text keeps its length and stays JSON: it
// becomes "" and white space. A value of one byte can only be a digit; it becomes 0.
void blank_json_value(char* begin, char* end) noexcept;

// Returns whether a cursor stands before a record that begins as those of COS do.
[[nodiscard]] inline bool begins_as_cos_record(const JsonCursor& json) noexcept {
  return json.begins_with_member("cos") || json.begins_with_member("event");
}
// Returns whose record it is by the members it has; `record` is valid JSON.
[[nodiscard]] RecordKind kind_of_record(std::string_view record, JsonIndex& index);

}  // namespace gateway::events

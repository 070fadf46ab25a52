#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/header_names.hpp"
#include "events/json_cursor.hpp"
#include "events/json_index.hpp"

namespace gateway::events {

// COS puts the headers of an uploader's request into a record, its signature among them. This takes
// the values of the headers that are named out of an event's data. It fails closed: what may hold
// such a header and cannot be searched is withheld as a whole, or the event is refused.
//
// In JSON, `requestHeaders` is searched for at any depth, member names in any letter case. Of an
// object the named members are blanked; an array or string in its place is blanked as a whole, as
// is a string in place of `event` or `requestParameters`, and a string that looks like JSON with
// such a name in it. A blanked value becomes "" and white space, so that the text keeps its length.
// One per shard; not thread-safe.
class Redactor {
 public:
  explicit Redactor(std::vector<std::string> names) : names_(std::move(names)) {}

  [[nodiscard]] bool active() const noexcept { return !names_.empty(); }
  [[nodiscard]] const HeaderNames& names() const noexcept { return names_; }

  // Returns how many values were blanked; nothing if `json` is not JSON that can be searched.
  [[nodiscard]] std::optional<std::size_t> redact(char* json, std::size_t size);
  // Returns whether the event may be passed on: its data was searched. Bytes are if they are JSON,
  // and so is text; other text is if none of the names is in it.
  [[nodiscard]] bool redact(CloudEvent& event);

 private:
  struct Search;

  HeaderNames names_;
  JsonIndex index_;
};

}  // namespace gateway::events

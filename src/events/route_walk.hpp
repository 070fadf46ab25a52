#pragma once
#include "events/json_cursor.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

// Passes a record at a cursor and takes along only what its way depends on: bucket, appid, key,
// event name. Finds what RecordWalk finds of these, at a fraction of its time: it looks at names
// only in the objects that these members may stand in, and passes all others as values that nobody
// asks about.
class RouteWalk {
 public:
  // Behind the text of `json`, SpelledName::kRoom bytes must be readable. `by`: without the event's
  // name where nothing depends on it.
  RouteWalk(JsonCursor& json, RoutedBy by) noexcept : json_(json), by_(by) {}

  // Passes an object and notes where these members lie. Returns whether it is good JSON.
  [[nodiscard]] bool pass(RecordMembers& members);
  // Returns whether names of the last record may not be spelled as they read, so that RecordWalk
  // has to read it.
  [[nodiscard]] bool disguised() const noexcept { return disguised_; }

 private:
  JsonCursor& json_;
  const RoutedBy by_;
  bool disguised_ = false;
};

}  // namespace gateway::events

#pragma once
#include "events/json_cursor.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

// Passes a record at a cursor and takes along only what its way depends on: bucket, appid, key,
// event name. Finds what RecordWalk finds of these, at a fraction of its time: it passes the record
// as a value that nobody asks about, and looks at the names of the first three levels only.
class RouteWalk {
 public:
  explicit RouteWalk(JsonCursor& json) noexcept : json_(json) {}

  // Passes an object and notes where these members lie. Returns whether it is good JSON.
  [[nodiscard]] bool pass(RecordMembers& members);
  // Returns whether names of the last record may not be spelled as they read, so that RecordWalk
  // has to read it.
  [[nodiscard]] bool disguised() const noexcept { return disguised_; }

 private:
  JsonCursor& json_;
  bool disguised_ = false;
};

}  // namespace gateway::events

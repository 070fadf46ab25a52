#pragma once
#include <boost/system/result.hpp>
#include <cstddef>
#include <memory>

#include "events/json_cursor.hpp"
#include "events/malformed.hpp"

namespace gateway::events {

// Finds the tokens of a JSON text (simdjson's first stage: one vectorised pass that also checks
// UTF-8, control characters in strings and the closing quote of the last string) and gives a cursor
// to walk and validate the rest with. Not thread-safe; no allocation once it has seen the longest
// text. Throws std::bad_alloc.
class JsonIndex {
 public:
  JsonIndex();
  ~JsonIndex();
  JsonIndex(const JsonIndex&) = delete;
  JsonIndex& operator=(const JsonIndex&) = delete;

  // The cursor lasts until the next call or until the text goes, whichever is first. It refuses
  // more than `max_depth` levels of nesting.
  [[nodiscard]] boost::system::result<JsonCursor, Malformed> read(
      const char* text, std::size_t size, std::size_t max_depth = JsonDepth::kRead);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gateway::events

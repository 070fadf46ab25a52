#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "events/json_cursor.hpp"
#include "events/json_index.hpp"
#include "events/malformed.hpp"

namespace gateway::events {

// Where one record lies in the body it came in: the bytes from its `{` to its `}`, as received.
struct RecordSpan {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
};

// Finds the records of a COS trigger payload, {"Records":[{...},{...}]}, without copying them.
// The whole body is validated as RFC 8259 JSON (UTF-8 included) before the first span is given
// out: of a malformed body nothing is sent. One per shard; not thread-safe; no allocation once
// it has seen the largest body.
class RecordSplitter {
 public:
  // Bytes after the body that must be readable; their content does not matter.
  static constexpr std::size_t kPadding = 64;
  // Deeper nesting is refused: no COS payload comes near it.
  static constexpr std::size_t kMaxDepth = JsonCursor::kMaxDepth;

  // The spans stay valid until the next call. Fails on anything that is not an object with exactly
  // one `Records` member, an array of objects.
  [[nodiscard]] boost::system::result<std::span<const RecordSpan>, Malformed> split(
      const char* body, std::size_t size);

 private:
  JsonIndex index_;
  std::vector<RecordSpan> records_;
};

}  // namespace gateway::events

#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "events/json_depth.hpp"
#include "events/json_index.hpp"
#include "events/malformed.hpp"
#include "events/record_members.hpp"
#include "events/record_walk.hpp"
#include "events/redactor.hpp"

namespace gateway::events {

// Where one record lies in the body it came in: the bytes from its `{` to its `}`, as received.
struct RecordSpan {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  RecordKind kind = RecordKind::cos;
};

// Is shown each record of a body on the walk that finds it, before anything is redacted in it. The
// body may still turn out to be malformed.
class RecordVisitor {
 public:
  virtual void on_record(std::string_view record, const RecordMembers& members) = 0;
  // Is told that redaction has changed a record beyond its headers: members that were shown may not
  // be where they were.
  virtual void on_redacted() noexcept {}

 protected:
  ~RecordVisitor() = default;
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
  static constexpr std::size_t kMaxDepth = JsonDepth::kData;

  // Returns the records; the spans stay valid until the next call. Fails on anything that is not an
  // object with exactly one `Records` member, an array of objects.
  [[nodiscard]] boost::system::result<std::span<const RecordSpan>, Malformed> split(
      const char* body, std::size_t size);

  // Likewise, and shows the visitor each record with those members alone that its way depends on:
  // where `by` leaves out the event's name, it may be missing.
  [[nodiscard]] boost::system::result<std::span<const RecordSpan>, Malformed> split_to_route(
      const char* body, std::size_t size, RecordVisitor& visitor,
      RoutedBy by = RoutedBy::key_and_event);

  // Likewise, and on the same walk shows the visitor each record and, with an active redactor,
  // takes what it names out of `body`. Leaves a body that is refused half redacted.
  [[nodiscard]] boost::system::result<std::span<const RecordSpan>, Malformed> split(
      char* body, std::size_t size, RecordVisitor& visitor, Redactor& redactor);

 private:
  template <class PassRecord>
  [[nodiscard]] boost::system::result<std::span<const RecordSpan>, Malformed> split_by(
      JsonCursor& json, const char* body, PassRecord&& pass_record);

  JsonIndex index_;
  JsonIndex record_index_;
  std::vector<RecordSpan> records_;
  RecordWalk::Places secrets_;        // of the record that was passed last
  std::vector<std::size_t> unusual_;  // of the records, those that a redactor has to search
};

}  // namespace gateway::events

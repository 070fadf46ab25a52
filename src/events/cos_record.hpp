#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "events/json_index.hpp"
#include "events/record_members.hpp"

namespace gateway::events {

// The members of a COS record that identify it and that CloudEvents attributes are made from.
// A member that is absent or of an unexpected type is empty; numbers are given as their text.
// Half a surrogate pair, which JSON can spell and UTF-8 cannot, is what unescape_json_exactly()
// makes of it. The views point into the record or into the reader that made them: see
// CosRecordReader.
struct CosRecord {
  std::string_view appid;
  std::string_view bucket;        // name without appid
  std::string_view long_region;   // "ap-beijing"
  std::string_view short_region;  // "bj"
  std::string_view key;           // as received: "/<appid>/<bucket>/<key>"
  std::string_view url;
  std::string_view size;        // text of the number
  std::string_view event_name;  // as received, blanks included
  std::string_view event_time;  // text: Unix seconds in every capture, RFC 3339 in old documents
  std::string_view request_id;  // cosObject.meta["x-cos-request-id"]
  std::string_view version;     // cosObject.vid
  std::string_view etag;
  std::string_view event_reqid;  // text of the number

  // The key without "/<appid>/<bucket>/" at its front, nor a lone leading slash.
  [[nodiscard]] std::string_view object_key() const noexcept;
  // Returns the long region if it is there, else the one in the host of `url`, else the short one.
  [[nodiscard]] std::string_view region() const noexcept;
  // event_time as a time point; empty if it cannot be read as one.
  [[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::milliseconds>> time() const;
};

// Reads those members, in whatever order they come; of a member that comes twice, the last. One per
// shard; not thread-safe; no allocation once it has seen the longest record.
class CosRecordReader {
 public:
  // `record` must be valid JSON; what is not gives nothing. The result's
  // views last until the next call or until the record's bytes go, whichever is first.
  [[nodiscard]] CosRecord read(std::string_view record);
  // Likewise, of a record whose members have been found before. Those that are not wanted are
  // empty.
  [[nodiscard]] CosRecord read(std::string_view record, const RecordMembers& members,
                               MemberSet wanted = MemberSet::all());

 private:
  JsonIndex index_;
  std::string unescaped_;  // strings that are not spelled as they read
};

}  // namespace gateway::events

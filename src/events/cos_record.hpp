#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/json_cursor.hpp"
#include "events/json_index.hpp"

namespace gateway::events {

// The members of a COS record that identify it and that CloudEvents attributes are made from.
// A member that is absent or of an unexpected type is empty; numbers are given as their text.
// The views point into the record or into the reader that made them: see CosRecordReader.
struct CosRecord {
  std::string_view appid;
  std::string_view bucket;  // name without appid
  std::string_view region;  // cosRegion if there, else from the host of `url`, else `region`
  std::string_view key;     // as received: "/<appid>/<bucket>/<key>"
  std::string_view url;
  std::string_view size;        // text of the number
  std::string_view event_name;  // as received, blanks included
  std::string_view event_time;  // text: Unix seconds in every capture, RFC 3339 in old documents
  std::string_view request_id;  // cosObject.meta["x-cos-request-id"]

  // The key without "/<appid>/<bucket>/" at its front, nor a lone leading slash.
  [[nodiscard]] std::string_view object_key() const noexcept;
  // event_time as a time point; empty if it cannot be read as one.
  [[nodiscard]] std::optional<std::chrono::sys_time<std::chrono::milliseconds>> time() const;
};

// Reads those members, in whatever order they come; of a member that comes twice, the last. One per
// shard; not thread-safe; no allocation once it has seen the longest record.
class CosRecordReader {
 public:
  // `record` must be valid JSON; what is not gives what was found before the error. The result's
  // views last until the next call or until the record's bytes go, whichever is first.
  [[nodiscard]] CosRecord read(std::string_view record);

 private:
  JsonIndex index_;
  std::string unescaped_;  // strings that are not spelled as they read
};

// Blanks members under event.requestParameters.requestHeaders of a COS record, or of each record of
// a payload {"Records":[...]}, in place: the value becomes "" and what is left of its room becomes
// white space, so that the text keeps its length and stays valid JSON. (A value of one byte can
// only be a digit; it becomes 0.) Names are compared without regard to case. Not thread-safe.
class Redactor {
 public:
  explicit Redactor(std::vector<std::string> members);

  [[nodiscard]] bool active() const noexcept { return !members_.empty(); }
  // Same conditions on `record` as CosRecordReader::read. Returns how many values were blanked.
  std::size_t redact(char* record, std::size_t size);

 private:
  [[nodiscard]] bool is_redacted(const JsonString& name) const;

  JsonIndex index_;
  std::vector<std::string> members_;  // in lower case
};

}  // namespace gateway::events

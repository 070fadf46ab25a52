#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::events {

// The members of a COS record that identify it and that CloudEvents attributes are made from.
// A member that is absent or of an unexpected type is empty; numbers are given as their text.
// The views point into the record or into the reader that made them: see CosRecordReader.
struct CosRecord {
  std::string_view appid;
  std::string_view bucket;      // name without appid
  std::string_view region;      // cosRegion if there, else from the host of `url`, else `region`
  std::string_view key;         // as received: "/<appid>/<bucket>/<key>"
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

// Reads those members, in whatever order they come. One per shard; not thread-safe.
class CosRecordReader {
 public:
  CosRecordReader();
  ~CosRecordReader();
  CosRecordReader(const CosRecordReader&) = delete;
  CosRecordReader& operator=(const CosRecordReader&) = delete;

  // `record` must be valid JSON with RecordSplitter::kPadding readable bytes after it. The result's
  // views last until the next call or until the record's bytes go, whichever is first.
  [[nodiscard]] CosRecord read(std::string_view record);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// Blanks members under event.requestParameters.requestHeaders, in place: the value becomes "" and
// what is left of its room becomes white space, so that the record keeps its length and stays
// valid JSON. Names are compared without regard to case. Not thread-safe.
class Redactor {
 public:
  explicit Redactor(std::vector<std::string> members);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  [[nodiscard]] bool active() const noexcept { return !members_.empty(); }
  // Same conditions on `record` as CosRecordReader::read. Returns how many values were blanked.
  std::size_t redact(char* record, std::size_t size);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::vector<std::string> members_;
};

}  // namespace gateway::events

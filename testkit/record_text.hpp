#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace gateway::test {

// The bucket that a record is of unless it says otherwise, with the application's id.
inline constexpr std::string_view kRecordBucket = "testpic";
inline constexpr std::string_view kRecordAppid = "1253970026";
inline constexpr std::string_view kRecordRegion = "ap-chengdu";
// Returns the host of such a bucket.
[[nodiscard]] std::string bucket_host(std::string_view bucket = kRecordBucket);

// What distinguishes one record of a COS trigger payload from another. Views are read by
// append_record() only.
struct RecordText {
  std::string_view bucket = kRecordBucket;
  std::string_view event_name;
  std::string_view key;  // of the object, without application and bucket: plain UTF-8
  std::string_view content_type;
  std::string_view request_id;  // as it stands in x-cos-request-id
  std::uint64_t etag_high = 0;
  std::uint64_t etag_low = 0;
  std::string_view
      metadata;            // further members of cosObject.meta as JSON, each with a comma in front
  std::uint64_t size = 0;  // of the object, in bytes
  std::int64_t time = 0;   // of the event, Unix seconds
  unsigned address = 1;    // last number of the caller's address
  std::uint64_t signature = 0;
};

// Appends the record as JSON, in the form the platform uses today (with cosRegion, s3Region and an
// ETag that has quotes in it). The key is percent-encoded in the URL and escaped in the key.
void append_record(std::string& out, const RecordText& record);

// As in captures: Base64 of four hexadecimal numbers, the first of which is the time.
void append_request_id(std::string& out, std::int64_t time, std::uint32_t a, std::uint16_t b,
                       std::uint64_t count);

}  // namespace gateway::test

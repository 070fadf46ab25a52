#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "testkit/random.hpp"

namespace gateway::test {

// The bucket that a record is of unless it says otherwise, with the application's id.
inline constexpr std::string_view kRecordBucket = "testpic";
inline constexpr std::string_view kRecordAppid = "1253970026";
inline constexpr std::string_view kRecordRegion = "ap-chengdu";
// Returns the host of such a bucket.
[[nodiscard]] std::string bucket_host(std::string_view bucket = kRecordBucket);

// What is chosen of a record of a COS trigger payload.
struct RecordText {
  std::string_view bucket = kRecordBucket;
  std::string_view event_name;
  std::string_view key;  // of the object, without application and bucket: plain UTF-8
  std::string_view content_type;
  std::string_view
      metadata;  // further members of cosObject.meta as JSON, each with a comma in front
};

// Makes records as JSON, in the form the platform uses today (with cosRegion, s3Region and an ETag
// that has quotes in it). The key is percent-encoded in the URL and escaped in the key. No two
// records are equal, as their x-cos-request-id counts up. The same seed gives the same bytes
// everywhere.
class RecordMaker {
 public:
  explicit RecordMaker(std::uint64_t seed) : random_(seed) {}

  // For what is chosen of a record.
  [[nodiscard]] Random& random() noexcept { return random_; }
  // Appends the record; what is not chosen of it is drawn. Sizes are spread evenly over magnitudes,
  // from bytes to 1 GiB. A hundred events happen in a second.
  void append(std::string& out, const RecordText& record);
  // From now on events happen at this time, in Unix seconds.
  void happen_at(std::int64_t time) noexcept {
    first_time_ = time - static_cast<std::int64_t>(made_ / 100);
  }

 private:
  Random random_;
  std::uint64_t made_ = 0;
  std::int64_t first_time_ = 1'700'000'000;
};

}  // namespace gateway::test

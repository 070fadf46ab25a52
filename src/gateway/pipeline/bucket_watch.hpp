#pragma once
#include <cstddef>
#include <span>
#include <string_view>

#include "events/cos_record.hpp"
#include "events/record_splitter.hpp"
#include "gateway/domain/reasons.hpp"
#include "gateway/metrics/shard_metrics.hpp"
#include "gateway/routing/route_table.hpp"
#include "runtime/clock.hpp"
#include "runtime/log_limiter.hpp"

namespace gateway {

// Records of buckets that `buckets` does not name, or that somebody else has signed. Counts them
// and tells the operator now and then which bucket it is and what to write into the configuration.
class BucketWatch {
 public:
  // `metrics` outlives it.
  explicit BucketWatch(ShardMetrics& metrics) noexcept : metrics_(metrics) {}

  // The records of one post were taken, `unknown` of them of unknown buckets, at least one.
  void taken(std::size_t unknown, std::string_view body,
             std::span<const events::RecordSpan> records,
             std::span<const routing::Decision> decisions, Instant now);
  // A post is answered 422 for this record.
  void refused(BucketRefusal refusal, std::string_view record, Instant now);

 private:
  ShardMetrics& metrics_;
  events::CosRecordReader reader_;
  LogLimiter unknown_told_;
  PerReason<BucketRefusal, LogLimiter> refused_told_;
};

}  // namespace gateway

#include "gateway/pipeline/bucket_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "runtime/log.hpp"

namespace gateway {
namespace {

// Longer names are no names of buckets.
constexpr std::size_t kMostShown = 100;

std::string name_of(const events::CosRecord& fields) {
  const std::string_view name = fields.bucket.substr(0, kMostShown);
  const std::string_view appid = fields.appid.substr(0, kMostShown);
  if (name.empty()) return "none: the record names no bucket";
  return appid.empty() ? std::string(name) : fmt::format("{}-{}", name, appid);
}

std::string entry_to_add(const events::CosRecord& fields) {
  const std::string_view region = fields.long_region.empty() ? fields.region() : fields.long_region;
  const bool known = region.find('-') != std::string_view::npos && region.size() < kMostShown;
  return fmt::format("{}.cos.{}.myqcloud.com", name_of(fields), known ? region : "<region>");
}

}  // namespace

void BucketWatch::taken(std::size_t unknown, std::string_view body,
                        std::span<const events::RecordSpan> records,
                        std::span<const routing::Decision> decisions, Instant now) {
  metrics_.unknown_bucket_records.add(unknown);
  const auto posts = unknown_told_.occurred(now);
  if (!posts) return;
  const auto found =
      std::ranges::find(decisions, routing::Decision::Kind::unknown, &routing::Decision::kind);
  const auto first = static_cast<std::size_t>(found - decisions.begin());
  const auto& span = records[first];
  const events::CosRecord fields = reader_.read(body.substr(span.offset, span.length));
  log::warn("records of a bucket that no entry of buckets names; they go where the top level says",
            {{"bucket", name_of(fields)},
             {"posts", *posts},
             {"advice", fmt::format("add `- endpoint: {}` to buckets, or refuse such records with "
                                    "unknown_bucket: refuse",
                                    entry_to_add(fields))}});
}

void BucketWatch::refused(BucketRefusal refusal, std::string_view record, Instant now) {
  metrics_.bucket_refusals[refusal].add();
  const auto posts = refused_told_[refusal].occurred(now);
  if (!posts) return;
  const events::CosRecord fields = reader_.read(record);
  const bool unknown = refusal == BucketRefusal::unknown;
  log::warn("posts are refused with 422",
            {{"reason", unknown ? "no entry of buckets names the bucket of a record"
                                : "signed by a function that is not of the record's bucket"},
             {"bucket", name_of(fields)},
             {"posts", *posts},
             {"advice",
              unknown ? fmt::format("add `- endpoint: {}` to buckets, or take such records with "
                                    "unknown_bucket: accept",
                                    entry_to_add(fields))
                      : "somebody else's trigger posts to this function, or posts are forged: look "
                        "at the function's triggers"}});
}

}  // namespace gateway

#pragma once
#include <string>
#include <string_view>

namespace gateway::test {

// A notification rule of a bucket: whom COS tells about which objects. Rules are the bucket's, so
// they are shared by all functions and products of the account.
struct BucketRule {
  std::string bucket;  // host of the XML API, as the trigger's name
  std::string event;   // "cos:ObjectCreated:*"
  std::string prefix;
  std::string suffix;
  std::string holder;  // "default/relay", "workflow"
};

// What a trigger description of COS says.
struct CosTriggerDescription {
  std::string event;
  std::string prefix;
  std::string suffix;

  bool operator==(const CosTriggerDescription&) const = default;
};

// Two rules of one bucket that COS would not know how to choose between: one event covers the
// other, and so do the prefixes as well as the suffixes.
[[nodiscard]] bool overlap(const BucketRule& a, const BucketRule& b);

// Reads a TriggerDesc as the service does: compact JSON without blanks, a known event, one prefix
// without leading slash, a suffix that begins with a dot. `returned` admits the bucketUrl that only
// the service's own answers have. Throws CloudRefusal with InvalidParameterValue.TriggerDesc.
[[nodiscard]] CosTriggerDescription parse_trigger_description(std::string_view text, bool returned);
// As the service answers it: with bucketUrl, and always with a filter.
[[nodiscard]] std::string trigger_description_text(std::string_view bucket,
                                                   const CosTriggerDescription& description);

}  // namespace gateway::test

#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace gateway::cloud {

enum class ProvisioningState {
  working,     // not confirmed yet, nothing wrong so far
  retrying,    // something failed that may pass
  ready,       // function, retry rules and triggers were confirmed by reading them, or by the mark
  failed,      // an operator has to act; checked again at the next reconciliation
  superseded,  // a newer configuration has the function or its events
  removing,
  removed,
};
[[nodiscard]] std::string_view label(ProvisioningState state) noexcept;

// The same for the triggers of one bucket.
class BucketStatus {
 public:
  BucketStatus() = default;
  std::string bucket;    // its host
  std::string function;  // its name
  ProvisioningState state = ProvisioningState::working;
  std::string last_error;  // with what to do about it; empty when all is well
  std::string code;

  [[nodiscard]] bool operator==(const BucketStatus&) const = default;
};

// The part of provisioning that /status and the log show.
struct ProvisioningStatus {
  ProvisioningStatus() = default;
  ProvisioningState state = ProvisioningState::working;
  std::string step;        // the present step in words; empty if there is none
  std::string last_error;  // the last failure, kept until a later success; of `superseded`, by whom
  std::string code;        // its error code
  bool denied = false;     // `failed` because rights or credentials are missing
  std::vector<BucketStatus> buckets;  // each wanted one

  // Returns the status of a function's bucket, or null.
  [[nodiscard]] const BucketStatus* find(std::string_view bucket, std::string_view function) const;
  [[nodiscard]] bool operator==(const ProvisioningStatus&) const = default;
};

}  // namespace gateway::cloud

#pragma once
#include <string>

namespace gateway::cloud {

// What TKE puts into a pod whose service account is bound to a role.
struct PodIdentity {
  PodIdentity() = default;
  std::string region;       // TKE_REGION
  std::string provider_id;  // TKE_PROVIDER_ID
  std::string token_file;   // TKE_WEB_IDENTITY_TOKEN_FILE
  std::string role_arn;     // TKE_ROLE_ARN

  [[nodiscard]] bool complete() const noexcept {
    return !region.empty() && !provider_id.empty() && !token_file.empty() && !role_arn.empty();
  }
};

}  // namespace gateway::cloud

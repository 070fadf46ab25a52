#pragma once
#include <string>

#include "cloud/pod_identity.hpp"
#include "cloud/temporary_credentials.hpp"
#include "runtime/http_client.hpp"

namespace gateway::cloud {

// Credentials of a role that is assumed with the pod's OpenID Connect token (STS 2018-08-13,
// AssumeRoleWithWebIdentity). The token's file is read each time, as the kubelet replaces it.
class PodIdentityCredentials : public TemporaryCredentials {
 public:
  PodIdentityCredentials(const Executor& executor, PodIdentity identity, HttpOrigin sts,
                         std::chrono::milliseconds timeout, std::string ca_file = {});

  void cancel() override { http_.cancel(); }
  [[nodiscard]] std::string name() const override { return "pod identity (OIDC)"; }

 private:
  [[nodiscard]] Task<ApiResult<Credential>> fetch() override;

  const PodIdentity identity_;
  const std::chrono::milliseconds timeout_;
  HttpClient http_;
};

}  // namespace gateway::cloud

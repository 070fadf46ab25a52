#pragma once
#include <string>

#include "cloud/temporary_credentials.hpp"
#include "runtime/http_client.hpp"

namespace gateway::cloud {

// Credentials of the role that is bound to the CVM this process runs on, from the metadata service.
class InstanceRoleCredentials : public TemporaryCredentials {
 public:
  InstanceRoleCredentials(const Executor& executor, HttpOrigin metadata,
                          std::chrono::milliseconds timeout);

  void cancel() override { http_.cancel(); }
  [[nodiscard]] std::string name() const override { return "instance role"; }

 private:
  [[nodiscard]] Task<ApiResult<Credential>> fetch() override;
  [[nodiscard]] Task<ApiResult<std::string>> read(std::string target);

  const std::chrono::milliseconds timeout_;
  HttpClient http_;
};

}  // namespace gateway::cloud

#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "cloud/credentials.hpp"
#include "cloud/pod_identity.hpp"
#include "runtime/http_client.hpp"

namespace gateway::cloud {

// All sources that credentials can come from.
struct CredentialSources {
  CredentialSources();  // the public services

  Secret id;  // from secret file, configuration or environment
  Secret key;
  Secret token;
  std::optional<PodIdentity> pod_identity;
  HttpOrigin sts;
  HttpOrigin metadata;
  std::chrono::milliseconds sts_timeout{10'000};
  std::chrono::milliseconds metadata_timeout{2000};
  std::string ca_file;  // trusted besides the system's, for STS
};

// Returns the first source that is configured: the key pair, the pod's identity, the instance's
// role. Fetches nothing: that is done by get().
[[nodiscard]] std::unique_ptr<Credentials> make_credentials(const Executor& executor,
                                                            CredentialSources sources);

}  // namespace gateway::cloud

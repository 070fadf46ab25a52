#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "cloud/credentials.hpp"
#include "cloud/http_client.hpp"

namespace gateway::cloud {

// Everything credentials can come from.
struct CredentialSources {
  CredentialSources();  // the public services and the process's environment

  Secret id;  // from secret file, configuration or environment
  Secret key;
  Secret token;
  std::function<std::string(const char* name)> environment;  // empty: not set
  HttpOrigin sts;
  HttpOrigin metadata;
  std::chrono::milliseconds sts_timeout{10'000};
  std::chrono::milliseconds metadata_timeout{2000};
  std::string ca_file;  // trusted besides the system's, for STS
};

// The first of: the key pair given, the pod's identity if TKE has put its variables there, the
// instance's role. Reading them is left to get().
[[nodiscard]] std::unique_ptr<Credentials> make_credentials(const Executor& executor,
                                                            CredentialSources sources);

}  // namespace gateway::cloud

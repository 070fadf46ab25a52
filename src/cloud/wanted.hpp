#pragma once
#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cloud/bucket_endpoint.hpp"

namespace gateway::cloud {

// Code that is sent in the call itself. SCF accepts about 7.5 MB (10 MiB of request body).
struct InlineCode {
  std::string zip;
};

// Code that SCF fetches from a COS object with its own service role.
struct CosCode {
  std::string bucket;
  std::string region;
  std::string path;  // begins with '/'
};

// The function and the triggers that provisioning deploys. Plain values, equal on every replica of
// one configuration.
struct Wanted {
  std::string space = "default";  // the function's namespace
  std::string name;
  BucketEndpoint bucket;
  std::vector<std::string> events;  // a trigger each
  std::string prefix;               // of keys, without a leading '/'
  std::string suffix;
  std::variant<InlineCode, CosCode> code;
  std::string runtime;
  std::string handler;
  unsigned memory_mb = 128;
  std::chrono::seconds timeout{60};
  std::vector<std::pair<std::string, std::string>> environment;  // no value may be empty
  unsigned retries = 2;                                          // of a failed invocation
  std::chrono::seconds max_age{21600};                           // of an event, for its retries
};

}  // namespace gateway::cloud

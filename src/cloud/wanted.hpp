#pragma once
#include <chrono>
#include <compare>
#include <optional>
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

// A bucket whose events go to a function.
struct WantedBucket {
  BucketEndpoint endpoint;
  std::vector<std::string> events;  // a trigger each
  std::string prefix;               // of keys, without a leading '/'
  std::string suffix;
};

// Where functions are: their names are unique in a region's namespace.
class Location {
 public:
  Location(std::string in_region, std::string in_space)
      : region(std::move(in_region)), space(std::move(in_space)) {}

  [[nodiscard]] auto operator<=>(const Location&) const = default;

  std::string region;
  std::string space;  // the namespace
};

// A function and its triggers, as provisioning deploys them. Plain values, equal on every replica
// of one configuration.
struct Wanted {
  std::string region;
  std::string space = "default";  // the function's namespace
  // Empty where no function is wanted any more: then what the deployment has left there goes.
  std::string name;
  // What the functions of one list of buckets have in common, whatever the list names. Empty where
  // there is no list: then a function that is no longer wanted is not known to be one's own.
  std::string deployment;
  // Digest of the whole list; see digest_of_list().
  std::string list;
  std::vector<WantedBucket> buckets;  // each once; at least one
  std::variant<InlineCode, CosCode> code;
  std::string runtime;
  std::string handler;
  unsigned memory_mb = 128;
  std::chrono::seconds timeout{60};
  std::vector<std::pair<std::string, std::string>> environment;  // no value may be empty
  unsigned retries = 2;                                          // of a failed invocation
  std::chrono::seconds max_age{21600};                           // of an event, for its retries

  [[nodiscard]] bool wants_function() const noexcept { return !name.empty(); }
  [[nodiscard]] Location location() const { return {region, space}; }
};

// Returns what the service would refuse for certain, in words for operators, or nullopt: it checks
// the environment (4 KB in all, names, reserved prefixes, no empty values) and the size of the
// code.
[[nodiscard]] std::optional<std::string> problem_with(const Wanted& wanted);

}  // namespace gateway::cloud

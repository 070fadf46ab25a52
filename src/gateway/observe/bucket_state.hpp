#pragma once
#include <string>

namespace gateway::observe {

// What is known of an entry of `buckets` beyond its figures.
struct BucketState {
  std::string host;          // of the bucket
  std::string eventbus;      // where its events go
  std::string function;      // who has its triggers
  std::string provisioning;  // the state's label; empty where it is not known for the bucket alone
  std::string error;         // with what to do about it
};

}  // namespace gateway::observe

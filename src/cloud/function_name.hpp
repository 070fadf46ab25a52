#pragma once
#include <string>
#include <string_view>

namespace gateway::cloud {

// The parts from which the name of a relay function derives if none is configured.
struct FunctionIdentity {
  std::string_view region;
  std::string_view space;            // the function's namespace
  std::string_view bucket_endpoint;  // host of the bucket's XML API
  std::string_view eventbus;
};

// Returns `vanus-cos-source-function-<number>`, the form that the original connector uses with a
// random number. Here the number derives from the identity alone, so that replicas and restarts
// agree on one function. It is part of the contract: another derivation would orphan the users'
// functions.
[[nodiscard]] std::string derive_function_name(const FunctionIdentity& identity);

// Returns whether a name has that form, be it the original connector's or this program's.
[[nodiscard]] bool is_derived_function_name(std::string_view text);

// Returns whether SCF accepts the name: 2 to 60 letters, digits, '-' and '_'; a letter first; no
// '-' or '_' last.
[[nodiscard]] bool is_function_name(std::string_view text);
// Returns whether SCF accepts the namespace: up to 30 letters, digits, '-' and '_'.
[[nodiscard]] bool is_function_namespace(std::string_view text);

}  // namespace gateway::cloud

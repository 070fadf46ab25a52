#pragma once
#include <string>
#include <string_view>

namespace gateway::cloud {

// What a relay function without a configured name is named after.
struct FunctionIdentity {
  std::string_view region;
  std::string_view space;            // the function's namespace
  std::string_view bucket_endpoint;  // host of the bucket's XML API
  std::string_view eventbus;
};

// `vanus-cos-source-function-<number>`, the form the original connector uses with a random number.
// Here the number derives from the identity alone, so replicas and restarts agree on one function.
// Part of the contract: another derivation would orphan the functions that users have.
[[nodiscard]] std::string derive_function_name(const FunctionIdentity& identity);

// SCF's rule: 2 to 60 letters, digits, '-' and '_'; a letter first; no '-' or '_' last.
[[nodiscard]] bool is_function_name(std::string_view text);
// SCF's rule for namespaces: up to 30 letters, digits, '-' and '_'.
[[nodiscard]] bool is_function_namespace(std::string_view text);

}  // namespace gateway::cloud

#pragma once
#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/found.hpp"
#include "cloud/wanted.hpp"

// The calls of SCF API 2018-04-16 that provisioning makes, according to the API reference. All
// that are about a function name its namespace: without it a call would be about a function of the
// same name in `default`.
namespace gateway::cloud {

// Which function a call is about. Refers to the texts.
struct FunctionReference {
  FunctionReference(std::string_view of_space, std::string_view of_name)
      : space(of_space), name(of_name) {}
  FunctionReference(const Wanted& wanted)  // NOLINT(google-explicit-constructor): it names one
      : space(wanted.space), name(wanted.name) {}
  FunctionReference(const RelatedFunction& related)  // NOLINT(google-explicit-constructor)
      : space(related.space), name(related.name) {}

  std::string_view space;  // the namespace
  std::string_view name;
};

// An action and its parameters. They hold the function's environment: not for logs.
class ScfCall {
 public:
  ScfCall() = default;
  ScfCall(std::string name, boost::json::object values)
      : action(std::move(name)), parameters(std::move(values)) {}

  std::string action;
  boost::json::object parameters;
};

inline constexpr std::size_t kListPage = 100;  // elements of one answer

[[nodiscard]] ScfCall get_function(const FunctionReference& function);
[[nodiscard]] ScfCall get_retry_rules(const Wanted& wanted);
[[nodiscard]] ScfCall list_triggers(const FunctionReference& function, std::size_t offset);
// Makes the call that lists the functions of a namespace.
[[nodiscard]] ScfCall list_functions(std::string_view space, std::size_t offset);
[[nodiscard]] ScfCall list_namespaces(std::size_t offset);

// Makes the call with code, settings and description at once.
[[nodiscard]] ScfCall create_function(const Wanted& wanted, std::string_view description);
// Makes the call with the code and the handler.
[[nodiscard]] ScfCall update_code(const Wanted& wanted);
// Makes the call with everything but code, handler, type and runtime; the last two can never be
// updated.
[[nodiscard]] ScfCall update_configuration(const Wanted& wanted, std::string_view description);
// Makes the call with the description alone: what is left out keeps its value.
[[nodiscard]] ScfCall update_description(const FunctionReference& function,
                                         std::string_view description);
[[nodiscard]] ScfCall update_retry_rules(const Wanted& wanted);
[[nodiscard]] ScfCall delete_function(const FunctionReference& function);

[[nodiscard]] ScfCall create_trigger(const FunctionReference& function, const WantedBucket& bucket,
                                     std::string_view event);
// Makes the call that creates a trigger again that was deleted.
[[nodiscard]] ScfCall restore_trigger(const FunctionReference& function,
                                      const FoundTrigger& trigger);
[[nodiscard]] ScfCall enable_trigger(const FunctionReference& function,
                                     const FoundTrigger& trigger);
[[nodiscard]] ScfCall delete_trigger(const FunctionReference& function,
                                     const FoundTrigger& trigger);

// Returns a TriggerDesc: JSON without blanks between tokens, as SCF requires.
[[nodiscard]] std::string trigger_description(std::string_view event, std::string_view prefix,
                                              std::string_view suffix);

}  // namespace gateway::cloud

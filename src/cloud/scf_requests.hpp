#pragma once
#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "cloud/found.hpp"
#include "cloud/wanted.hpp"

// The calls of SCF API 2018-04-16 that provisioning makes, as the API reference has them. All name
// the namespace: without it the call is about a function of the same name in `default`.
namespace gateway::cloud {

// An action and its parameters. They hold the function's environment: not for logs.
class ScfCall {
 public:
  ScfCall() = default;
  ScfCall(std::string name, boost::json::object values)
      : action(std::move(name)), parameters(std::move(values)) {}

  std::string action;
  boost::json::object parameters;
};

inline constexpr std::size_t kTriggersPerPage = 100;

[[nodiscard]] ScfCall get_function(const Wanted& wanted);
[[nodiscard]] ScfCall get_retry_rules(const Wanted& wanted);
[[nodiscard]] ScfCall list_triggers(const Wanted& wanted, std::size_t offset);

// Code, settings and description at once.
[[nodiscard]] ScfCall create_function(const Wanted& wanted, std::string_view description);
// The handler goes with the code.
[[nodiscard]] ScfCall update_code(const Wanted& wanted);
// Everything but code, handler, type and runtime; the last two can never be updated.
[[nodiscard]] ScfCall update_configuration(const Wanted& wanted, std::string_view description);
[[nodiscard]] ScfCall update_retry_rules(const Wanted& wanted);
[[nodiscard]] ScfCall delete_function(const Wanted& wanted);

[[nodiscard]] ScfCall create_trigger(const Wanted& wanted, std::string_view event);
[[nodiscard]] ScfCall enable_trigger(const Wanted& wanted, const FoundTrigger& trigger);
[[nodiscard]] ScfCall delete_trigger(const Wanted& wanted, const FoundTrigger& trigger);

// TriggerDesc: JSON without any blank between tokens, which SCF insists on.
[[nodiscard]] std::string trigger_description(std::string_view event, std::string_view prefix,
                                              std::string_view suffix);

}  // namespace gateway::cloud

#include "cloud/scf_requests.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <variant>

#include "events/base64.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;

json::object about(const FunctionReference& function) {
  return {{"FunctionName", function.name}, {"Namespace", function.space}};
}

json::object page_from(std::size_t offset) {
  return {{"Offset", offset}, {"Limit", kListPage}};
}

void add(json::object& parameters, json::object more) {
  for (auto& [name, value] : more) parameters[name] = std::move(value);
}

void add_code(json::object& parameters, const Wanted& wanted) {
  if (const auto* given = std::get_if<InlineCode>(&wanted.code)) {
    std::string zip;
    events::append_base64(zip, given->zip);
    add(parameters, {{"CodeSource", "ZipFile"}, {"Code", {{"ZipFile", zip}}}});
  } else {
    const auto& object = std::get<CosCode>(wanted.code);
    add(parameters, {{"CodeSource", "Cos"},
                     {"Code",
                      {{"CosBucketName", object.bucket},
                       {"CosObjectName", object.path},
                       {"CosBucketRegion", object.region}}}});
  }
}

void add_settings(json::object& parameters, const Wanted& wanted, std::string_view description) {
  json::array variables;
  for (const auto& [key, value] : wanted.environment) {
    variables.push_back({{"Key", key}, {"Value", value}});
  }
  add(parameters, {{"Description", description},
                   {"MemorySize", wanted.memory_mb},
                   {"Timeout", wanted.timeout.count()},
                   {"Environment", {{"Variables", std::move(variables)}}},
                   {"PublicNetConfig",
                    {{"PublicNetStatus", "ENABLE"}, {"EipConfig", {{"EipStatus", "DISABLE"}}}}}});
}

// Returns the parameters that identify a trigger: it has no id, but name, description and
// qualifier.
json::object about(const FunctionReference& function, const FoundTrigger& trigger) {
  json::object parameters = about(function);
  add(parameters,
      {{"TriggerName", trigger.name}, {"Type", trigger.type}, {"TriggerDesc", trigger.text}});
  if (!trigger.qualifier.empty()) parameters["Qualifier"] = trigger.qualifier;
  return parameters;
}

}  // namespace

ScfCall get_function(const FunctionReference& function) {
  return ScfCall("GetFunction", about(function));
}

ScfCall get_retry_rules(const Wanted& wanted) {
  return ScfCall("GetFunctionEventInvokeConfig", about(wanted));
}

ScfCall list_triggers(const FunctionReference& function, std::size_t offset) {
  json::object parameters = about(function);
  add(parameters, page_from(offset));
  return ScfCall("ListTriggers", std::move(parameters));
}

ScfCall list_functions(std::string_view space, std::size_t offset) {
  json::object parameters = page_from(offset);
  parameters["Namespace"] = space;
  return ScfCall("ListFunctions", std::move(parameters));
}

ScfCall list_namespaces(std::size_t offset) {
  return ScfCall("ListNamespaces", page_from(offset));
}

ScfCall create_function(const Wanted& wanted, std::string_view description) {
  json::object parameters = about(wanted);
  add(parameters, {{"Type", "Event"}, {"Runtime", wanted.runtime}, {"Handler", wanted.handler}});
  add_settings(parameters, wanted, description);
  if (wanted.environment.empty()) parameters.erase("Environment");
  add_code(parameters, wanted);
  return ScfCall("CreateFunction", std::move(parameters));
}

ScfCall update_code(const Wanted& wanted) {
  json::object parameters = about(wanted);
  parameters["Handler"] = wanted.handler;
  add_code(parameters, wanted);
  return ScfCall("UpdateFunctionCode", std::move(parameters));
}

ScfCall update_configuration(const Wanted& wanted, std::string_view description) {
  json::object parameters = about(wanted);
  add_settings(parameters, wanted, description);
  if (wanted.environment.empty()) {
    // Only an empty pair clears an environment: if it is left out, it keeps its value.
    parameters["Environment"] = {{"Variables", json::array{{{"Key", ""}, {"Value", ""}}}}};
  }
  return ScfCall("UpdateFunctionConfiguration", std::move(parameters));
}

ScfCall update_retry_rules(const Wanted& wanted) {
  json::object parameters = about(wanted);
  parameters["AsyncTriggerConfig"] = {{"RetryConfig", json::array{{{"RetryNum", wanted.retries}}}},
                                      {"MsgTTL", wanted.max_age.count()}};
  return ScfCall("UpdateFunctionEventInvokeConfig", std::move(parameters));
}

ScfCall update_description(const FunctionReference& function, std::string_view description) {
  json::object parameters = about(function);
  parameters["Description"] = description;
  return ScfCall("UpdateFunctionConfiguration", std::move(parameters));
}

ScfCall delete_function(const FunctionReference& function) {
  return ScfCall("DeleteFunction", about(function));
}

ScfCall create_trigger(const FunctionReference& function, const WantedBucket& bucket,
                       std::string_view event) {
  FoundTrigger trigger;
  trigger.type = "cos";
  trigger.name = bucket.endpoint.host();
  trigger.qualifier = "$DEFAULT";
  trigger.text = trigger_description(event, bucket.prefix, bucket.suffix);
  json::object parameters = about(function, trigger);
  parameters["Enable"] = "OPEN";
  return ScfCall("CreateTrigger", std::move(parameters));
}

ScfCall restore_trigger(const FunctionReference& function, const FoundTrigger& trigger) {
  // The listed text has members that a request must not have.
  FoundTrigger again = trigger;
  again.text = trigger_description(trigger.event, trigger.prefix, trigger.suffix);
  json::object parameters = about(function, again);
  parameters["Enable"] = trigger.enabled ? "OPEN" : "CLOSE";
  return ScfCall("CreateTrigger", std::move(parameters));
}

ScfCall enable_trigger(const FunctionReference& function, const FoundTrigger& trigger) {
  json::object parameters = about(function, trigger);
  parameters["Enable"] = "OPEN";
  return ScfCall("UpdateTriggerStatus", std::move(parameters));
}

ScfCall delete_trigger(const FunctionReference& function, const FoundTrigger& trigger) {
  return ScfCall("DeleteTrigger", about(function, trigger));
}

std::string trigger_description(std::string_view event, std::string_view prefix,
                                std::string_view suffix) {
  return std::string(json::serialize(
      json::object{{"event", event}, {"filter", {{"Prefix", prefix}, {"Suffix", suffix}}}}));
}

}  // namespace gateway::cloud

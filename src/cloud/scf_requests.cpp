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
  json::object parameters;
  parameters["FunctionName"] = function.name;
  parameters["Namespace"] = function.space;
  return parameters;
}

void add_code(json::object& parameters, const Wanted& wanted) {
  json::object code;
  if (const auto* given = std::get_if<InlineCode>(&wanted.code)) {
    std::string zip;
    events::append_base64(zip, given->zip);
    code["ZipFile"] = zip;
    parameters["CodeSource"] = "ZipFile";
  } else {
    const auto& object = std::get<CosCode>(wanted.code);
    code["CosBucketName"] = object.bucket;
    code["CosObjectName"] = object.path;
    code["CosBucketRegion"] = object.region;
    parameters["CodeSource"] = "Cos";
  }
  parameters["Code"] = std::move(code);
}

void add_settings(json::object& parameters, const Wanted& wanted, std::string_view description) {
  parameters["Description"] = description;
  parameters["MemorySize"] = wanted.memory_mb;
  parameters["Timeout"] = wanted.timeout.count();
  json::array variables;
  const auto add = [&variables](std::string_view key, std::string_view value) {
    json::object variable;
    variable["Key"] = key;
    variable["Value"] = value;
    variables.push_back(std::move(variable));
  };
  for (const auto& [key, value] : wanted.environment) add(key, value);
  json::object environment;
  environment["Variables"] = std::move(variables);
  parameters["Environment"] = std::move(environment);
  json::object address;
  address["EipStatus"] = "DISABLE";
  json::object network;
  network["PublicNetStatus"] = "ENABLE";
  network["EipConfig"] = std::move(address);
  parameters["PublicNetConfig"] = std::move(network);
}

// Returns the parameters that identify a trigger: it has no id, but name, description and
// qualifier.
json::object about(const FunctionReference& function, const FoundTrigger& trigger) {
  json::object parameters = about(function);
  parameters["TriggerName"] = trigger.name;
  parameters["Type"] = trigger.type;
  parameters["TriggerDesc"] = trigger.text;
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
  parameters["Offset"] = offset;
  parameters["Limit"] = kListPage;
  return ScfCall("ListTriggers", std::move(parameters));
}

ScfCall list_functions(std::string_view space, std::size_t offset) {
  json::object parameters;
  parameters["Namespace"] = space;
  parameters["Offset"] = offset;
  parameters["Limit"] = kListPage;
  return ScfCall("ListFunctions", std::move(parameters));
}

ScfCall list_namespaces(std::size_t offset) {
  json::object parameters;
  parameters["Offset"] = offset;
  parameters["Limit"] = kListPage;
  return ScfCall("ListNamespaces", std::move(parameters));
}

ScfCall create_function(const Wanted& wanted, std::string_view description) {
  json::object parameters = about(wanted);
  parameters["Type"] = "Event";
  parameters["Runtime"] = wanted.runtime;
  parameters["Handler"] = wanted.handler;
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
    json::object nothing;
    nothing["Key"] = "";
    nothing["Value"] = "";
    parameters["Environment"].as_object()["Variables"].as_array().push_back(std::move(nothing));
  }
  return ScfCall("UpdateFunctionConfiguration", std::move(parameters));
}

ScfCall update_retry_rules(const Wanted& wanted) {
  json::object retry;
  retry["RetryNum"] = wanted.retries;
  json::array retries;
  retries.push_back(std::move(retry));
  json::object config;
  config["RetryConfig"] = std::move(retries);
  config["MsgTTL"] = wanted.max_age.count();
  json::object parameters = about(wanted);
  parameters["AsyncTriggerConfig"] = std::move(config);
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
  json::object filter;
  filter["Prefix"] = prefix;
  filter["Suffix"] = suffix;
  json::object description;
  description["event"] = event;
  description["filter"] = std::move(filter);
  return std::string(json::serialize(description));
}

}  // namespace gateway::cloud

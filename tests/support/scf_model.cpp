#include "support/scf_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <iterator>
#include <set>

#include "support/scf_answers.hpp"
#include "support/wanted_relay.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace scf;
using cloud::ApiError;
using cloud::ErrorKind;

ScfModel::Key key_of(const json::object& parameters) {
  return {text(parameters, "Namespace", "default"), text(parameters, "FunctionName")};
}

}  // namespace

void ModelFunction::set_code(const json::object& parameters) {
  const auto& source = parameters.at("Code").as_object();
  code = text(source, "ZipFile") + text(source, "CosObjectName");
  handler = text(parameters, "Handler");
}

void ModelFunction::set_configuration(const json::object& parameters) {
  description = text(parameters, "Description", description);
  memory = number(parameters, "MemorySize", memory);
  timeout = number(parameters, "Timeout", timeout);
  if (const auto* variables = parameters.if_contains("Environment")) {
    environment.clear();
    for (const auto& variable : variables->at("Variables").as_array()) {
      const std::string key = text(variable.as_object(), "Key");
      if (!key.empty()) environment[key] = text(variable.as_object(), "Value");
    }
  }
  if (const auto* network = parameters.if_contains("PublicNetConfig")) {
    public_net = network->at("PublicNetStatus").as_string() == "ENABLE";
  }
}

const ModelFunction* ScfModel::find(const cloud::Wanted& wanted) const {
  const auto it = functions.find(test::key_of(wanted));
  return it == functions.end() ? nullptr : &it->second;
}

// Those that are about one function get it; for the others there is none.
class ScfModel::Action {
 public:
  std::string_view name;
  Answer (ScfModel::*of_function)(ModelFunction&, const Parameters&);
  Answer (ScfModel::*of_none)(const Parameters&) = nullptr;
  std::string_view members;  // that it takes; empty: it is not looked at
};

const ScfModel::Action* ScfModel::action_called(std::string_view name) {
  static const Action kActions[] = {
      {"ListFunctions", nullptr, &ScfModel::list_functions, "Namespace Offset Limit"},
      {"ListNamespaces", nullptr, &ScfModel::list_namespaces, "Offset Limit"},
      {"CreateFunction", nullptr, &ScfModel::create_function,
       "FunctionName Namespace Type Runtime Handler MemorySize Timeout Description Code "
       "CodeSource Environment PublicNetConfig"},
      {"GetFunction", &ScfModel::get_function, nullptr, ""},
      {"UpdateFunctionCode", &ScfModel::update_code, nullptr,
       "FunctionName Namespace Handler Code CodeSource"},
      {"UpdateFunctionConfiguration", &ScfModel::update_configuration, nullptr,
       "FunctionName Namespace MemorySize Timeout Description Environment PublicNetConfig"},
      {"DeleteFunction", &ScfModel::delete_function, nullptr, ""},
      {"GetFunctionEventInvokeConfig", &ScfModel::get_rules, nullptr, ""},
      {"UpdateFunctionEventInvokeConfig", &ScfModel::update_rules, nullptr, ""},
      {"ListTriggers", &ScfModel::list_triggers, nullptr, ""},
      {"CreateTrigger", &ScfModel::create_trigger, nullptr,
       "FunctionName Namespace TriggerName Type TriggerDesc Qualifier Enable"},
      {"UpdateTriggerStatus", &ScfModel::enable_trigger, nullptr, ""},
      {"DeleteTrigger", &ScfModel::delete_trigger, nullptr, ""}};
  const auto* const found = std::ranges::find(kActions, name, &Action::name);
  return found == std::end(kActions) ? nullptr : found;
}

ScfModel::Answer ScfModel::carry_out(const std::string& name, const Parameters& parameters) {
  const Action* const action = action_called(name);
  if (action == nullptr) {
    violation("no such action: " + name);
    return error(ErrorKind::permanent, "InvalidAction");
  }
  if (!action->members.empty()) expect_members(name, parameters, action->members);
  if (action->of_none != nullptr) return (this->*action->of_none)(parameters);
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  return (this->*action->of_function)(it->second, parameters);
}

ScfModel::Answer ScfModel::act(const std::string& action, const Parameters& parameters) {
  const bool lists = action == "ListFunctions" || action == "ListNamespaces";
  if ((!lists && !parameters.contains("FunctionName")) ||
      (action != "ListNamespaces" && !parameters.contains("Namespace"))) {
    violation(action + " does not say which function");
  }
  const unsigned before = writes;
  ++writes;
  auto answer = carry_out(action, parameters);
  if (!answer || is_read(action)) writes = before;
  if (!answer) {
    const ApiError& plain = answer.error();
    return ApiError(plain.kind(), action, plain.code(), plain.message(), plain.request_id());
  }
  return answer;
}

void ScfModel::change(ModelFunction& function, std::string meanwhile, std::string finally) {
  function.changes.clear();
  function.status = std::move(meanwhile);
  function.changes.emplace_back(behaviour.changing, std::move(finally));
}

void ScfModel::expect_members(std::string_view action, const Parameters& parameters,
                              std::string_view allowed) {
  for (const auto& member : parameters) {
    const std::string_view name(member.key().data(), member.key().size());
    if (fmt::format(" {} ", allowed).find(fmt::format(" {} ", name)) == std::string::npos) {
      violation(fmt::format("{} does not take {}", action, name));
    }
  }
}

ScfModel::Answer ScfModel::get_function(ModelFunction& function, const Parameters& parameters) {
  if (!function.changes.empty()) {
    auto& [looks, next] = function.changes.front();
    if (looks == 0) {
      function.status = next;
      function.changes.pop_front();
      if (function.status.empty()) {
        functions.erase(key_of(parameters));
        return no_function();
      }
    } else {
      --looks;
    }
  }
  json::array reasons;
  if (!function.reason.empty()) {
    reasons.push_back(
        json::object{{"ErrorCode", function.reason}, {"ErrorMessage", "the platform's own words"}});
  }
  json::array variables;
  for (const auto& [key, value] : function.environment) {
    variables.push_back(json::object{{"Key", key}, {"Value", value}});
  }
  return json::object{
      {"Status", function.status},
      {"StatusDesc", nullptr},
      {"StatusReasons", std::move(reasons)},
      {"AvailableStatus", function.available},
      {"Type", function.type},
      {"Runtime", function.runtime},
      {"Handler", function.handler},
      {"Description", function.description},
      {"MemorySize", function.memory},
      {"Timeout", function.timeout},
      {"Environment", json::object{{"Variables", std::move(variables)}}},
      {"PublicNetConfig",
       json::object{{"PublicNetStatus", function.public_net ? "ENABLE" : "DISABLE"}}}};
}

ScfModel::Answer ScfModel::list_functions(const Parameters& parameters) {
  json::array all;
  for (const auto& [key, function] : functions) {
    if (key.first != text(parameters, "Namespace")) continue;
    all.push_back(json::object{{"FunctionName", key.second},
                               {"Namespace", key.first},
                               {"Status", function.status},
                               {"Description", function.description}});
  }
  return page_of(std::move(all), parameters, "Functions", behaviour.page);
}

ScfModel::Answer ScfModel::list_namespaces(const Parameters& parameters) {
  std::set<std::string> spaces{"default"};
  for (const auto& [key, function] : functions) spaces.insert(key.first);
  json::array all;
  for (const auto& space : spaces) all.push_back(json::object{{"Name", space}});
  return page_of(std::move(all), parameters, "Namespaces", behaviour.page);
}

ScfModel::Answer ScfModel::create_function(const Parameters& parameters) {
  const auto key = key_of(parameters);
  if (functions.contains(key)) return error(ErrorKind::exists, "ResourceInUse.FunctionName");
  ModelFunction function;
  function.runtime = text(parameters, "Runtime");
  function.type = text(parameters, "Type", "Event");
  function.set_code(parameters);
  function.set_configuration(parameters);
  const bool fails = behaviour.failed_creations > 0;
  if (fails) {
    --behaviour.failed_creations;
    function.reason = "InternalError.Cmq";
  }
  change(function, "Creating", fails ? "CreateFailed" : "Active");
  functions[key] = std::move(function);
  ++creations;
  return json::object();
}

ScfModel::Answer ScfModel::update(ModelFunction& function, const std::function<void()>& apply) {
  if (behaviour.failed_updates > 0) {
    --behaviour.failed_updates;
    function.reason = "InternalError.System";
    change(function, "Updating", "UpdateFailed");
  } else {
    function.reason.clear();
    apply();
    change(function, "Updating", "Active");
  }
  return json::object();
}

ScfModel::Answer ScfModel::update_code(ModelFunction& function, const Parameters& parameters) {
  if (function.status == "CreateFailed" || !function.changes.empty()) {
    return busy("FailedOperation.UpdateFunctionCode");
  }
  return update(function, [&] { function.set_code(parameters); });
}

ScfModel::Answer ScfModel::update_configuration(ModelFunction& function,
                                                const Parameters& parameters) {
  const bool settled = function.status == "Active" ||
                       (function.status == "UpdateFailed" && behaviour.updates_after_failures);
  if (!settled || !function.changes.empty()) {
    return busy("FailedOperation.UpdateFunctionConfiguration");
  }
  return update(function, [&] { function.set_configuration(parameters); });
}

ScfModel::Answer ScfModel::delete_function(ModelFunction& function,
                                           const Parameters& /*parameters*/) {
  if (!function.changes.empty()) return busy("FailedOperation.DeleteFunction");
  if (behaviour.failed_deletions > 0) {
    --behaviour.failed_deletions;
    function.reason = "InternalError.System";
    change(function, "Deleting", "DeleteFailed");
    return json::object();
  }
  change(function, "Deleting", "");
  return json::object();
}

ScfModel::Answer ScfModel::get_rules(ModelFunction& function, const Parameters& /*parameters*/) {
  json::array retries{json::object{{"RetryNum", function.retries}}, json::object{{"RetryNum", -1}}};
  json::object config{{"RetryConfig", std::move(retries)}, {"MsgTTL", function.max_age}};
  return json::object{{"AsyncTriggerConfig", std::move(config)}};
}

ScfModel::Answer ScfModel::update_rules(ModelFunction& function, const Parameters& parameters) {
  if (function.status != "Active") {
    return busy("FailedOperation.FunctionVersionStatusNotActive");
  }
  const auto& config = parameters.at("AsyncTriggerConfig").as_object();
  function.retries =
      config.at("RetryConfig").as_array().at(0).at("RetryNum").to_number<std::int64_t>();
  function.max_age = number(config, "MsgTTL", 0);
  return json::object();
}

}  // namespace gateway::test

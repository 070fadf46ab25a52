#include "support/scf_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "cloud/function_mark.hpp"
#include "cloud/scf_requests.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using cloud::ApiError;
using cloud::ErrorKind;

std::string text(const json::object& object, std::string_view key,
                 std::string_view otherwise = {}) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return std::string(otherwise);
  return std::string(value->as_string());
}

std::int64_t number(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const auto* value = object.if_contains(key);
  return value == nullptr ? otherwise : value->to_number<std::int64_t>();
}

ScfModel::Key key_of(const json::object& parameters) {
  return {text(parameters, "Namespace", "default"), text(parameters, "FunctionName")};
}

ApiError error(ErrorKind kind, std::string code, std::string message = "as the model has it") {
  return ApiError(kind, {}, std::move(code), std::move(message), "request-1");
}

ApiError no_function() {
  return error(ErrorKind::absent, "ResourceNotFound.Function");
}
ApiError busy(std::string code) {
  return error(ErrorKind::busy, std::move(code));
}

// The events of a rule may overlap, and so may prefixes, and suffixes: then there is a conflict.
bool covers(const std::string& a, const std::string& b) {
  return a == b || (a.ends_with('*') && b.starts_with(a.substr(0, a.size() - 1)));
}
bool overlap(const ModelTrigger& a, const ModelTrigger& b) {
  const auto prefix = a.prefix.starts_with(b.prefix) || b.prefix.starts_with(a.prefix);
  const auto suffix = a.suffix.ends_with(b.suffix) || b.suffix.ends_with(a.suffix);
  return a.type == "cos" && b.type == "cos" && a.name == b.name && prefix && suffix &&
         (covers(a.event, b.event) || covers(b.event, a.event));
}

bool is_same(const ModelTrigger& a, const ModelTrigger& b) {
  return a.type == b.type && a.name == b.name && a.event == b.event && a.prefix == b.prefix &&
         a.suffix == b.suffix;
}

ModelTrigger trigger_of(const json::object& parameters) {
  ModelTrigger trigger;
  trigger.type = text(parameters, "Type");
  trigger.name = text(parameters, "TriggerName");
  trigger.qualifier = text(parameters, "Qualifier", "$LATEST");
  const json::value description = json::parse(text(parameters, "TriggerDesc"));
  trigger.event = text(description.as_object(), "event");
  const auto& filter = description.as_object().at("filter").as_object();
  trigger.prefix = text(filter, "Prefix");
  trigger.suffix = text(filter, "Suffix");
  return trigger;
}

void set_code(ModelFunction& function, const json::object& parameters) {
  const auto& code = parameters.at("Code").as_object();
  function.code = text(code, "ZipFile") + text(code, "CosObjectName");
  function.handler = text(parameters, "Handler");
}

void set_configuration(ModelFunction& function, const json::object& parameters) {
  function.description = text(parameters, "Description", function.description);
  function.memory = number(parameters, "MemorySize", function.memory);
  function.timeout = number(parameters, "Timeout", function.timeout);
  if (const auto* environment = parameters.if_contains("Environment")) {
    function.environment.clear();
    for (const auto& variable : environment->at("Variables").as_array()) {
      const std::string key = text(variable.as_object(), "Key");
      if (!key.empty()) function.environment[key] = text(variable.as_object(), "Value");
    }
  }
  if (const auto* network = parameters.if_contains("PublicNetConfig")) {
    function.public_net = network->at("PublicNetStatus").as_string() == "ENABLE";
  }
}

json::object page_of(json::array all, const json::object& parameters, std::string_view name) {
  const auto offset = static_cast<std::size_t>(number(parameters, "Offset", 0));
  const auto limit = static_cast<std::size_t>(number(parameters, "Limit", 20));
  json::array page;
  for (std::size_t i = offset; i < std::min(all.size(), offset + limit); ++i) {
    page.push_back(all[i]);
  }
  json::object answer;
  answer["TotalCount"] = all.size();
  answer[name] = std::move(page);
  return answer;
}

bool is_read(std::string_view action) {
  return action.starts_with("Get") || action.starts_with("List");
}

}  // namespace

std::string ModelTrigger::text() const {
  if (type != "cos") return event;
  return fmt::format(
      R"({{"bucketUrl":"{}","event":"{}","filter":{{"Prefix":"{}","Suffix":"{}"}}}})", name, event,
      prefix, suffix);
}

const ModelFunction* ScfModel::find(const cloud::Wanted& wanted) const {
  const auto it = functions.find(test::key_of(wanted));
  return it == functions.end() ? nullptr : &it->second;
}

ScfModel::Answer ScfModel::act(const std::string& action, const Parameters& parameters) {
  const bool lists = action == "ListFunctions" || action == "ListNamespaces";
  if ((!lists && !parameters.contains("FunctionName")) ||
      (action != "ListNamespaces" && !parameters.contains("Namespace"))) {
    violation(action + " does not say which function");
  }
  const unsigned before = writes;
  ++writes;
  auto answer = [&]() -> Answer {
    if (action == "GetFunction") return get_function(parameters);
    if (action == "ListFunctions") return list_functions(parameters);
    if (action == "ListNamespaces") return list_namespaces(parameters);
    if (action == "CreateFunction") return create_function(parameters);
    if (action == "UpdateFunctionCode") return update_code(parameters);
    if (action == "UpdateFunctionConfiguration") return update_configuration(parameters);
    if (action == "DeleteFunction") return delete_function(parameters);
    if (action == "GetFunctionEventInvokeConfig") return get_rules(parameters);
    if (action == "UpdateFunctionEventInvokeConfig") return update_rules(parameters);
    if (action == "ListTriggers") return list_triggers(parameters);
    if (action == "CreateTrigger") return create_trigger(parameters);
    if (action == "UpdateTriggerStatus") return enable_trigger(parameters);
    if (action == "DeleteTrigger") return delete_trigger(parameters);
    violation("no such action: " + action);
    return error(ErrorKind::permanent, "InvalidAction");
  }();
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

ScfModel::Answer ScfModel::get_function(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
  if (!function.changes.empty()) {
    auto& [looks, next] = function.changes.front();
    if (looks == 0) {
      function.status = next;
      function.changes.pop_front();
      if (function.status.empty()) {
        functions.erase(it);
        return no_function();
      }
    } else {
      --looks;
    }
  }
  json::object answer;
  answer["Status"] = function.status;
  answer["StatusDesc"] = nullptr;
  json::array reasons;
  if (!function.reason.empty()) {
    json::object reason;
    reason["ErrorCode"] = function.reason;
    reason["ErrorMessage"] = "the platform's own words";
    reasons.push_back(std::move(reason));
  }
  answer["StatusReasons"] = std::move(reasons);
  answer["AvailableStatus"] = function.available;
  answer["Type"] = function.type;
  answer["Runtime"] = function.runtime;
  answer["Handler"] = function.handler;
  answer["Description"] = function.description;
  answer["MemorySize"] = function.memory;
  answer["Timeout"] = function.timeout;
  json::array variables;
  for (const auto& [key, value] : function.environment) {
    json::object variable;
    variable["Key"] = key;
    variable["Value"] = value;
    variables.push_back(std::move(variable));
  }
  json::object environment;
  environment["Variables"] = std::move(variables);
  answer["Environment"] = std::move(environment);
  json::object network;
  network["PublicNetStatus"] = function.public_net ? "ENABLE" : "DISABLE";
  answer["PublicNetConfig"] = std::move(network);
  return answer;
}

ScfModel::Answer ScfModel::list_functions(const Parameters& parameters) {
  expect_members("ListFunctions", parameters, "Namespace Offset Limit");
  json::array all;
  for (const auto& [key, function] : functions) {
    if (key.first != text(parameters, "Namespace")) continue;
    json::object listed;
    listed["FunctionName"] = key.second;
    listed["Namespace"] = key.first;
    listed["Status"] = function.status;
    listed["Description"] = function.description;
    all.push_back(std::move(listed));
  }
  return page_of(std::move(all), parameters, "Functions");
}

ScfModel::Answer ScfModel::list_namespaces(const Parameters& parameters) {
  expect_members("ListNamespaces", parameters, "Offset Limit");
  std::set<std::string> spaces{"default"};
  for (const auto& [key, function] : functions) spaces.insert(key.first);
  json::array all;
  for (const auto& space : spaces) {
    json::object listed;
    listed["Name"] = space;
    all.push_back(std::move(listed));
  }
  return page_of(std::move(all), parameters, "Namespaces");
}

ScfModel::Answer ScfModel::create_function(const Parameters& parameters) {
  expect_members("CreateFunction", parameters,
                 "FunctionName Namespace Type Runtime Handler MemorySize Timeout Description Code "
                 "CodeSource Environment PublicNetConfig");
  const auto key = key_of(parameters);
  if (functions.contains(key)) return error(ErrorKind::exists, "ResourceInUse.FunctionName");
  ModelFunction function;
  function.runtime = text(parameters, "Runtime");
  function.type = text(parameters, "Type", "Event");
  set_code(function, parameters);
  set_configuration(function, parameters);
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

ScfModel::Answer ScfModel::update_code(const Parameters& parameters) {
  expect_members("UpdateFunctionCode", parameters,
                 "FunctionName Namespace Handler Code CodeSource");
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
  if (function.status == "CreateFailed" || !function.changes.empty()) {
    return busy("FailedOperation.UpdateFunctionCode");
  }
  if (behaviour.failed_updates > 0) {
    --behaviour.failed_updates;
    function.reason = "InternalError.System";
    change(function, "Updating", "UpdateFailed");
  } else {
    function.reason.clear();
    set_code(function, parameters);
    change(function, "Updating", "Active");
  }
  return json::object();
}

ScfModel::Answer ScfModel::update_configuration(const Parameters& parameters) {
  expect_members("UpdateFunctionConfiguration", parameters,
                 "FunctionName Namespace MemorySize Timeout Description Environment "
                 "PublicNetConfig");
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
  const bool settled = function.status == "Active" ||
                       (function.status == "UpdateFailed" && behaviour.updates_after_failures);
  if (!settled || !function.changes.empty()) {
    return busy("FailedOperation.UpdateFunctionConfiguration");
  }
  if (behaviour.failed_updates > 0) {
    --behaviour.failed_updates;
    function.reason = "InternalError.System";
    change(function, "Updating", "UpdateFailed");
  } else {
    function.reason.clear();
    set_configuration(function, parameters);
    change(function, "Updating", "Active");
  }
  return json::object();
}

ScfModel::Answer ScfModel::delete_function(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
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

ScfModel::Answer ScfModel::get_rules(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  json::object first;
  first["RetryNum"] = it->second.retries;
  json::object second;
  second["RetryNum"] = -1;
  json::array retries;
  retries.push_back(std::move(first));
  retries.push_back(std::move(second));
  json::object config;
  config["RetryConfig"] = std::move(retries);
  config["MsgTTL"] = it->second.max_age;
  json::object answer;
  answer["AsyncTriggerConfig"] = std::move(config);
  return answer;
}

ScfModel::Answer ScfModel::update_rules(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  if (it->second.status != "Active") {
    return busy("FailedOperation.FunctionVersionStatusNotActive");
  }
  const auto& config = parameters.at("AsyncTriggerConfig").as_object();
  it->second.retries =
      config.at("RetryConfig").as_array().at(0).at("RetryNum").to_number<std::int64_t>();
  it->second.max_age = number(config, "MsgTTL", 0);
  return json::object();
}

ScfModel::Answer ScfModel::list_triggers(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  auto& triggers = it->second.triggers;
  json::array all;
  for (auto& trigger : triggers) {
    if (trigger.hidden > 0) {
      --trigger.hidden;
      continue;
    }
    if (trigger.deleted) {
      if (trigger.shown == 0) continue;
      --trigger.shown;
    }
    json::object listed;
    listed["TriggerName"] = trigger.name;
    listed["Type"] = trigger.type;
    listed["Qualifier"] = trigger.qualifier;
    listed["TriggerDesc"] = trigger.text();
    listed["Enable"] = trigger.enabled ? 1 : 0;
    listed["CustomArgument"] = nullptr;
    all.push_back(std::move(listed));
  }
  std::erase_if(triggers,
                [](const auto& trigger) { return trigger.deleted && trigger.shown == 0; });
  return page_of(std::move(all), parameters, "Triggers");
}

bool ScfModel::rule_is_taken(const ModelTrigger& trigger, const ModelFunction* owner) const {
  for (const auto& rule : other_rules) {
    if (overlap(rule, trigger)) return true;
  }
  for (const auto& [key, function] : functions) {
    for (const auto& other : function.triggers) {
      const bool itself = &function == owner && is_same(other, trigger);
      if (!other.deleted && !itself && overlap(other, trigger)) return true;
    }
  }
  return false;
}

ScfModel::Answer ScfModel::create_trigger(const Parameters& parameters) {
  expect_members("CreateTrigger", parameters,
                 "FunctionName Namespace TriggerName Type TriggerDesc Qualifier Enable");
  if (text(parameters, "TriggerDesc").find(' ') != std::string::npos) {
    violation("a blank in TriggerDesc");
  }
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
  if (function.status != "Active") return busy("FailedOperation.CreateTrigger");
  ModelTrigger trigger = trigger_of(parameters);
  for (auto& [rule, attempts] : lingering_rules_) {
    if (attempts > 0 && overlap(rule, trigger)) {
      --attempts;
      return error(ErrorKind::permanent, "InvalidParameterValue.CosNotifyRuleConflict");
    }
  }
  if (rule_is_taken(trigger, &function)) {
    return error(ErrorKind::permanent, "InvalidParameterValue.CosNotifyRuleConflict",
                 "the bucket's rule is taken by function default/somebody");
  }
  for (const auto& other : function.triggers) {
    if (!other.deleted && is_same(other, trigger)) {
      return error(ErrorKind::exists, "ResourceInUse.Trigger");
    }
  }
  trigger.enabled = text(parameters, "Enable") == "OPEN";
  trigger.hidden = behaviour.list_lag;
  function.triggers.push_back(std::move(trigger));
  return json::object();
}

ScfModel::Answer ScfModel::enable_trigger(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  if (it->second.status != "Active") return busy("FailedOperation.CreateTrigger");
  const ModelTrigger wanted = trigger_of(parameters);
  for (auto& trigger : it->second.triggers) {
    if (trigger.deleted || !is_same(trigger, wanted)) continue;
    if (trigger.enabled) return error(ErrorKind::exists, "FailedOperation.UpdateTriggerStatus");
    trigger.enabled = true;
    return json::object();
  }
  return error(ErrorKind::absent, "ResourceNotFound.Trigger");
}

ScfModel::Answer ScfModel::delete_trigger(const Parameters& parameters) {
  const auto it = functions.find(key_of(parameters));
  if (it == functions.end()) return no_function();
  ModelFunction& function = it->second;
  if (!function.changes.empty()) return busy("FailedOperation.DeleteTrigger");
  const std::string description = text(parameters, "TriggerDesc");
  const std::string qualifier = text(parameters, "Qualifier", "$LATEST");
  for (auto& trigger : function.triggers) {
    const bool named = !trigger.deleted && trigger.name == text(parameters, "TriggerName") &&
                       trigger.type == text(parameters, "Type") && trigger.text() == description &&
                       trigger.qualifier == qualifier;
    if (!named) continue;
    lingering_rules_.emplace_back(trigger, behaviour.rule_lag);
    trigger.deleted = true;
    trigger.hidden = 0;
    trigger.shown = behaviour.list_lag;
    return json::object();
  }
  return error(ErrorKind::absent, "ResourceNotFound.Trigger");
}

Task<void> ModelApi::turns() {
  const unsigned count = overlap ? random_() % 4 : 1;
  for (unsigned i = 0; i < count; ++i) co_await asio::post(executor_, asio::deferred);
}

Task<cloud::ApiResult<json::object>> ModelApi::call(std::string action, json::object parameters) {
  calls.push_back(action);
  sent.push_back(parameters);
  if (cancelled_) {
    co_return ApiError(ErrorKind::transient, action, "ClientError.Cancelled", "cancelled", {});
  }
  if (action == "GetFunction") {
    has_looked_ = true;
    moving_ = false;
  } else if (!is_read(action)) {
    // But for a rule that moves from one function to another, or back: nothing may come between.
    const bool moves = moving_ && (action == "CreateTrigger" || action == "DeleteTrigger");
    if (!has_looked_ && !moves) {
      model_.violations.push_back(action + " without a look before it");
    }
    has_looked_ = false;
    moving_ = action == "DeleteTrigger" || moves;
  }
  co_await turns();
  std::optional<ModelFault> fails = model_.behaviour.everything_fails;
  if (!fails && fault) fails = fault(action);
  if (fails && !fails->acted) {
    co_return ApiError(fails->kind, action, fails->code, "as the test has it", "request-2");
  }
  auto answer = model_.act(action, parameters);
  if (acted) acted(action);
  co_await turns();
  if (fails) co_return ApiError(fails->kind, action, fails->code, "as the test has it", {});
  co_return answer;
}

std::size_t ModelApi::count(std::string_view action) const {
  return static_cast<std::size_t>(std::count(calls.begin(), calls.end(), action));
}

std::vector<std::string> ModelApi::writes() const {
  std::vector<std::string> found;
  for (const auto& call : calls) {
    if (!is_read(call)) found.push_back(call);
  }
  return found;
}

cloud::WantedBucket wanted_bucket(const std::string& name) {
  cloud::WantedBucket bucket;
  bucket.endpoint.name = name;
  bucket.endpoint.appid = "1250000000";
  bucket.endpoint.region = "ap-guangzhou";
  bucket.events = {"cos:ObjectCreated:*", "cos:ObjectRemove:*"};
  bucket.prefix = "in/";
  return bucket;
}

cloud::Wanted wanted_relay() {
  cloud::Wanted wanted;
  wanted.name = "relay";
  wanted.region = "ap-guangzhou";
  wanted.buckets.push_back(wanted_bucket("examplebucket"));
  cloud::InlineCode code;
  code.zip = "PK-zip";
  wanted.code = code;
  wanted.runtime = "Nodejs18.15";
  wanted.handler = "index.main_handler";
  wanted.environment = {{"GATEWAY_URL", "http://gateway.example"}, {"GATEWAY_TOKEN", "s3cret"}};
  return wanted;
}

ModelFunction relay_as_wanted(const cloud::Wanted& wanted) {
  ModelFunction function;
  function.runtime = wanted.runtime;
  function.description = cloud::mark_of(wanted).description();
  set_code(function, cloud::update_code(wanted).parameters);
  set_configuration(function, cloud::update_configuration(wanted, function.description).parameters);
  function.retries = wanted.retries;
  function.max_age = wanted.max_age.count();
  for (const auto& bucket : wanted.buckets) {
    for (const auto& event : bucket.events) {
      ModelTrigger trigger;
      trigger.name = bucket.endpoint.host();
      trigger.event = event;
      trigger.prefix = bucket.prefix;
      trigger.suffix = bucket.suffix;
      function.triggers.push_back(std::move(trigger));
    }
  }
  return function;
}

ScfModel::Key key_of(const cloud::Wanted& wanted) {
  return {wanted.space, wanted.name};
}

std::string difference(const ScfModel& model, const cloud::Wanted& wanted) {
  const ModelFunction* is = model.find(wanted);
  if (is == nullptr) return "there is no function";
  const ModelFunction shall = relay_as_wanted(wanted);
  if (is->status != "Active" || !is->changes.empty()) return "it is " + is->status;
  if (is->code != shall.code) return "code";
  if (is->runtime != shall.runtime || is->handler != shall.handler || is->type != shall.type) {
    return "runtime, handler or type";
  }
  const auto mark = cloud::parse_mark(is->description);
  if (!mark || !mark->has_content_of(cloud::mark_of(wanted)) || mark->succession()) {
    return "description: " + is->description;
  }
  if (is->memory != shall.memory || is->timeout != shall.timeout ||
      is->environment != shall.environment || !is->public_net) {
    return "settings";
  }
  if (is->retries != shall.retries || is->max_age != shall.max_age) return "retry rules";
  std::vector<std::string> triggers;
  for (const auto& trigger : is->triggers) {
    const bool on_wanted =
        std::any_of(wanted.buckets.begin(), wanted.buckets.end(),
                    [&](const auto& bucket) { return bucket.endpoint.host() == trigger.name; });
    if (trigger.deleted || trigger.type != "cos" || !on_wanted) continue;
    if (!trigger.enabled) return "a trigger is disabled";
    triggers.push_back(trigger.text());
  }
  std::vector<std::string> expected;
  for (const auto& trigger : shall.triggers) expected.push_back(trigger.text());
  std::sort(triggers.begin(), triggers.end());
  std::sort(expected.begin(), expected.end());
  if (triggers != expected) return fmt::format("{} triggers", triggers.size());
  return {};
}

}  // namespace gateway::test

#include "support/scripted_cloud_state.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <regex>
#include <utility>

#include "support/scripted_cloud_parameters.hpp"
#include "support/scripted_cloud_refusal.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

constexpr std::size_t kLongestPath = 118;  // of namespace and name together

bool settled_well(const CloudFunction& function) {
  return function.status == "Active" || function.status == "UpdateFailed";
}

}  // namespace

json::object CloudState::handle(std::string_view action, const json::object& parameters,
                                const CloudCallContext& context) {
  using Handler = Answer (CloudState::*)(const Parameters&, const CloudCallContext&);
  static const std::map<std::string_view, Handler> handlers{
      {"CreateFunction", &CloudState::create_function},
      {"GetFunction", &CloudState::get_function},
      {"ListFunctions", &CloudState::list_functions},
      {"ListNamespaces", &CloudState::list_namespaces},
      {"UpdateFunctionCode", &CloudState::update_code},
      {"UpdateFunctionConfiguration", &CloudState::update_configuration},
      {"DeleteFunction", &CloudState::delete_function},
      {"CreateTrigger", &CloudState::create_trigger},
      {"ListTriggers", &CloudState::list_triggers},
      {"DeleteTrigger", &CloudState::delete_trigger},
      {"UpdateTriggerStatus", &CloudState::update_trigger_status},
      {"GetFunctionEventInvokeConfig", &CloudState::get_retry_rules},
      {"UpdateFunctionEventInvokeConfig", &CloudState::update_retry_rules},
      {"GetAccount", &CloudState::get_account}};
  return (this->*handlers.at(action))(parameters, context);
}

CloudFunction* CloudState::find(std::string_view path) {
  const auto function = std::find_if(functions_.begin(), functions_.end(),
                                     [&](const auto& one) { return one.path() == path; });
  return function == functions_.end() ? nullptr : &*function;
}

const CloudFunction* CloudState::find(std::string_view path) const {
  const auto function = std::find_if(functions_.begin(), functions_.end(),
                                     [&](const auto& one) { return one.path() == path; });
  return function == functions_.end() ? nullptr : &*function;
}

CloudFunction& CloudState::put(CloudFunction function) {
  std::erase_if(functions_, [&](const auto& one) {
    return one.path() == function.path() && one.region == function.region;
  });
  function.number = ++made_;
  functions_.push_back(std::move(function));
  return functions_.back();
}

void CloudState::erase(std::string_view path) {
  std::erase_if(functions_, [&](const auto& one) { return one.path() == path; });
}

void CloudState::settle(std::string_view path) {
  CloudFunction* function = find(path);
  if (function != nullptr && function->in_transit()) settle(*function);
}

void CloudState::begin(CloudFunction& function, const std::string& meanwhile,
                       const std::string& then, std::size_t reads, const CloudFate& fate) {
  function.status = meanwhile;
  function.next_status = fate.status.empty() ? then : fate.status;
  function.next_reasons = fate.reasons;
  function.reasons.clear();
  function.status_text.clear();
  function.reads_left = reads;
  function.stuck = fate.stuck;
  if (reads == 0 && !fate.stuck) settle(function);
}

void CloudState::settle(CloudFunction& function) {
  function.stuck = false;
  function.reads_left = 0;
  if (!function.next_status.empty()) {
    function.status = function.next_status;
    function.reasons = function.next_reasons;
    for (const CloudStatusReason& reason : function.reasons) {
      function.status_text = reason.message;
    }
    return;
  }
  if (!limits_.deletion_frees_rules) {
    // A function of another region may have the same name.
    const std::string region = ".cos." + function.region + ".";
    for (const BucketRule& rule : rules()) {
      if (rule.holder == function.path() && rule.bucket.find(region) != std::string::npos) {
        BucketRule orphan = rule;
        orphan.holder += " (deleted)";
        foreign_rules_.push_back(std::move(orphan));
      }
    }
  }
  std::erase_if(functions_, [&](const auto& one) { return &one == &function; });
}

CloudFunction& CloudState::named(const Parameters& parameters, const CloudCallContext& context) {
  const std::string space = text_member(parameters, "Namespace", "default");
  if (std::find(limits_.spaces.begin(), limits_.spaces.end(), space) == limits_.spaces.end()) {
    throw CloudRefusal("ResourceNotFound.Namespace", "There is no namespace " + space + ".");
  }
  const std::string name = text_member(parameters, "FunctionName");
  for (CloudFunction& function : functions_) {
    if (function.region == context.region && function.space == space && function.name == name) {
      return function;
    }
  }
  throw CloudRefusal("ResourceNotFound.Function", "There is no function " + name + ".");
}

CloudFunction& CloudState::writable(const Parameters& parameters, const CloudCallContext& context,
                                    const std::string& code) {
  CloudFunction& function = named(parameters, context);
  if (!settled_well(function)) {
    throw CloudRefusal(code, "The function's state " + function.status + " does not allow it.");
  }
  return function;
}

json::object CloudState::create_function(const Parameters& parameters,
                                         const CloudCallContext& context) {
  CloudFunction function;
  function.region = context.region;
  function.space = text_member(parameters, "Namespace", "default");
  function.name = text_member(parameters, "FunctionName");
  static const std::regex kName("[A-Za-z][A-Za-z0-9_-]{0,58}[A-Za-z0-9]");
  if (!std::regex_match(function.name, kName) || function.path().size() - 1 > kLongestPath) {
    throw CloudRefusal("InvalidParameterValue.FunctionName", "Bad name " + function.name + ".");
  }
  if (std::find(limits_.spaces.begin(), limits_.spaces.end(), function.space) ==
      limits_.spaces.end()) {
    throw CloudRefusal("ResourceNotFound.Namespace", "No namespace " + function.space + ".");
  }
  require_choice(parameters, "Type", {"Event", "HTTP"}, "InvalidParameterValue.Type");
  require_choice(parameters, "AsyncRunEnable", {"TRUE", "FALSE"}, "InvalidParameterValue");
  function.type = text_member(parameters, "Type", "Event");
  function.async_run = text_member(parameters, "AsyncRunEnable", "FALSE");
  function.runtime = "Python2.7";  // the documented default
  if (const json::value* tags = parameters.if_contains("Tags")) {
    for (const json::value& tag : tags->get_array()) {
      function.tags.emplace_back(text_member(tag.get_object(), "Key"),
                                 text_member(tag.get_object(), "Value"));
    }
  }
  apply_configuration(parameters, function);
  apply_code(parameters, function);

  std::size_t neighbours = 0;
  for (const CloudFunction& other : functions_) {
    if (other.region != function.region || other.space != function.space) continue;
    ++neighbours;
    if (other.name == function.name) {
      throw CloudRefusal("ResourceInUse.Function", "The function exists already.");
    }
  }
  if (neighbours >= limits_.functions) {
    throw CloudRefusal("LimitExceeded.Function", "The namespace has all its functions.");
  }
  function.added = function.modified = context.now;
  begin(put(std::move(function)), "Creating", "Active", limits_.creating_reads, context.fate);
  return {};
}

json::object CloudState::get_function(const Parameters& parameters,
                                      const CloudCallContext& context) {
  require_choice(parameters, "ShowCode", {"TRUE", "FALSE"}, "InvalidParameterValue");
  require_choice(parameters, "Qualifier", {"$LATEST", "$DEFAULT"}, "ResourceNotFound.Version");
  CloudFunction& function = named(parameters, context);
  if (function.in_transit() && !function.stuck) {
    if (function.reads_left != 0) {
      --function.reads_left;
    } else {
      settle(function);
      return function_answer(named(parameters, context));
    }
  }
  return function_answer(function);
}

json::object CloudState::list_functions(const Parameters& parameters,
                                        const CloudCallContext& context) {
  const std::string space = text_member(parameters, "Namespace", "default");
  if (std::find(limits_.spaces.begin(), limits_.spaces.end(), space) == limits_.spaces.end()) {
    throw CloudRefusal("ResourceNotFound.Namespace", "There is no namespace " + space + ".");
  }
  const std::string part = text_member(parameters, "Description");
  const std::string search = text_member(parameters, "SearchKey");
  std::vector<const CloudFunction*> all;
  for (const CloudFunction& function : functions_) {
    if (function.region != context.region || function.space != space) continue;
    if (function.description.find(part) == std::string::npos) continue;
    if (function.name.find(search) != std::string::npos) all.push_back(&function);
  }
  const auto offset = static_cast<std::size_t>(integer_member(parameters, "Offset", 0));
  const auto limit = static_cast<std::size_t>(integer_member(parameters, "Limit", 20));
  json::array page;
  for (std::size_t i = offset; i < std::min(all.size(), offset + limit); ++i) {
    page.push_back(listed_function_answer(*all[i]));
  }
  return {{"Functions", std::move(page)}, {"TotalCount", all.size()}};
}

json::object CloudState::list_namespaces(const Parameters& parameters,
                                         const CloudCallContext& /*context*/) {
  const auto offset = static_cast<std::size_t>(integer_member(parameters, "Offset", 0));
  const auto limit = static_cast<std::size_t>(integer_member(parameters, "Limit", 20));
  json::array page;
  for (std::size_t i = offset; i < std::min(limits_.spaces.size(), offset + limit); ++i) {
    page.push_back({{"Name", limits_.spaces[i]},
                    {"Description", ""},
                    {"Type", "default"},
                    {"AddTime", "2020-01-01 00:00:00"},
                    {"ModTime", "2020-01-01 00:00:00"}});
  }
  return {{"Namespaces", std::move(page)}, {"TotalCount", limits_.spaces.size()}};
}

json::object CloudState::update_code(const Parameters& parameters,
                                     const CloudCallContext& context) {
  CloudFunction& function = writable(parameters, context, "FailedOperation.UpdateFunctionCode");
  require_choice(parameters, "Publish", {"TRUE", "FALSE"}, "InvalidParameterValue");
  CloudFunction changed = function;
  apply_code(parameters, changed);
  if (context.fate.status.empty()) {  // a failed update leaves the code that was there
    function = std::move(changed);
    ++function.code_updates;
    function.modified = context.now;
  }
  begin(function, "Updating", "Active", limits_.updating_reads, context.fate);
  return {};
}

json::object CloudState::update_configuration(const Parameters& parameters,
                                              const CloudCallContext& context) {
  CloudFunction& function =
      writable(parameters, context, "FailedOperation.UpdateFunctionConfiguration");
  require_choice(parameters, "Publish", {"TRUE", "FALSE"}, "InvalidParameterValue");
  CloudFunction changed = function;
  apply_configuration(parameters, changed);
  if (changed.runtime != function.runtime) {
    throw CloudRefusal("InvalidParameterValue.Runtime", "The runtime cannot be changed.");
  }
  if (context.fate.status.empty()) {
    function = std::move(changed);
    ++function.configuration_updates;
    function.modified = context.now;
  }
  begin(function, "Updating", "Active", limits_.updating_reads, context.fate);
  return {};
}

json::object CloudState::delete_function(const Parameters& parameters,
                                         const CloudCallContext& context) {
  CloudFunction& function = named(parameters, context);
  if (function.in_transit()) {
    throw CloudRefusal("FailedOperation.FunctionStatusError",
                       "The function is " + function.status + ".");
  }
  begin(function, "Deleting", "", limits_.deleting_reads, context.fate);
  return {};
}

json::object CloudState::get_account(const Parameters&, const CloudCallContext& context) {
  json::array usage;
  json::array limits;
  for (const std::string& space : limits_.spaces) {
    json::array names;
    for (const CloudFunction& function : functions_) {
      if (function.region == context.region && function.space == space) {
        names.emplace_back(function.name);
      }
    }
    const std::size_t count = names.size();
    usage.push_back(json::object{{"Namespace", space},
                                 {"Functions", std::move(names)},
                                 {"FunctionsCount", count},
                                 {"TotalConcurrencyMem", 128000},
                                 {"TotalAllocatedConcurrencyMem", 0},
                                 {"TotalAllocatedProvisionedMem", 0}});
    limits.push_back(json::object{{"Namespace", space},
                                  {"FunctionsCount", limits_.functions},
                                  {"Trigger",
                                   {{"Cos", limits_.triggers},
                                    {"Timer", limits_.triggers},
                                    {"Total", limits_.triggers * 10}}},
                                  {"ConcurrentExecutions", 100},
                                  {"TimeoutLimit", 900},
                                  {"TestModelLimit", 5},
                                  {"InitTimeoutLimit", 300},
                                  {"RetryNumLimit", limits_.retries},
                                  {"MinMsgTTL", limits_.least_max_age},
                                  {"MaxMsgTTL", limits_.most_max_age}});
  }
  return {{"AccountUsage",
           {{"NamespacesCount", limits_.spaces.size()},
            {"Namespace", std::move(usage)},
            {"TotalConcurrencyMem", 128000},
            {"TotalAllocatedConcurrencyMem", 0},
            {"UserConcurrencyMemLimit", 128000}}},
          {"AccountLimit", {{"NamespacesCount", 5}, {"Namespace", std::move(limits)}}}};
}

}  // namespace gateway::test

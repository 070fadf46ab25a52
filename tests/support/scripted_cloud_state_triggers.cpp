// The actions on triggers and on the rules of retrying.
#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <utility>

#include "support/scripted_cloud_parameters.hpp"
#include "support/scripted_cloud_refusal.hpp"
#include "support/scripted_cloud_state.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

// The service has one code for all three writes to triggers.
constexpr const char* kNotNow = "FailedOperation.CreateTrigger";

std::string region_of(std::string_view bucket) {
  constexpr std::string_view kBefore = ".cos.";
  constexpr std::string_view kAfter = ".myqcloud.com";
  const auto dot = bucket.find('.');
  const auto dash = bucket.rfind('-', dot);
  const bool shaped = dot != std::string_view::npos && dash != std::string_view::npos &&
                      dash != 0 && dash + 1 < dot &&
                      bucket.substr(dash + 1, dot - dash - 1).find_first_not_of("0123456789") ==
                          std::string_view::npos &&
                      bucket.substr(dot).starts_with(kBefore) && bucket.ends_with(kAfter) &&
                      bucket.size() > dot + kBefore.size() + kAfter.size();
  if (!shaped) {
    throw CloudRefusal("InvalidParameterValue.TriggerName",
                       std::string(bucket) + " is no host of a bucket.");
  }
  bucket.remove_prefix(dot + kBefore.size());
  bucket.remove_suffix(kAfter.size());
  return std::string(bucket);
}

void require_qualifier(const json::object& parameters) {
  require_choice(parameters, "Qualifier", {"$LATEST", "$DEFAULT"}, "ResourceNotFound.Qualifier");
}

bool switch_of(const json::object& parameters) {
  require_choice(parameters, "Enable", {"OPEN", "CLOSE"}, "InvalidParameterValue.Enable");
  return text_member(parameters, "Enable") == "OPEN";  // left out: off
}

BucketRule rule_of(const CloudFunction& function, const CloudTrigger& trigger) {
  return {trigger.name, trigger.cos.event, trigger.cos.prefix, trigger.cos.suffix, function.path()};
}

bool same(const CloudTrigger& a, const CloudTrigger& b) {
  return a.name == b.name && a.type == b.type && a.cos == b.cos && a.qualifier == b.qualifier;
}

bool passes(const CloudTrigger& trigger, const json::object& filter) {
  const std::string name = text_member(filter, "Name");
  std::string value;
  if (name == "Qualifier") {
    value = trigger.qualifier;
  } else if (name == "TriggerName") {
    value = trigger.name;
  } else if (name == "Description") {
    value = trigger.description;
  } else {
    throw CloudRefusal("InvalidParameterValue.Filters", "There is no filter " + name + ".");
  }
  const json::array& values = filter.at("Values").get_array();
  return std::any_of(values.begin(), values.end(),
                     [&](const json::value& one) { return one.get_string() == value; });
}

}  // namespace

std::vector<BucketRule> CloudState::rules() const {
  std::vector<BucketRule> all = foreign_rules_;
  for (const CloudFunction& function : functions_) {
    for (const CloudTrigger& trigger : function.triggers) {
      if (trigger.type == "cos" && trigger.enabled) all.push_back(rule_of(function, trigger));
    }
  }
  return all;
}

void CloudState::require_free_rule(const CloudFunction& function,
                                   const CloudTrigger& trigger) const {
  const BucketRule wanted = rule_of(function, trigger);
  std::size_t of_bucket = 0;
  for (const BucketRule& held : rules()) {
    if (held.bucket == wanted.bucket) ++of_bucket;
    if (overlap(held, wanted)) {
      throw CloudRefusal(limits_.conflict_code,
                         "The COS notification rule conflicts with that of " + held.holder +
                             " for " + held.event + ".");
    }
  }
  if (of_bucket >= limits_.rules) {
    throw CloudRefusal("ResourceInsufficient.COS", "The bucket has all its notification rules.");
  }
}

void CloudState::keep_listing(CloudFunction& function, const CloudFate& fate) {
  const std::size_t reads = std::max(limits_.stale_lists, fate.unseen);
  if (reads == 0) return;
  if (function.stale_reads == 0) function.listed = function.triggers;
  function.stale_reads = reads;
}

json::object CloudState::create_trigger(const Parameters& parameters,
                                        const CloudCallContext& context) {
  CloudFunction& function = writable(parameters, context, kNotNow);
  require_qualifier(parameters);
  CloudTrigger trigger;
  trigger.name = text_member(parameters, "TriggerName");
  trigger.type = text_member(parameters, "Type");
  trigger.qualifier = text_member(parameters, "Qualifier", "$LATEST");
  trigger.description = text_member(parameters, "Description");
  trigger.custom_argument = text_member(parameters, "CustomArgument");
  trigger.enabled = switch_of(parameters);
  trigger.added = trigger.modified = context.now;
  if (trigger.type == "timer") {
    trigger.other = text_member(parameters, "TriggerDesc");
  } else if (trigger.type == "cos") {
    const std::string region = region_of(trigger.name);
    const bool known = limits_.buckets.empty() ||
                       std::find(limits_.buckets.begin(), limits_.buckets.end(), trigger.name) !=
                           limits_.buckets.end();
    if (region != context.region || !known) {
      throw CloudRefusal("ResourceNotFound.Cos", "The bucket is not in " + context.region + ".");
    }
    trigger.cos = parse_trigger_description(text_member(parameters, "TriggerDesc"), false);
  } else {
    throw CloudRefusal("InvalidParameterValue.Type", "No trigger type " + trigger.type + ".");
  }

  std::size_t of_type = 0;
  for (const CloudTrigger& other : function.triggers) {
    if (same(other, trigger)) {
      throw CloudRefusal("ResourceInUse.Trigger", "The trigger exists already.");
    }
    if (other.type == trigger.type) ++of_type;
  }
  if (of_type >= limits_.triggers) {
    throw CloudRefusal("LimitExceeded.Trigger", "The function has all its triggers.");
  }
  if (trigger.type == "cos" && trigger.enabled) require_free_rule(function, trigger);
  keep_listing(function, context.fate);
  function.triggers.push_back(trigger);
  return {{"TriggerInfo", trigger_answer(trigger)}};
}

json::object CloudState::list_triggers(const Parameters& parameters,
                                       const CloudCallContext& context) {
  CloudFunction& function = named(parameters, context);
  require_choice(parameters, "Order", {"ASC", "DESC"}, "InvalidParameterValue.Order");
  require_choice(parameters, "OrderBy", {"add_time", "mod_time"}, "InvalidParameterValue.OrderBy");
  const std::int64_t offset = integer_member(parameters, "Offset", 0);
  const std::int64_t limit = integer_member(parameters, "Limit", 20);
  if (offset < 0 || limit < 0 || limit > 100) {
    throw CloudRefusal("InvalidParameterValue.Limit", "Offset or Limit is out of range.");
  }
  std::vector<CloudTrigger> found = function.stale_reads != 0 ? function.listed : function.triggers;
  if (function.stale_reads != 0) --function.stale_reads;
  if (const json::value* filters = parameters.if_contains("Filters")) {
    for (const json::value& filter : filters->get_array()) {
      std::erase_if(found, [&](const auto& one) { return !passes(one, filter.get_object()); });
    }
  }
  if (text_member(parameters, "OrderBy") == "mod_time") {
    // Times have one-second steps, so the order of creation decides among equals.
    std::multimap<std::chrono::sys_seconds, CloudTrigger> sorted;
    for (CloudTrigger& trigger : found) sorted.emplace(trigger.modified, std::move(trigger));
    found.clear();
    for (auto& [modified, trigger] : sorted) found.push_back(std::move(trigger));
  }
  if (text_member(parameters, "Order", "DESC") == "DESC") {
    std::reverse(found.begin(), found.end());
  }
  json::array page;
  for (std::size_t i = static_cast<std::size_t>(offset);
       i < found.size() && page.size() < static_cast<std::size_t>(limit); ++i) {
    json::object answer = trigger_answer(found[i]);
    answer["BoundResources"] = "";
    page.push_back(std::move(answer));
  }
  return {{"TotalCount", found.size()}, {"Triggers", std::move(page)}};
}

CloudTrigger& CloudState::named_trigger(CloudFunction& function, const Parameters& parameters) {
  require_qualifier(parameters);
  CloudTrigger wanted;
  wanted.name = text_member(parameters, "TriggerName");
  wanted.type = text_member(parameters, "Type");
  wanted.qualifier = text_member(parameters, "Qualifier", "$LATEST");
  if (wanted.type == "cos") {
    if (!parameters.contains("TriggerDesc")) {
      throw CloudRefusal("InvalidParameterValue.TriggerDesc", "TriggerDesc is missing.");
    }
    wanted.cos = parse_trigger_description(text_member(parameters, "TriggerDesc"), true);
  }
  for (CloudTrigger& trigger : function.triggers) {
    if (same(trigger, wanted)) return trigger;
  }
  throw CloudRefusal("ResourceNotFound.Trigger", "There is no such trigger.");
}

json::object CloudState::delete_trigger(const Parameters& parameters,
                                        const CloudCallContext& context) {
  CloudFunction& function = writable(parameters, context, kNotNow);
  const CloudTrigger& trigger = named_trigger(function, parameters);
  keep_listing(function, context.fate);
  std::erase_if(function.triggers, [&](const auto& one) { return &one == &trigger; });
  return {};
}

json::object CloudState::update_trigger_status(const Parameters& parameters,
                                               const CloudCallContext& context) {
  CloudFunction& function = writable(parameters, context, kNotNow);
  CloudTrigger& trigger = named_trigger(function, parameters);
  const bool enable = switch_of(parameters);
  if (trigger.enabled == enable) {
    throw CloudRefusal("FailedOperation.UpdateTriggerStatus", "It is in that state already.");
  }
  if (enable && trigger.type == "cos") require_free_rule(function, trigger);
  keep_listing(function, context.fate);
  trigger.enabled = enable;
  trigger.modified = context.now;
  return {};
}

json::object CloudState::get_retry_rules(const Parameters& parameters,
                                         const CloudCallContext& context) {
  require_qualifier(parameters);
  const CloudFunction& function = named(parameters, context);
  // The documented sample has a second entry, of -1.
  json::array retries{json::object{{"RetryNum", function.retry.retries}},
                      json::object{{"RetryNum", -1}}};
  return {{"AsyncTriggerConfig",
           {{"RetryConfig", std::move(retries)}, {"MsgTTL", function.retry.max_age}}}};
}

json::object CloudState::update_retry_rules(const Parameters& parameters,
                                            const CloudCallContext& context) {
  CloudFunction& function =
      writable(parameters, context, "FailedOperation.FunctionVersionStatusNotActive");
  const json::object& config = parameters.at("AsyncTriggerConfig").get_object();
  const json::array& retries = config.at("RetryConfig").get_array();
  if (retries.empty()) throw CloudRefusal("MissingParameter", "RetryConfig is empty.");
  const std::int64_t count = integer_member(retries.front().get_object(), "RetryNum", 0);
  const std::int64_t max_age = integer_member(config, "MsgTTL", 0);
  if (count < 0 || count > limits_.retries) {
    throw CloudRefusal("LimitExceeded.RetryNum", "RetryNum is out of range.");
  }
  if (max_age < limits_.least_max_age || max_age > limits_.most_max_age) {
    throw CloudRefusal("LimitExceeded.MsgTTL", "MsgTTL is out of range.");
  }
  function.retry = {count, max_age};
  return {};
}

}  // namespace gateway::test

#include "support/scripted_cloud_control.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <set>
#include <stdexcept>
#include <utility>

#include "support/scripted_cloud.hpp"
#include "support/scripted_cloud_parameters.hpp"

namespace gateway::test {
namespace json = boost::json;
namespace {

json::object without_code(const json::object& parameters) {
  json::object kept = parameters;
  if (kept.contains("ZipFile")) kept["ZipFile"] = "...";
  if (json::value* code = kept.if_contains("Code"); code != nullptr && code->is_object()) {
    if (code->get_object().contains("ZipFile")) code->get_object()["ZipFile"] = "...";
  }
  return kept;
}

bool is_set(const json::object& step, std::string_view name) {
  const json::value* value = step.if_contains(name);
  return value != nullptr && value->as_bool();
}

CloudFault fault_of(const json::object& step) {
  static const std::set<std::string_view> kKnown{
      "action",  "times",   "error",  "message", "http",  "truncated", "cut",
      "delayMs", "stalled", "endsAs", "reasons", "stuck", "unseen",    "handled"};
  for (const auto& [name, value] : step) {
    if (!kKnown.contains(std::string_view(name.data(), name.size()))) {
      throw std::runtime_error("a fault has no " + std::string(name));
    }
  }
  CloudFault fault = no_fault();
  if (step.contains("error")) {
    fault = api_error(text_member(step, "error"), text_member(step, "message", "scripted"));
  } else if (step.contains("http")) {
    fault = http_error(static_cast<unsigned>(integer_member(step, "http", 0)));
  } else if (is_set(step, "truncated")) {
    fault = truncated_answer();
  } else if (step.contains("cut")) {
    const std::string what = text_member(step, "cut");
    if (what != "request" && what != "answer") throw std::runtime_error("cannot cut " + what);
    fault = what == "request" ? lost_request() : lost_answer();
  } else if (step.contains("endsAs")) {
    std::vector<CloudStatusReason> reasons;
    if (const json::value* list = step.if_contains("reasons")) {
      for (const json::value& reason : list->as_array()) {
        reasons.push_back(
            {text_member(reason.as_object(), "code"), text_member(reason.as_object(), "message")});
      }
    }
    fault = ends_as(text_member(step, "endsAs"), std::move(reasons));
  } else if (is_set(step, "stuck")) {
    fault = stuck();
  }
  fault.fate.unseen = static_cast<std::size_t>(integer_member(step, "unseen", 0));
  fault.stalls = is_set(step, "stalled");
  fault.delay = std::chrono::milliseconds(integer_member(step, "delayMs", 0));
  if (is_set(step, "handled")) fault.handles = true;
  return fault;
}

void play_step(ScriptedCloud& cloud, const json::object& step) {
  if (step.contains("action")) {
    cloud.next(text_member(step, "action"), fault_of(step),
               static_cast<std::size_t>(integer_member(step, "times", 1)));
    return;
  }
  if (step.size() != 1) throw std::runtime_error("a step is one thing, or a fault of an action");
  const auto& [key, value] = *step.begin();
  const std::string name(key.data(), key.size());
  if (name == "release") {
    cloud.release();
  } else if (name == "forgetFaults") {
    cloud.forget_faults();
  } else if (name == "settle") {
    cloud.settle(text_member(step, name));
  } else if (name == "erase") {
    cloud.erase(text_member(step, name));
  } else if (name == "clockOffsetSeconds") {
    cloud.set_clock_offset(std::chrono::seconds(value.as_int64()));
  } else if (name == "expireToken") {
    cloud.expire_token(text_member(step, name));
  } else if (name == "key") {
    const json::object& pair = value.as_object();
    cloud.add_key({text_member(pair, "secretId"),
                   text_member(pair, "secretKey"),
                   text_member(pair, "token"),
                   {}});
  } else if (name == "foreignFunction") {
    cloud.create_foreign_function(text_member(step, name));
  } else if (name == "rule") {
    const json::object& rule = value.as_object();
    cloud.hold_rule({text_member(rule, "bucket"), text_member(rule, "event"),
                     text_member(rule, "prefix"), text_member(rule, "suffix"),
                     text_member(rule, "holder", "another product")});
  } else {
    throw std::runtime_error("there is no step " + name);
  }
}

}  // namespace

bool is_cloud_control(const RequestMessage& request) {
  return request.target == "/state" || request.target == "/faults";
}

ControlAnswer answer_cloud_control(ScriptedCloud& cloud, const RequestMessage& request) {
  if (request.target == "/state") return {200, json::serialize(cloud_state(cloud))};
  try {
    play_cloud_script(cloud, json::parse(request.body).as_array());
    return {200, "{}"};
  } catch (const std::exception& error) {
    return {400, json::serialize(json::object{{"error", error.what()}})};
  }
}

json::object cloud_state(const ScriptedCloud& cloud) {
  json::array functions;
  for (const CloudFunction& function : cloud.functions()) {
    json::object answer = function_answer(function);
    answer["Region"] = function.region;
    answer["Number"] = function.number;
    answer["CodeUpdates"] = function.code_updates;
    answer["ConfigurationUpdates"] = function.configuration_updates;
    answer["RetryNum"] = function.retry.retries;
    answer["MsgTTL"] = function.retry.max_age;
    functions.push_back(std::move(answer));
  }
  json::array rules;
  for (const BucketRule& rule : cloud.rules()) {
    rules.push_back(json::object{{"bucket", rule.bucket},
                                 {"event", rule.event},
                                 {"prefix", rule.prefix},
                                 {"suffix", rule.suffix},
                                 {"holder", rule.holder}});
  }
  json::array journal;
  for (const CloudCall& call : cloud.journal()) {
    journal.push_back(json::object{{"index", call.index},
                                   {"connection", call.connection},
                                   {"action", call.action},
                                   {"region", call.region},
                                   {"secretId", call.secret_id},
                                   {"parameters", without_code(call.parameters)},
                                   {"fault", call.fault},
                                   {"outcome", call.outcome},
                                   {"handled", call.handled},
                                   {"answered", call.answered},
                                   {"requestId", call.request_id}});
  }
  json::array refused;
  for (const std::string& reason : cloud.refused_signatures()) refused.emplace_back(reason);
  return {{"functions", std::move(functions)},
          {"rules", std::move(rules)},
          {"journal", std::move(journal)},
          {"refusedSignatures", std::move(refused)},
          {"connections", cloud.connections()}};
}

void play_cloud_script(ScriptedCloud& cloud, const json::array& script) {
  for (const json::value& step : script) play_step(cloud, step.as_object());
}

}  // namespace gateway::test

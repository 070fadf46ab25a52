#include "support/wanted_relay.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "cloud/function_mark.hpp"
#include "cloud/scf_requests.hpp"

namespace gateway::test {

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
  function.set_code(cloud::update_code(wanted).parameters);
  function.set_configuration(cloud::update_configuration(wanted, function.description).parameters);
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
  if (!mark || !mark->has_content_of(cloud::mark_of(wanted)) || mark->succession) {
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

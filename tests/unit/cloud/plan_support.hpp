#pragma once
#include <string>
#include <vector>

#include "cloud/provisioning_plan.hpp"
#include "support/wanted_relay.hpp"

// What the tests of plans share: what was found, and what is planned in words.
namespace gateway::test {

// Of the deployment that plans are made for.
inline constexpr cloud::Generation kOurs = 2'000;

inline const cloud::Wanted& wanted() {
  static const cloud::Wanted relay = wanted_relay();
  return relay;
}

// Returns a trigger of ours as it is found on the bucket with this host.
inline cloud::FoundTrigger found_trigger(const std::string& host, const std::string& event,
                                         const std::string& prefix) {
  cloud::FoundTrigger trigger;
  trigger.type = "cos";
  trigger.name = host;
  trigger.qualifier = "$DEFAULT";
  trigger.event = event;
  trigger.prefix = prefix;
  trigger.text = cloud::trigger_description(event, prefix, "");
  return trigger;
}

// Returns a relay with this description that works.
inline cloud::FoundFunction active_relay(const std::string& description) {
  cloud::FoundFunction function;
  function.status = "Active";
  function.description = description;
  function.environment = {{"GATEWAY_TOKEN", "s3cret"}, {"GATEWAY_URL", "http://gateway.example"}};
  return function;
}

// Returns the retry rules that `wanted` asks for.
inline cloud::FoundRetryRules rules_of(const cloud::Wanted& wanted) {
  cloud::FoundRetryRules rules;
  rules.retries = wanted.retries;
  rules.max_age_seconds = wanted.max_age.count();
  return rules;
}

// Returns what is not `none`, in order, each as "move DeleteTrigger giver, CreateTrigger taker".
inline std::vector<std::string> steps_with_functions(const cloud::Plan& plan) {
  const auto text_of = [](const cloud::ScfCall& call) {
    return call.action + " " + std::string(call.parameters.at("FunctionName").as_string());
  };
  std::vector<std::string> found;
  for (const auto& step : plan.steps) {
    if (step.action == cloud::PlannedStep::Action::none) continue;
    std::string text(label(step.action));
    if (!step.call.action.empty()) text += " " + text_of(step.call);
    for (const auto& next : step.then) text += ", " + text_of(next.call);
    found.push_back(text);
  }
  return found;
}

}  // namespace gateway::test

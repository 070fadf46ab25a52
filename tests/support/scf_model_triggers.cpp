// The triggers of the model's functions, and the rules of the bucket that they make.
#include <fmt/format.h>

#include <boost/json/parse.hpp>

#include "cloud/notification_rule.hpp"
#include "support/scf_answers.hpp"
#include "support/scf_model.hpp"

namespace gateway::test {
namespace {

namespace json = boost::json;
using namespace scf;
using cloud::ErrorKind;

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

}  // namespace

std::string ModelTrigger::text() const {
  if (type != "cos") return event;
  return fmt::format(
      R"({{"bucketUrl":"{}","event":"{}","filter":{{"Prefix":"{}","Suffix":"{}"}}}})", name, event,
      prefix, suffix);
}

ScfModel::Answer ScfModel::list_triggers(ModelFunction& function, const Parameters& parameters) {
  auto& triggers = function.triggers;
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
    all.push_back(json::object{{"TriggerName", trigger.name},
                               {"Type", trigger.type},
                               {"Qualifier", trigger.qualifier},
                               {"TriggerDesc", trigger.text()},
                               {"Enable", trigger.enabled ? 1 : 0},
                               {"CustomArgument", nullptr}});
  }
  std::erase_if(triggers,
                [](const auto& trigger) { return trigger.deleted && trigger.shown == 0; });
  return page_of(std::move(all), parameters, "Triggers", behaviour.page);
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

ScfModel::Answer ScfModel::create_trigger(ModelFunction& function, const Parameters& parameters) {
  if (text(parameters, "TriggerDesc").find(' ') != std::string::npos) {
    violation("a blank in TriggerDesc");
  }
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
  std::size_t present = 0;
  for (const auto& other : function.triggers) {
    if (!other.deleted && is_same(other, trigger)) {
      return error(ErrorKind::exists, "ResourceInUse.Trigger");
    }
    if (!other.deleted && other.type == "cos") ++present;
  }
  if (present >= cloud::kMostTriggers) return error(ErrorKind::permanent, "LimitExceeded.Trigger");
  trigger.enabled = text(parameters, "Enable") == "OPEN";
  trigger.hidden = behaviour.list_lag;
  function.triggers.push_back(std::move(trigger));
  return json::object();
}

ScfModel::Answer ScfModel::enable_trigger(ModelFunction& function, const Parameters& parameters) {
  if (function.status != "Active") return busy("FailedOperation.CreateTrigger");
  const ModelTrigger wanted = trigger_of(parameters);
  for (auto& trigger : function.triggers) {
    if (trigger.deleted || !is_same(trigger, wanted)) continue;
    if (trigger.enabled) return error(ErrorKind::exists, "FailedOperation.UpdateTriggerStatus");
    trigger.enabled = true;
    return json::object();
  }
  return error(ErrorKind::absent, "ResourceNotFound.Trigger");
}

ScfModel::Answer ScfModel::delete_trigger(ModelFunction& function, const Parameters& parameters) {
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

}  // namespace gateway::test

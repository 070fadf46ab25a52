#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/api.hpp"
#include "cloud/wanted.hpp"

namespace gateway::test {

// A COS trigger, or one of another type, as the model keeps it.
class ModelTrigger {
 public:
  ModelTrigger() = default;
  std::string type = "cos";
  std::string name;  // the bucket's host
  std::string qualifier = "$DEFAULT";
  std::string event;
  std::string prefix;
  std::string suffix;
  bool enabled = true;
  unsigned hidden = 0;   // lists that do not show it yet
  bool deleted = false;  // a list may show it all the same,
  unsigned shown = 0;    // so many times

  [[nodiscard]] std::string text() const;  // TriggerDesc as ListTriggers gives it
  [[nodiscard]] bool operator==(const ModelTrigger&) const = default;
};

class ModelFunction {
 public:
  ModelFunction() = default;
  std::string status = "Active";
  std::string reason;                                    // of a failure
  std::deque<std::pair<unsigned, std::string>> changes;  // after so many looks: this status
  std::string available = "Available";
  std::string type = "Event";
  std::string runtime;
  std::string handler;
  std::string description;
  std::string code;  // ZipFile in Base64, or the COS path
  std::int64_t memory = 128;
  std::int64_t timeout = 3;
  std::map<std::string, std::string> environment;
  bool public_net = true;
  std::int64_t retries = 2;
  std::int64_t max_age = 21600;
  std::vector<ModelTrigger> triggers;

  // As the parameters of calls that create and update functions say.
  void set_code(const boost::json::object& parameters);
  void set_configuration(const boost::json::object& parameters);
};

// What goes wrong with one call.
class ModelFault {
 public:
  ModelFault() = default;
  ModelFault(cloud::ErrorKind error_kind, std::string error_code, bool after_the_act = false)
      : kind(error_kind), code(std::move(error_code)), acted(after_the_act) {}
  cloud::ErrorKind kind = cloud::ErrorKind::transient;
  std::string code;
  bool acted = false;  // the call did its work; only the answer is lost
};

// SCF with its functions, in memory: states that change as they are looked at, lists that lag,
// rules of the bucket that exclude each other. What a correct client never does is a violation.
class ScfModel {
 public:
  using Key = std::pair<std::string, std::string>;  // namespace and name

  // How it behaves from now on. Counts are looks at the resource.
  class Behaviour {
   public:
    Behaviour() = default;
    unsigned changing = 0;          // until a change of a function is complete
    unsigned failed_creations = 0;  // so many creations end in CreateFailed
    unsigned failed_updates = 0;
    unsigned failed_deletions = 0;
    unsigned list_lag = 0;                // lists that do not show a change
    std::size_t page = 1'000;             // elements of an answer at most, whatever is asked for
    unsigned rule_lag = 0;                // attempts that still meet a rule that was deleted
    bool updates_after_failures = false;  // of the settings of what is UpdateFailed
    std::optional<ModelFault> everything_fails;
  };

  [[nodiscard]] cloud::ApiResult<boost::json::object> act(const std::string& action,
                                                          const boost::json::object& parameters);

  std::map<Key, ModelFunction> functions;
  // Rules of the bucket that belong to nobody's trigger here: bucket, event, prefix, suffix.
  std::vector<ModelTrigger> other_rules;
  Behaviour behaviour;
  std::vector<std::string> violations;
  unsigned writes = 0;  // that were carried out
  unsigned creations = 0;

  [[nodiscard]] const ModelFunction* find(const cloud::Wanted& wanted) const;

 private:
  using Parameters = boost::json::object;
  using Answer = cloud::ApiResult<boost::json::object>;

  // What the model answers, by its name.
  class Action;
  [[nodiscard]] static const Action* action_called(std::string_view name);

  Answer carry_out(const std::string& name, const Parameters& parameters);
  Answer list_functions(const Parameters& parameters);
  Answer list_namespaces(const Parameters& parameters);
  Answer create_function(const Parameters& parameters);
  Answer get_function(ModelFunction& function, const Parameters& parameters);
  Answer update_code(ModelFunction& function, const Parameters& parameters);
  Answer update_configuration(ModelFunction& function, const Parameters& parameters);
  Answer delete_function(ModelFunction& function, const Parameters& parameters);
  Answer get_rules(ModelFunction& function, const Parameters& parameters);
  Answer update_rules(ModelFunction& function, const Parameters& parameters);
  Answer list_triggers(ModelFunction& function, const Parameters& parameters);
  Answer create_trigger(ModelFunction& function, const Parameters& parameters);
  Answer enable_trigger(ModelFunction& function, const Parameters& parameters);
  Answer delete_trigger(ModelFunction& function, const Parameters& parameters);

  void change(ModelFunction& function, std::string meanwhile, std::string finally);
  // Has an update succeed, and calls `apply`, or fail as the behaviour has it.
  Answer update(ModelFunction& function, const std::function<void()>& apply);
  [[nodiscard]] bool rule_is_taken(const ModelTrigger& trigger, const ModelFunction* owner) const;
  void violation(std::string what) { violations.push_back(std::move(what)); }
  void expect_members(std::string_view action, const Parameters& parameters,
                      std::string_view allowed);

  std::vector<std::pair<ModelTrigger, unsigned>> lingering_rules_;
};

}  // namespace gateway::test

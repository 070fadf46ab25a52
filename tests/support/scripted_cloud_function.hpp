#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/scripted_cloud_rules.hpp"

namespace gateway::test {

struct CloudTrigger {
  std::string name;  // for COS the bucket's host
  std::string type = "cos";
  CosTriggerDescription cos;
  std::string other;  // the description of a trigger that is not of COS
  std::string qualifier = "$LATEST";
  std::string description;
  std::string custom_argument;
  bool enabled = true;
  std::chrono::sys_seconds added;
  std::chrono::sys_seconds modified;
};

struct CloudCode {
  std::string zip;  // decoded; empty when it comes from COS
  std::string bucket;
  std::string region;
  std::string path;
};

struct CloudStatusReason {
  std::string code;
  std::string message;
};

struct CloudRetryRules {
  std::int64_t retries = 2;      // the platform's own defaults
  std::int64_t max_age = 21600;  // seconds
};

// A function as the service keeps it. A test presets one by filling in what matters to it.
struct CloudFunction {
  std::string region = "ap-guangzhou";
  std::string space = "default";
  std::string name;
  std::string description;
  std::string type = "Event";
  std::string runtime = "Nodejs18.15";
  std::string handler = "index.main_handler";
  std::int64_t memory = 128;  // MB
  std::int64_t timeout = 3;   // seconds
  std::int64_t init_timeout = 65;
  std::string role;
  std::string async_run = "FALSE";
  std::string install_dependency = "FALSE";
  std::string vpc;
  std::string subnet;
  std::string public_net = "ENABLE";
  std::string public_ip = "DISABLE";
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::pair<std::string, std::string>> tags;
  CloudCode code;
  CloudRetryRules retry;
  std::vector<CloudTrigger> triggers;  // in the order they were made

  std::string status = "Active";
  std::string status_text;
  std::vector<CloudStatusReason> reasons;
  std::string available = "Available";
  std::chrono::sys_seconds added;
  std::chrono::sys_seconds modified;

  // Which function of this cloud it is, from 1: tells one that was made again from its predecessor.
  std::size_t number = 0;
  // Writes of each kind that took effect.
  std::size_t code_updates = 0;
  std::size_t configuration_updates = 0;

  // The state it is on its way to ("": absent), and how many reads still see the old one.
  std::string next_status;
  std::vector<CloudStatusReason> next_reasons;
  std::size_t reads_left = 0;
  bool stuck = false;
  // What ListTriggers still shows, and for how many reads.
  std::vector<CloudTrigger> listed;
  std::size_t stale_reads = 0;

  [[nodiscard]] std::string path() const { return space + "/" + name; }
  // On its way to another state.
  [[nodiscard]] bool in_transit() const;
};

// Answers of the service.
[[nodiscard]] boost::json::object trigger_answer(const CloudTrigger& trigger);
// As ListFunctions shows it: without environment and triggers.
[[nodiscard]] boost::json::object listed_function_answer(const CloudFunction& function);
[[nodiscard]] boost::json::object function_answer(const CloudFunction& function);

// Apply the members of CreateFunction, UpdateFunctionCode and UpdateFunctionConfiguration, after
// checking them as the service does. Throw CloudRefusal; `function` may then be half changed.
void apply_code(const boost::json::object& parameters, CloudFunction& function);
void apply_configuration(const boost::json::object& parameters, CloudFunction& function);

}  // namespace gateway::test

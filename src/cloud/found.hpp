#pragma once
#include <boost/json/object.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cloud/api.hpp"

// What the service says there is. Its answers are read leniently: null is as good as missing, a
// number may be a text; but a member of a wrong type, or a missing one that all depends on, makes
// the whole answer a transient ClientError.Answer.
namespace gateway::cloud {

// SCF "Function status". Names that are not known count as a change under way.
enum class FunctionPhase { active, changing, create_failed, update_failed, delete_failed };
[[nodiscard]] FunctionPhase phase_of(std::string_view status) noexcept;

class FoundFunction {
 public:
  FoundFunction() = default;

  [[nodiscard]] FunctionPhase phase() const noexcept { return phase_of(status); }
  // The status with the platform's reasons for it, for people.
  [[nodiscard]] std::string explained_status() const;

  std::string status;          // Active, Creating, CreateFailed ...
  std::string status_reasons;  // of a failure: codes and messages, or empty
  std::string reason_code;     // the first of them
  std::string available;       // AvailableStatus: Available, InsufficientBalance, or empty
  std::string type;            // Event or HTTP; this and the next two are empty if not told
  std::string runtime;
  std::string handler;
  std::string description;
  std::optional<std::int64_t> memory_mb;
  std::optional<std::int64_t> timeout_seconds;
  std::optional<bool> public_net;
  std::vector<std::pair<std::string, std::string>> environment;  // sorted
};

// How often, and for how long, an asynchronous invocation is tried.
class FoundRetryRules {
 public:
  FoundRetryRules() = default;

  std::optional<std::int64_t> retries;
  std::optional<std::int64_t> max_age_seconds;
};

class FoundTrigger {
 public:
  FoundTrigger() = default;

  std::string type;
  std::string name;       // of a COS trigger: the bucket's host, so not unique
  std::string qualifier;  // $DEFAULT, $LATEST, a version or an alias
  std::string text;       // TriggerDesc as it came: DeleteTrigger wants it back
  std::string event;      // from the text; empty if it cannot be made out
  std::string prefix;
  std::string suffix;
  bool enabled = true;
};

// One answer of ListTriggers.
class TriggerPage {
 public:
  TriggerPage() = default;

  std::vector<FoundTrigger> triggers;
  std::optional<std::size_t> total;  // on all pages
};

[[nodiscard]] ApiResult<FoundFunction> parse_function(const boost::json::object& answer);
[[nodiscard]] ApiResult<FoundRetryRules> parse_retry_rules(const boost::json::object& answer);
[[nodiscard]] ApiResult<TriggerPage> parse_triggers(const boost::json::object& answer);

// All that provisioning looks at. What does not matter in the function's present phase is not read.
class Found {
 public:
  Found() = default;

  std::optional<FoundFunction> function;  // none: absent
  std::optional<FoundRetryRules> retry_rules;
  std::vector<FoundTrigger> triggers;
};

}  // namespace gateway::cloud

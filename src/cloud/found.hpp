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

// What exists in the cloud, parsed from the service's answers. They are parsed leniently: null
// means missing, and a number may be a text. A member of another type, or a missing one that is
// required, makes the whole answer a transient ClientError.Answer.
namespace gateway::cloud {

// The phases of SCF "Function status". An unknown status counts as `changing`.
enum class FunctionPhase { active, changing, create_failed, update_failed, delete_failed };
[[nodiscard]] FunctionPhase phase_of(std::string_view status) noexcept;

class FoundTrigger {
 public:
  FoundTrigger() = default;

  std::string type;
  std::string name;       // of a COS trigger: the bucket's host, so not unique
  std::string qualifier;  // $DEFAULT, $LATEST, a version or an alias
  std::string text;       // TriggerDesc as it was listed: DeleteTrigger requires it
  std::string event;      // from the text; empty if that cannot be parsed
  std::string prefix;
  std::string suffix;
  bool enabled = true;
};

class FoundFunction {
 public:
  FoundFunction() = default;

  [[nodiscard]] FunctionPhase phase() const noexcept { return phase_of(status); }
  // Returns the status with the platform's reasons for it, for messages.
  [[nodiscard]] std::string explained_status() const {
    return status_reasons.empty() ? status : status + " (" + status_reasons + ")";
  }

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
  std::vector<FoundTrigger> triggers;  // perhaps not all of them: ListTriggers is what tells all
};

// How often, and for how long, the platform tries an asynchronous invocation.
class FoundRetryRules {
 public:
  FoundRetryRules() = default;

  std::optional<std::int64_t> retries;
  std::optional<std::int64_t> max_age_seconds;
};

// What ListFunctions tells of a function.
class ListedFunction {
 public:
  ListedFunction() = default;

  std::string name;
  std::string status;
  std::string description;
};

// One answer of ListTriggers, ListFunctions or ListNamespaces.
template <class T>
class Page {
 public:
  Page() = default;

  std::vector<T> elements;
  std::optional<std::size_t> total;  // on all pages
};

[[nodiscard]] ApiResult<FoundFunction> parse_function(const boost::json::object& answer);
[[nodiscard]] ApiResult<FoundRetryRules> parse_retry_rules(const boost::json::object& answer);
[[nodiscard]] ApiResult<Page<FoundTrigger>> parse_triggers(const boost::json::object& answer);
[[nodiscard]] ApiResult<Page<ListedFunction>> parse_functions(const boost::json::object& answer);
[[nodiscard]] ApiResult<Page<std::string>> parse_namespaces(const boost::json::object& answer);

// Another function of ours that has to do with the same bucket: it holds a rule that the wanted
// triggers overlap, or the wanted function took over from it.
class RelatedFunction {
 public:
  RelatedFunction() = default;

  std::string space;  // its namespace
  std::string name;
  // When this process took its events over; for one whose mark cannot be written.
  std::optional<std::chrono::sys_seconds> taken_over;
  FoundFunction function;
  std::vector<FoundTrigger> triggers;
};

// All that provisioning reads. What does not matter in the function's present phase is not read.
class Found {
 public:
  Found() = default;

  bool quick = false;                     // not all of it was read: see CloudView::Depth
  std::optional<FoundFunction> function;  // none: absent
  std::optional<FoundRetryRules> retry_rules;
  std::vector<FoundTrigger> triggers;
  std::vector<RelatedFunction> related;
  bool related_known = false;  // all of these were looked for, wherever they may be
  // Of a function of a list: all functions of the deployment.
  std::vector<ListedFunction> deployment;
  // Why the functions of a namespace could not be listed, so that some may be missing above.
  std::optional<ApiError> unlisted;
};

}  // namespace gateway::cloud

#include "cloud/found.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "events/ascii.hpp"
#include "events/number_text.hpp"

namespace gateway::cloud {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) {
  return std::string_view(text.data(), text.size());
}

// Reads members by name and notes the first that is not of its type.
class Reader {
 public:
  // `problem` outlives it, and is empty as long as there is none.
  Reader(const json::object& object, std::string& problem) : object_(object), problem_(problem) {}

  // Returns the reader of an object within, which notes its problems in the same place.
  [[nodiscard]] Reader in(const json::object& object) const { return {object, problem_}; }

  // Returns the member, or nullptr if it is missing or null.
  [[nodiscard]] const json::value* find(std::string_view key) const {
    const auto* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  [[nodiscard]] std::string text(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return {};
    if (const auto* text = value->if_string()) return std::string(view(*text));
    complain(key, "a text");
    return {};
  }
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    std::optional<std::int64_t> number;
    if (const auto* integer = value->if_int64()) {
      number = *integer;
    } else if (const auto* natural = value->if_uint64(); natural != nullptr) {
      if (std::in_range<std::int64_t>(*natural)) number = static_cast<std::int64_t>(*natural);
    } else if (const auto* real = value->if_double(); real != nullptr && std::abs(*real) < 1e15) {
      number = static_cast<std::int64_t>(*real);
    } else if (const auto* text = value->if_string()) {
      number = read_number<std::int64_t>(view(*text));
    }
    if (!number) complain(key, "a number");
    return number;
  }
  [[nodiscard]] const json::object* object(std::string_view key) {
    const auto* value = find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) complain(key, "an object");
    return value->if_object();
  }
  // Returns the objects of a list.
  [[nodiscard]] std::vector<const json::object*> objects(std::string_view key) {
    std::vector<const json::object*> found;
    const auto* value = find(key);
    if (value == nullptr) return found;
    const auto* list = value->if_array();
    if (list == nullptr) {
      complain(key, "a list");
      return found;
    }
    for (const auto& element : *list) {
      if (const auto* object = element.if_object()) {
        found.push_back(object);
      } else {
        complain(key, "a list of objects");
      }
    }
    return found;
  }

  void complain(std::string_view key, std::string_view expected) {
    if (problem_.empty()) problem_ = fmt::format("{} is not {}", key, expected);
  }

 private:
  const json::object& object_;
  std::string& problem_;
};

ApiError malformed(std::string action, const std::string& problem) {
  return ApiError(ErrorKind::transient, std::move(action), "ClientError.Answer",
                  "the answer is not as documented: " + problem, {});
}

void read_reasons(Reader& reader, FoundFunction& function) {
  for (const auto* element : reader.objects("StatusReasons")) {
    Reader reason = reader.in(*element);
    const std::string code = reason.text("ErrorCode");
    const std::string message = reason.text("ErrorMessage");
    if (function.reason_code.empty()) function.reason_code = code;
    if (!function.status_reasons.empty()) function.status_reasons += "; ";
    function.status_reasons += code.empty() ? message : fmt::format("{}: {}", code, message);
  }
  const std::string description = reader.text("StatusDesc");
  if (description.empty() || description == function.status) return;
  if (function.status_reasons.find(description) != std::string::npos) return;
  if (!function.status_reasons.empty()) function.status_reasons += "; ";
  function.status_reasons += description;
}

void read_environment(Reader& reader, FoundFunction& function) {
  const auto* environment = reader.object("Environment");
  if (environment == nullptr) return;
  Reader inner = reader.in(*environment);
  for (const auto* element : inner.objects("Variables")) {
    Reader variable = inner.in(*element);
    std::string key = variable.text("Key");
    std::string value = variable.text("Value");
    // An empty pair stands for an empty environment.
    if (!key.empty()) function.environment.emplace_back(std::move(key), std::move(value));
  }
  std::ranges::sort(function.environment);
}

void read_public_net(Reader& reader, FoundFunction& function) {
  const auto* network = reader.object("PublicNetConfig");
  if (network == nullptr) return;
  Reader inner = reader.in(*network);
  const std::string status = inner.text("PublicNetStatus");
  if (!status.empty()) function.public_net = status == "ENABLE";
}

// Returns the value of Enable, which is an integer in answers and a text in requests. A trigger
// without it is enabled.
bool is_enabled(const Reader& reader) {
  const auto* value = reader.find("Enable");
  if (value == nullptr) return true;
  if (const auto* number = value->if_int64()) return *number != 0;
  if (const auto* flag = value->if_bool()) return *flag;
  if (const auto* text = value->if_string()) {
    return *text != "0" && *text != "CLOSE" && *text != "FALSE";
  }
  return true;
}

// Parses TriggerDesc. It has members that were not sent (bucketUrl) and need not have those that
// were. What has another shape than documented is not understood, as a filter could be overlooked.
void read_description(FoundTrigger& trigger) {
  error_code error;
  const json::value parsed = json::parse(trigger.text, error);
  const auto* object = error ? nullptr : parsed.if_object();
  if (object == nullptr) {
    if (trigger.text.starts_with("cos:")) trigger.event = trigger.text;
    return;
  }
  std::string problem;
  Reader reader(*object, problem);
  trigger.event = reader.text("event");
  if (const auto* filter = reader.object("filter")) {
    Reader inner = reader.in(*filter);
    for (const auto& member : *filter) {
      const std::string_view name(member.key().data(), member.key().size());
      if (equals_ignoring_case(name, "prefix")) {
        trigger.prefix = inner.text(name);
      } else if (equals_ignoring_case(name, "suffix")) {
        trigger.suffix = inner.text(name);
      } else {
        reader.complain(name, "known");
      }
    }
  } else {
    for (const auto& member : *object) {
      const std::string_view name(member.key().data(), member.key().size());
      if (name != "event" && name != "bucketUrl" && name != "filter")
        reader.complain(name, "known");
    }
  }
  if (!problem.empty()) trigger.event.clear();
}

std::vector<FoundTrigger> read_triggers(Reader& reader) {
  std::vector<FoundTrigger> triggers;
  for (const auto* element : reader.objects("Triggers")) {
    Reader inner = reader.in(*element);
    FoundTrigger& trigger = triggers.emplace_back();
    trigger.type = inner.text("Type");
    trigger.name = inner.text("TriggerName");
    trigger.qualifier = inner.text("Qualifier");
    if (const auto* text = inner.find("TriggerDesc")) {
      trigger.text = text->is_string() ? std::string(view(text->get_string()))
                                       : std::string(json::serialize(*text));
    }
    trigger.enabled = is_enabled(inner);
    if (trigger.type == "cos") read_description(trigger);
  }
  return triggers;
}

// Returns how many elements a list has on all pages.
std::optional<std::size_t> total_of(Reader& reader) {
  const auto total = reader.integer("TotalCount");
  return total && *total >= 0 ? std::optional(static_cast<std::size_t>(*total)) : std::nullopt;
}

}  // namespace

FunctionPhase phase_of(std::string_view status) noexcept {
  if (status == "Active") return FunctionPhase::active;
  if (status == "CreateFailed") return FunctionPhase::create_failed;
  if (status == "UpdateFailed" || status == "PublishFailed") return FunctionPhase::update_failed;
  if (status == "DeleteFailed") return FunctionPhase::delete_failed;
  return FunctionPhase::changing;
}

ApiResult<FoundFunction> parse_function(const json::object& answer) {
  std::string problem;
  Reader reader(answer, problem);
  FoundFunction function;
  function.status = reader.text("Status");
  if (function.status.empty()) reader.complain("Status", "there");
  function.available = reader.text("AvailableStatus");
  function.type = reader.text("Type");
  function.runtime = reader.text("Runtime");
  function.handler = reader.text("Handler");
  function.description = reader.text("Description");
  function.memory_mb = reader.integer("MemorySize");
  function.timeout_seconds = reader.integer("Timeout");
  read_reasons(reader, function);
  read_environment(reader, function);
  read_public_net(reader, function);
  if (!problem.empty()) return malformed("GetFunction", problem);
  // What is wrong with these shows where they are listed.
  Reader triggers(answer, problem);
  function.triggers = read_triggers(triggers);
  if (!problem.empty()) function.triggers.clear();
  return function;
}

ApiResult<FoundRetryRules> parse_retry_rules(const json::object& answer) {
  std::string problem;
  Reader reader(answer, problem);
  FoundRetryRules rules;
  if (const auto* config = reader.object("AsyncTriggerConfig")) {
    Reader inner = reader.in(*config);
    rules.max_age_seconds = inner.integer("MsgTTL");
    for (const auto* element : inner.objects("RetryConfig")) {
      Reader retry = inner.in(*element);
      const auto retries = retry.integer("RetryNum");
      // The documented sample has a second one, -1.
      if (!rules.retries && retries && *retries >= 0) rules.retries = retries;
    }
  }
  if (!problem.empty()) {
    return malformed("GetFunctionEventInvokeConfig", problem);
  }
  return rules;
}

ApiResult<Page<FoundTrigger>> parse_triggers(const json::object& answer) {
  std::string problem;
  Reader reader(answer, problem);
  Page<FoundTrigger> page;
  page.total = total_of(reader);
  page.elements = read_triggers(reader);
  if (reader.find("Triggers") == nullptr && page.total.value_or(0) > 0) {
    reader.complain("Triggers", "there");
  }
  if (!problem.empty()) return malformed("ListTriggers", problem);
  return page;
}

ApiResult<Page<ListedFunction>> parse_functions(const json::object& answer) {
  std::string problem;
  Reader reader(answer, problem);
  Page<ListedFunction> page;
  page.total = total_of(reader);
  for (const auto* element : reader.objects("Functions")) {
    Reader inner = reader.in(*element);
    ListedFunction function;
    function.name = inner.text("FunctionName");
    function.status = inner.text("Status");
    function.description = inner.text("Description");
    if (!function.name.empty()) page.elements.push_back(std::move(function));
  }
  if (!problem.empty()) return malformed("ListFunctions", problem);
  return page;
}

ApiResult<Page<std::string>> parse_namespaces(const json::object& answer) {
  std::string problem;
  Reader reader(answer, problem);
  Page<std::string> page;
  page.total = total_of(reader);
  for (const auto* element : reader.objects("Namespaces")) {
    Reader inner = reader.in(*element);
    std::string name = inner.text("Name");
    if (!name.empty()) page.elements.push_back(std::move(name));
  }
  if (!problem.empty()) return malformed("ListNamespaces", problem);
  return page;
}

}  // namespace gateway::cloud

#include "cloud/settings_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::cloud {
namespace {

using Action = PlannedStep::Action;

// Collects reasons as "a; b".
class Reasons {
 public:
  void add(std::string_view reason) {
    if (!text_.empty()) text_ += "; ";
    text_ += reason;
  }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

// Returns the names of the variables that differ. Their values may be secrets.
std::string changed_variables(const Wanted& wanted, const FoundFunction& function) {
  auto environment = wanted.environment;
  std::ranges::sort(environment);
  std::vector<std::pair<std::string, std::string>> differing;
  std::set_symmetric_difference(environment.begin(), environment.end(),
                                function.environment.begin(), function.environment.end(),
                                std::back_inserter(differing));
  std::string names;
  std::string_view last;
  for (const auto& [name, value] : differing) {
    if (name == last) continue;
    if (!names.empty()) names += ", ";
    names += name;
    last = name;
  }
  return names;
}

std::string rules_resource(const Wanted& wanted) {
  return "retry rules of " + function_resource(wanted);
}

template <class MakeCall>
PlannedStep to_match(std::string resource, const Reasons& reasons, const MakeCall& call) {
  if (reasons.empty()) return step(Action::none, std::move(resource), "as wanted");
  return write(Action::update, std::move(resource), reasons.text(), call());
}

}  // namespace

PlannedStep SettingsPlan::code(const FoundFunction& function) const {
  const auto resource = "code of " + function_resource(wanted_);
  const FunctionMark mark = mark_in(function.description);
  Reasons reasons;
  if (function.phase() == FunctionPhase::update_failed) {
    reasons.add(fmt::format("it is {}", function.explained_status()));
  } else if (!history_.has_current_code(function)) {
    if (history_.distrusts_mark()) {
      reasons.add("its last update failed");
    } else if (mark.code() != mark_.code()) {
      reasons.add(mark.code().empty()
                      ? fmt::format("it is unknown, wanted {}", mark_.code())
                      : fmt::format("it is {}, wanted {}", mark.code(), mark_.code()));
    }
    if (!function.handler.empty() && function.handler != wanted_.handler) {
      reasons.add(fmt::format("handler is {}, wanted {}", function.handler, wanted_.handler));
    }
  }
  return to_match(resource, reasons, [this] { return update_code(wanted_); });
}

PlannedStep SettingsPlan::settings(const FoundFunction& function) const {
  const auto resource = "settings of " + function_resource(wanted_);
  Reasons reasons;
  if (function.memory_mb && *function.memory_mb != std::int64_t{wanted_.memory_mb}) {
    reasons.add(
        fmt::format("memory is {} MB, wanted {} MB", *function.memory_mb, wanted_.memory_mb));
  }
  if (function.timeout_seconds && *function.timeout_seconds != wanted_.timeout.count()) {
    reasons.add(fmt::format("timeout is {} s, wanted {} s", *function.timeout_seconds,
                            wanted_.timeout.count()));
  }
  if (const auto names = changed_variables(wanted_, function); !names.empty()) {
    reasons.add(fmt::format("environment differs in {}", names));
  }
  if (function.public_net == false) reasons.add("it has no access to the public network");
  if (!is_marked_as_wanted(function)) {
    reasons.add("its description does not name the wanted code and settings");
  } else if (history_.distrusts_mark() && !history_.has_settings()) {
    reasons.add("its last update failed");
  }
  return to_match(resource, reasons,
                  [this] { return update_configuration(wanted_, mark_.description()); });
}

// An older generation that deployed the same, or a mark of an older release, need not be written
// anew.
bool SettingsPlan::is_marked_as_wanted(const FoundFunction& function) const {
  const auto mark = parse_mark(function.description);
  if (!mark || !mark->has_content_of(mark_) || mark->succession()) return false;
  // So that older replicas learn of a list that differs in other functions alone.
  if (keeps_house_) {
    const FunctionMark written = mark_in(mark_.description());
    if (mark->list() != mark_.list() || mark->locations() != written.locations()) return false;
  }
  return mark->buckets().size() <= mark_.buckets().size();
}

PlannedStep SettingsPlan::retry_rules() const {
  if (!found_.retry_rules) return first_retry_rules();
  const std::string resource = rules_resource(wanted_);
  Reasons reasons;
  const FoundRetryRules& rules = *found_.retry_rules;
  // A value that the answer does not have is set once.
  const bool is_set = history_.has_written("UpdateFunctionEventInvokeConfig", resource);
  const auto compare = [&](std::string_view name, const std::optional<std::int64_t>& is,
                           std::int64_t wanted, std::string_view unit) {
    if (!is && !is_set) {
      reasons.add(fmt::format("{} unknown, wanted {}{}", name, wanted, unit));
    } else if (is && *is != wanted) {
      reasons.add(fmt::format("{} {}{}, wanted {}{}", name, *is, unit, wanted, unit));
    }
  };
  compare("retries", rules.retries, std::int64_t{wanted_.retries}, "");
  compare("max age", rules.max_age_seconds, wanted_.max_age.count(), " s");
  return to_match(resource, reasons, [this] { return update_retry_rules(wanted_); });
}

PlannedStep SettingsPlan::first_retry_rules() const {
  return write(Action::update, rules_resource(wanted_), "after the function",
               update_retry_rules(wanted_));
}

}  // namespace gateway::cloud

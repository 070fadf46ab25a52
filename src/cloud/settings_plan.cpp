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

// How often one description is written in a run.
constexpr unsigned kDescriptions = 3;

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

// An older generation that deployed the same, or a mark of an older release, need not be written
// anew.
bool is_marked_as_wanted(const PlanInput& in, const FoundFunction& function) {
  const auto mark = parse_mark(function.description);
  if (!mark || !mark->has_content_of(in.mark) || mark->succession) return false;
  // So that older replicas learn of a list that differs in other functions alone.
  if (in.claim.keeps_house) {
    const FunctionMark written = mark_in(in.mark.description());
    if (mark->list != in.mark.list || mark->locations != written.locations) return false;
  }
  return mark->buckets.size() <= in.mark.buckets.size();
}

// Returns the step about differences: `needed` have to be written, and `others` only if they have
// not been yet.
template <class MakeCall>
PlannedStep to_match(std::string resource, const Reasons& needed, const Reasons& others,
                     bool is_written, const MakeCall& call) {
  Reasons reasons = needed;
  if (!others.empty()) reasons.add(others.text());
  if (reasons.empty()) return step(Action::none, std::move(resource), "as wanted");
  if (needed.empty() && is_written) return left_as_it_reads(std::move(resource), others.text());
  return write(Action::update, std::move(resource), reasons.text(), call());
}

}  // namespace

PlannedStep plan_code(const PlanInput& in, const FoundFunction& function) {
  const auto resource = "code of " + function_resource(in.wanted);
  const FunctionMark mark = mark_in(function.description);
  Reasons reasons;
  Reasons handler;
  if (function.phase() == FunctionPhase::update_failed) {
    reasons.add(fmt::format("it is {}", function.explained_status()));
  } else if (!in.history.has_current_code(function)) {
    if (in.history.distrusts_mark()) {
      reasons.add("its last update failed");
    } else if (mark.code != in.mark.code) {
      reasons.add(mark.code.empty() ? fmt::format("it is unknown, wanted {}", in.mark.code)
                                    : fmt::format("it is {}, wanted {}", mark.code, in.mark.code));
    }
    if (!function.handler.empty() && function.handler != in.wanted.handler) {
      handler.add(fmt::format("handler is {}, wanted {}", function.handler, in.wanted.handler));
    }
  }
  return to_match(resource, reasons, handler, in.history.has_code(),
                  [&] { return update_code(in.wanted); });
}

PlannedStep plan_settings(const PlanInput& in, const FoundFunction& function) {
  const auto resource = "settings of " + function_resource(in.wanted);
  Reasons reasons;
  if (function.memory_mb && *function.memory_mb != std::int64_t{in.wanted.memory_mb}) {
    reasons.add(
        fmt::format("memory is {} MB, wanted {} MB", *function.memory_mb, in.wanted.memory_mb));
  }
  if (function.timeout_seconds && *function.timeout_seconds != in.wanted.timeout.count()) {
    reasons.add(fmt::format("timeout is {} s, wanted {} s", *function.timeout_seconds,
                            in.wanted.timeout.count()));
  }
  if (const auto names = changed_variables(in.wanted, function); !names.empty()) {
    reasons.add(fmt::format("environment differs in {}", names));
  }
  if (function.public_net == false) reasons.add("it has no access to the public network");
  const std::string description = in.mark.description();
  const unsigned written = in.history.times_described(description);
  Reasons needed;
  if (in.history.distrusts_mark() && !in.history.has_settings()) {
    needed.add("its last update failed");
  } else if (!is_marked_as_wanted(in, function)) {
    // Another configuration may have written its own meanwhile, which passes.
    (written < kDescriptions ? needed : reasons)
        .add("its description does not name the wanted code and settings");
  }
  return to_match(resource, needed, reasons, in.history.has_settings() && written > 0,
                  [&] { return update_configuration(in.wanted, description); });
}

PlannedStep plan_retry_rules(const PlanInput& in) {
  if (!in.found.retry_rules) return plan_first_retry_rules(in.wanted);
  const std::string resource = rules_resource(in.wanted);
  Reasons reasons;
  const FoundRetryRules& rules = *in.found.retry_rules;
  // A value that the answer does not have is set once.
  const bool is_set = in.history.has_written("UpdateFunctionEventInvokeConfig", resource);
  const auto compare = [&](std::string_view name, const std::optional<std::int64_t>& is,
                           std::int64_t wanted, std::string_view unit) {
    if (!is && !is_set) {
      reasons.add(fmt::format("{} unknown, wanted {}{}", name, wanted, unit));
    } else if (is && *is != wanted) {
      reasons.add(fmt::format("{} {}{}, wanted {}{}", name, *is, unit, wanted, unit));
    }
  };
  compare("retries", rules.retries, std::int64_t{in.wanted.retries}, "");
  compare("max age", rules.max_age_seconds, in.wanted.max_age.count(), " s");
  return to_match(resource, {}, reasons, is_set, [&] { return update_retry_rules(in.wanted); });
}

PlannedStep plan_first_retry_rules(const Wanted& wanted) {
  return write(Action::update, rules_resource(wanted), "after the function",
               update_retry_rules(wanted));
}

}  // namespace gateway::cloud

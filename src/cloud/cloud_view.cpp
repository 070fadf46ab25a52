#include "cloud/cloud_view.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <type_traits>
#include <utility>

#include "cloud/function_name.hpp"
#include "cloud/scf_requests.hpp"
#include "cloud/succession_plan.hpp"
#include "runtime/log.hpp"

namespace gateway::cloud {
namespace {

// g++ 12 destroys an aggregate twice that crosses a co_await by value.
static_assert(!std::is_aggregate_v<Found> && !std::is_aggregate_v<ScfCall> &&
              !std::is_aggregate_v<FoundTrigger> && !std::is_aggregate_v<ApiError> &&
              !std::is_aggregate_v<RelatedFunction>);

// Far more than the quotas of triggers and functions: a list that never ends is a malformed answer.
constexpr std::size_t kPages = 20;
constexpr std::size_t kNoTotal = std::numeric_limits<std::size_t>::max();

// Returns whether a function's own answer says that all is as wanted: it carries the wanted mark,
// and it shows each wanted trigger.
bool is_as_wanted(const FoundFunction& function, const Wanted& wanted) {
  const auto mark = parse_mark(function.description);
  const bool marked = mark && mark->has_content_of(mark_of(wanted)) && !mark->succession;
  if (!marked || function.phase() != FunctionPhase::active) return false;
  return std::ranges::all_of(wanted.buckets, [&](const WantedBucket& bucket) {
    return std::ranges::all_of(bucket.events, [&](const auto& event) {
      return std::ranges::any_of(function.triggers, [&](const FoundTrigger& trigger) {
        return trigger.enabled && trigger.name == bucket.endpoint.host() &&
               trigger.event == event && trigger.prefix == bucket.prefix &&
               trigger.suffix == bucket.suffix;
      });
    });
  });
}

// Returns the error of a look that was told not to go on.
ApiError interrupted() {
  return ApiError(ErrorKind::transient, {}, "ClientError.Cancelled", "stopped", {});
}

}  // namespace

template <class T>
Task<ApiResult<T>> CloudView::ask(ScfCall call, ApiResult<T> (*read)(const boost::json::object&)) {
  const auto answer = co_await api_.call(std::move(call.action), std::move(call.parameters));
  if (!answer) co_return answer.error();
  co_return read(*answer);
}

Task<ApiResult<Found>> CloudView::look(Depth depth, GoesOn goes_on) {
  Found found;
  if (wanted_.wants_function()) {
    auto problem = co_await look_at_own(found, depth, goes_on);
    if (problem) co_return std::move(*problem);
    if (found.function && found.function->phase() == FunctionPhase::changing) co_return found;
  }
  deployment_.clear();
  auto related = co_await look_at_related(goes_on);
  if (!related) co_return related.error();
  found.deployment = deployment_;
  found.related = std::move(*related);
  co_return found;
}

Task<std::optional<ApiError>> CloudView::look_at_own(Found& found, Depth depth, GoesOn goes_on) {
  auto function = co_await ask(get_function(wanted_), parse_function);
  if (function) {
    found.function = std::move(*function);
  } else if (function.error().kind() != ErrorKind::absent) {
    co_return function.error();
  }
  if (!goes_on()) co_return interrupted();
  if (!found.function || found.function->phase() == FunctionPhase::changing) co_return std::nullopt;
  if (depth == Depth::quick && is_as_wanted(*found.function, wanted_)) {
    found.quick = true;
    found.triggers = found.function->triggers;
    auto& rules = found.retry_rules.emplace();
    rules.retries = wanted_.retries;
    rules.max_age_seconds = wanted_.max_age.count();
    co_return std::nullopt;
  }
  if (found.function->phase() == FunctionPhase::active) {
    const auto rules = co_await ask(get_retry_rules(wanted_), parse_retry_rules);
    if (!rules) co_return rules.error();
    found.retry_rules = *rules;
    if (!goes_on()) co_return interrupted();
  }
  if (found.function->phase() != FunctionPhase::create_failed) {
    auto triggers = co_await look_at_triggers(wanted_.space, wanted_.name);
    if (!triggers) co_return triggers.error();
    found.triggers = std::move(*triggers);
    if (!goes_on()) co_return interrupted();
  }
  co_return std::nullopt;
}

Task<ApiResult<std::vector<FoundTrigger>>> CloudView::look_at_triggers(std::string space,
                                                                       std::string name) {
  std::vector<FoundTrigger> triggers;
  for (std::size_t page = 0; page < kPages; ++page) {
    const FunctionReference function(space, name);
    auto listed = co_await ask(list_triggers(function, page * kListPage), parse_triggers);
    if (!listed) co_return listed.error();
    const std::size_t count = listed->elements.size();
    std::move(listed->elements.begin(), listed->elements.end(), std::back_inserter(triggers));
    if (count < kListPage || triggers.size() >= listed->total.value_or(kNoTotal)) {
      co_return triggers;
    }
  }
  co_return ApiError(ErrorKind::transient, "ListTriggers", "ClientError.Answer",
                     "the list of triggers does not end", {});
}

// Returns the namespaces of the region, of which there are five at most. Without the right to list
// them only the function's own is known.
Task<std::vector<std::string>> CloudView::list_spaces() {
  std::vector<std::string> spaces{wanted_.space};
  if (!everywhere_) co_return spaces;
  const auto listed = co_await ask(list_namespaces(0), parse_namespaces);
  if (!listed) {
    log::warn("a conflicting function may be in another namespace, which cannot be looked at",
              {{"namespace", wanted_.space}, {"error", listed.error().text()}});
    co_return spaces;
  }
  for (const auto& name : listed->elements) {
    if (name != wanted_.space) spaces.push_back(name);
  }
  co_return spaces;
}

// Returns the functions that may have to do with the bucket. Without the right to list functions
// everything works but taking over from predecessors, so that the list is then empty.
Task<ApiResult<std::vector<RelatedFunction>>> CloudView::list_ours(std::string space,
                                                                   GoesOn goes_on) {
  std::vector<RelatedFunction> ours;
  std::size_t seen = 0;
  for (std::size_t page = 0; page < kPages; ++page) {
    if (!goes_on()) co_return interrupted();
    const auto listed = co_await ask(list_functions(space, page * kListPage), parse_functions);
    if (!listed) {
      const ApiError error = listed.error();
      if (error.kind() == ErrorKind::transient) co_return error;
      if (error.kind() != ErrorKind::absent && !told_no_list_) {
        told_no_list_ = true;
        log::warn("predecessors of the function cannot be looked for", {{"error", error.text()}});
      }
      co_return ours;
    }
    for (const ListedFunction& one : listed->elements) {
      const auto mark = parse_mark(one.description);
      if (mark && is_of_deployment(*mark, wanted_)) deployment_.push_back(one);
      if (!may_be_related(space, one)) continue;
      RelatedFunction& related = ours.emplace_back();
      related.space = space;
      related.name = one.name;
      related.function.description = one.description;
    }
    seen += listed->elements.size();
    if (listed->elements.size() < kListPage || seen >= listed->total.value_or(kNoTotal)) break;
  }
  co_return ours;
}

Task<ApiResult<std::vector<RelatedFunction>>> CloudView::look_at_related(GoesOn goes_on) {
  std::vector<RelatedFunction> candidates;
  spaces_ = co_await list_spaces();
  for (const std::string& space : spaces_) {
    auto listed = co_await list_ours(space, goes_on);
    if (!listed) co_return listed.error();
    std::move(listed->begin(), listed->end(), std::back_inserter(candidates));
  }
  const std::set<std::string> lineage = lineage_of(wanted_, candidates);
  std::vector<RelatedFunction> all;
  for (RelatedFunction& related : candidates) {
    if (!goes_on()) co_return interrupted();
    auto triggers = co_await look_at_triggers(related.space, related.name);
    if (!triggers) {
      if (triggers.error().kind() == ErrorKind::absent) continue;
      co_return triggers.error();
    }
    related.triggers = std::move(*triggers);
    const auto mark = parse_mark(related.function.description);
    const bool orphan = mark && is_orphan(related.space, related.name, *mark);
    related.taken_over = taken_over_at(related.space, related.name);
    if (!lineage.contains(identity_of(related.space, related.name)) && !related.taken_over &&
        !holds_wanted_events(related) && !orphan) {
      continue;
    }
    auto function = co_await ask(get_function(related), parse_function);
    if (!function) {
      if (function.error().kind() == ErrorKind::absent) continue;
      co_return function.error();
    }
    related.function = std::move(*function);
    all.push_back(std::move(related));
  }
  co_return all;
}

// Returns whether a listed function may be a predecessor or a newer deployment. Its description
// names its bucket unless an older release wrote it. Of functions that this program did not make,
// `adopt` means those of the original connector.
bool CloudView::may_be_related(std::string_view space, const ListedFunction& listed) const {
  if (space == wanted_.space && listed.name == wanted_.name) return false;
  if (listed.status == "Deleting") return false;
  const auto mark = parse_mark(listed.description);
  if (!mark) return unmarked_ == Unmarked::adopt && is_derived_function_name(listed.name);
  if (mark->buckets.empty() || is_orphan(space, listed.name, *mark)) return true;
  if (closely_ && is_of_deployment(*mark, wanted_)) return true;
  return std::ranges::any_of(wanted_.buckets, [&](const WantedBucket& bucket) {
    return mark->names_bucket(bucket.endpoint.host());
  });
}

std::optional<std::chrono::sys_seconds> CloudView::taken_over_at(std::string_view space,
                                                                 std::string_view name) const {
  const auto it = taken_over_.find(identity_of(space, name));
  return it == taken_over_.end() ? std::nullopt : std::optional(it->second);
}

bool CloudView::holds_wanted_events(const RelatedFunction& related) const {
  return std::ranges::any_of(related.triggers, [this](const FoundTrigger& trigger) {
    return std::ranges::any_of(wanted_.buckets, [&](const WantedBucket& bucket) {
      return holds_events_of(trigger, bucket);
    });
  });
}

// Returns whether the deployment had this function and has it no longer, which matters to whoever
// keeps house.
bool CloudView::is_orphan(std::string_view space, std::string_view name,
                          const FunctionMark& mark) const {
  if (siblings_ == nullptr || !keeps_house_ || !is_of_deployment(mark, wanted_)) return false;
  return std::ranges::none_of(
      *siblings_, [&](const Wanted& one) { return one.space == space && one.name == name; });
}

void CloudView::note_taken_over(const std::string& function) {
  taken_over_.try_emplace(
      function, std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace gateway::cloud

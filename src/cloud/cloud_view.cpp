#include "cloud/cloud_view.hpp"

#include <algorithm>
#include <iterator>
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
constexpr std::size_t kPages = 100;

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
  found.unlisted = unlisted_;
  found.related_known = !unlisted_;
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
    auto triggers = co_await look_at_triggers(wanted_.space, wanted_.name, goes_on);
    if (!triggers) co_return triggers.error();
    found.triggers = std::move(*triggers);
    if (!goes_on()) co_return interrupted();
  }
  co_return std::nullopt;
}

template <class T>
Task<ApiResult<std::vector<T>>> CloudView::list_all(
    std::function<ScfCall(std::size_t)> call_from,
    ApiResult<Page<T>> (*read)(const boost::json::object&), GoesOn goes_on) {
  std::vector<T> all;
  std::string action;
  for (std::size_t page = 0; page < kPages; ++page) {
    if (!goes_on()) co_return interrupted();
    ScfCall call = call_from(all.size());
    action = call.action;
    auto listed = co_await ask(std::move(call), read);
    if (!listed) co_return listed.error();
    const std::size_t count = listed->elements.size();
    std::move(listed->elements.begin(), listed->elements.end(), std::back_inserter(all));
    // A page may be shorter than was asked for.
    const std::optional<std::size_t> total = listed->total;
    const bool more = total ? all.size() < *total : count == kListPage;
    if (count == 0 || !more) co_return all;
  }
  co_return ApiError(ErrorKind::transient, action, "ClientError.Answer", "the list does not end",
                     {});
}

Task<ApiResult<std::vector<FoundTrigger>>> CloudView::look_at_triggers(std::string space,
                                                                       std::string name,
                                                                       GoesOn goes_on) {
  const auto call_from = [&](std::size_t offset) {
    return list_triggers(FunctionReference(space, name), offset);
  };
  auto triggers = co_await list_all<FoundTrigger>(call_from, parse_triggers, std::move(goes_on));
  co_return triggers;
}

// Returns the namespaces of the region, of which there are five at most. Without the right to list
// them only the function's own is known.
Task<std::vector<std::string>> CloudView::list_spaces(GoesOn goes_on) {
  std::vector<std::string> spaces{wanted_.space};
  if (!everywhere_) co_return spaces;
  const auto listed =
      co_await list_all<std::string>(list_namespaces, parse_namespaces, std::move(goes_on));
  if (!listed) {
    log::warn("a conflicting function may be in another namespace, which cannot be looked at",
              {{"namespace", wanted_.space}, {"error", listed.error().text()}});
    co_return spaces;
  }
  std::ranges::copy_if(*listed, std::back_inserter(spaces),
                       [this](const std::string& name) { return name != wanted_.space; });
  co_return spaces;
}

// Returns the functions that may have to do with the bucket. Without the right to list functions
// everything works but taking over from predecessors, so that the list is then empty.
Task<ApiResult<std::vector<RelatedFunction>>> CloudView::list_ours(std::string space,
                                                                   GoesOn goes_on) {
  std::vector<RelatedFunction> ours;
  const auto call_from = [&](std::size_t offset) { return list_functions(space, offset); };
  const auto listed =
      co_await list_all<ListedFunction>(call_from, parse_functions, std::move(goes_on));
  if (!listed) {
    const ApiError error = listed.error();
    if (error.kind() == ErrorKind::transient) co_return error;
    if (error.kind() == ErrorKind::absent) co_return ours;
    unlisted_ = error;
    if (!std::exchange(told_no_list_, true)) {
      log::warn("predecessors of the function cannot be looked for", {{"error", error.text()}});
    }
    co_return ours;
  }
  spaces_.push_back(space);
  for (const ListedFunction& one : *listed) {
    const auto mark = parse_mark(one.description);
    if (mark && is_of_deployment(*mark, wanted_)) deployment_.push_back(one);
    if (!may_be_related(space, one)) continue;
    RelatedFunction& related = ours.emplace_back();
    related.space = space;
    related.name = one.name;
    related.function.description = one.description;
  }
  co_return ours;
}

Task<ApiResult<std::vector<RelatedFunction>>> CloudView::look_at_related(GoesOn goes_on) {
  std::vector<RelatedFunction> candidates;
  spaces_.clear();
  unlisted_.reset();
  const std::vector<std::string> spaces = co_await list_spaces(goes_on);
  for (const std::string& space : spaces) {
    auto listed = co_await list_ours(space, goes_on);
    if (!listed) co_return listed.error();
    std::move(listed->begin(), listed->end(), std::back_inserter(candidates));
  }
  const std::set<std::string> lineage = lineage_of(wanted_, candidates);
  std::vector<RelatedFunction> all;
  for (RelatedFunction& related : candidates) {
    auto triggers = co_await look_at_triggers(related.space, related.name, goes_on);
    if (!triggers) {
      if (triggers.error().kind() == ErrorKind::absent) continue;
      co_return triggers.error();
    }
    related.triggers = std::move(*triggers);
    const auto mark = parse_mark(related.function.description);
    const bool orphan = mark && is_orphan(related.space, related.name, *mark);
    const bool holds = std::ranges::any_of(
        wanted_.buckets, [&](const WantedBucket& bucket) { return holds_events(related, bucket); });
    related.taken_over = taken_over_at(related.space, related.name);
    if (!lineage.contains(identity_of(related.space, related.name)) && !related.taken_over &&
        !holds && !orphan) {
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

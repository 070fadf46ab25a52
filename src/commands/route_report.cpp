#include "commands/route_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "cloud/bucket_endpoint.hpp"
#include "events/terminal_text.hpp"

namespace gateway::commands {
namespace {

using routing::Decision;
using routing::Judgement;
using routing::Mismatch;
using routing::Route;

std::string pattern_of(std::string_view list, const std::vector<routing::Pattern>& patterns,
                       std::size_t number) {
  return fmt::format("{}[{}] `{}`", list, number, events::terminal_text(patterns[number].text()));
}

std::string reason_of(const Route& route, const Judgement& judgement) {
  switch (judgement.mismatch) {
    case Mismatch::none:
      if (route.include.empty()) return "takes it";
      return "takes it by " + pattern_of("include", route.include, judgement.pattern);
    case Mismatch::event:
      return fmt::format("does not: the event is none of {}", fmt::join(route.events, ", "));
    case Mismatch::prefix:
      return fmt::format("does not: the key does not begin with prefix `{}`",
                         events::terminal_text(route.prefix));
    case Mismatch::suffix:
      return fmt::format("does not: the key does not end with suffix `{}`",
                         events::terminal_text(route.suffix));
    case Mismatch::not_included: return "does not: the key matches nothing of include";
    case Mismatch::excluded:
      return "does not: the key matches " + pattern_of("exclude", route.exclude, judgement.pattern);
  }
  return {};
}

std::string line_about(const RoutePlan& plan, std::size_t number, std::string_view key,
                       std::string_view event_name) {
  const Route& route = plan.table.routes()[number];
  const Judgement judgement = routing::judge(route, key, event_name);
  std::string line =
      fmt::format("buckets[{}] ({}) {}", number, route.bucket, reason_of(route, judgement));
  if (judgement.takes() && route.target != 0) {
    line += fmt::format("; its events go to {}",
                        events::terminal_text(plan.targets[route.target].url()));
  }
  return line;
}

// Returns the bucket that a text seems to begin with: `name-appid/`. A date may end a folder, too,
// but has fewer digits than the ids of today's accounts.
std::string_view bucket_before(std::string_view text) {
  constexpr std::size_t kDigits = 10;
  const std::string_view front = text.substr(0, std::min(text.find('/'), text.size()));
  const auto endpoint =
      cloud::parse_bucket_endpoint(fmt::format("{}.cos.ap-beijing.myqcloud.com", front));
  return endpoint && endpoint->appid.size() == kDigits ? front : std::string_view();
}

}  // namespace

std::string entries_about_key(const RoutePlan& plan, std::string_view text) {
  const auto routes = plan.table.routes();
  if (routes.empty()) return "there are no buckets in the configuration: every key is taken\n";
  const auto asked = [&](const Route& route) {
    return text.size() > route.bucket.size() && text.starts_with(route.bucket) &&
           text[route.bucket.size()] == '/';
  };
  const bool one_bucket = std::ranges::any_of(routes, asked);
  std::string lines;
  if (const auto other = bucket_before(text); !one_bucket && !other.empty()) {
    lines =
        fmt::format("no entry of buckets names {}; of other buckets, as part of the key:\n", other);
  }
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (one_bucket && !asked(routes[i])) continue;
    const auto key = one_bucket ? text.substr(routes[i].bucket.size() + 1) : text;
    lines += line_about(plan, i, key, {}) + "\n";
  }
  return lines;
}

std::string entries_about_record(const RoutePlan& plan, std::size_t index,
                                 const routing::RecordFacts& facts, const Decision& decision) {
  const auto line = [index](std::string_view text) {
    return fmt::format("# record {}: {}\n", index, text);
  };
  if (decision.kind == Decision::Kind::unknown) {
    return line("no entry of buckets names its bucket; it goes where the top level says");
  }
  std::string lines;
  const auto routes = plan.table.routes();
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (routes[i].bucket != routes[decision.route].bucket) continue;
    lines += line(line_about(plan, i, facts.key, facts.event_name));
  }
  if (decision.kind == Decision::Kind::filtered) lines += line("filtered: nothing is sent");
  return lines;
}

}  // namespace gateway::commands

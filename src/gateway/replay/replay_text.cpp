#include "gateway/replay/replay_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "events/json_text.hpp"

namespace gateway::replay {
namespace {

std::string_view name_of(ReplayResult::End end) noexcept {
  using End = ReplayResult::End;
  switch (end) {
    case End::complete: return "complete";
    case End::stopped: return "stopped";
    case End::unavailable: return "unavailable";
    case End::store_failed: break;
  }
  return "store_failed";
}

void append_members(std::string& json, const ReplayResult& result) {
  const ReplayCounts& counts = result.counts;
  fmt::format_to(
      std::back_inserter(json),
      R"("end":"{}","selected":{},"all_counted":{},"delivered":{},"refused":{},"failed":{},"left":{},)"
      R"("damaged":{},"not_marked":{},"refusals":{{)",
      name_of(result.end), result.selected, !result.more, counts.delivered, counts.refused,
      counts.failed, counts.left, result.damaged, result.not_marked);
  const char* before = "";
  for (const auto& [status, events] : counts.refusals) {
    fmt::format_to(std::back_inserter(json), R"({}"{}":{})", std::exchange(before, ","), status,
                   events);
  }
  json += R"(},"error":)";
  events::append_json_string(json, result.error);
}

}  // namespace

std::string progress_bar(double fraction, std::size_t width) {
  const auto done =
      static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
  std::string bar(done, '=');
  if (done < width) bar += '>';
  bar.resize(width, ' ');
  return '[' + bar + ']';
}

std::string progress_line(const ReplayProgress& progress) {
  const ReplayCounts& counts = progress.counts;
  std::string line = fmt::format("{:>3.0f}%  delivered {}",
                                 std::clamp(progress.fraction, 0.0, 1.0) * 100, counts.delivered);
  const auto add = [&](const char* what, std::uint64_t events) {
    if (events != 0) fmt::format_to(std::back_inserter(line), "  {} {}", what, events);
  };
  add("refused", counts.refused);
  add("failed", counts.failed);
  add("in flight", counts.in_flight());
  fmt::format_to(std::back_inserter(line), "  {:.0f}/s", progress.per_second);
  return line;
}

std::string result_json(const ReplayResult& total, const std::vector<TargetResult>& targets) {
  std::string json = "{";
  append_members(json, total);
  json += R"(,"targets":[)";
  const char* before = "";
  for (const auto& [target, result] : targets) {
    json += std::exchange(before, ",");
    json += R"({"target":)";
    events::append_json_string(json, target);
    json += ',';
    append_members(json, result);
    json += '}';
  }
  return json + "]}\n";
}

std::string result_text(const ReplayResult& result, egress::StoreKind kind) {
  using End = ReplayResult::End;
  std::string text;
  const auto out = std::back_inserter(text);
  switch (result.end) {
    case End::complete: break;
    case End::stopped: text += "Stopped before the end.\n"; break;
    case End::unavailable:
      text += "The eventbus takes no events: none was taken or refused within delivery.deadline.\n";
      if (!result.error.empty()) fmt::format_to(out, "It {}.\n", result.error);
      break;
    case End::store_failed: fmt::format_to(out, "The store failed: {}\n", result.error); break;
  }
  const auto row = [&](std::string_view name, std::uint64_t events, std::string_view remark = {}) {
    fmt::format_to(out, "  {:<12}{:>12}{}{}\n", name, events, remark.empty() ? "" : "  ", remark);
  };
  std::string statuses;
  for (const auto& [status, events] : result.counts.refusals) {
    fmt::format_to(std::back_inserter(statuses), "{}{} x {}", statuses.empty() ? "" : ", ", status,
                   events);
  }
  row("selected", result.selected, result.more ? "at least; not all were counted" : "");
  row("delivered", result.counts.delivered);
  row("refused", result.counts.refused, statuses);
  row("failed", result.counts.failed,
      result.counts.failed != 0 ? "not within delivery.deadline" : "");
  row("left", result.counts.left);
  if (result.damaged != 0) row("damaged", result.damaged, "rows that cannot be sent");
  if (result.not_marked != 0) {
    row("not noted", result.not_marked,
        kind == egress::StoreKind::spool ? "delivered, yet still in the spool"
                                         : "delivered, yet not marked as replayed");
  }
  return text;
}

}  // namespace gateway::replay

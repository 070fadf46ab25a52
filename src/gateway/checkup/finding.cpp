#include "gateway/checkup/finding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <string_view>

#include "events/terminal_text.hpp"

namespace gateway::checkup {
namespace {

std::string_view label(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::ok: return "ok";
    case Verdict::warn: return "warn";
    case Verdict::fail: return "FAIL";
  }
  return "FAIL";
}

}  // namespace

Blame gravest(std::span<const Finding> findings) noexcept {
  Blame gravest = Blame::none;
  for (const Finding& finding : findings) gravest = std::max(gravest, finding.blame());
  return gravest;
}

std::string text_of(std::span<const Finding> findings) {
  std::size_t width = 0;
  for (const Finding& finding : findings) width = std::max(width, finding.subject().size());
  std::string text;
  for (const Finding& finding : findings) {
    text += fmt::format("{:<4}  {:<{}}  {}\n", label(finding.verdict()), finding.subject(), width,
                        events::terminal_text(finding.text()));
    if (finding.advice().empty()) continue;
    text +=
        fmt::format("      {:<{}}  -> {}\n", "", width, events::terminal_text(finding.advice()));
  }
  return text;
}

std::string json_of(std::span<const Finding> findings) {
  namespace json = boost::json;
  json::array all;
  for (const Finding& finding : findings) {
    json::object one{{"verdict", label(finding.verdict())},
                     {"subject", finding.subject()},
                     {"text", events::terminal_text(finding.text())}};
    if (!finding.advice().empty()) one["advice"] = events::terminal_text(finding.advice());
    all.push_back(std::move(one));
  }
  const json::object report{{"ok", gravest(findings) == Blame::none}, {"findings", std::move(all)}};
  return json::serialize(report) + "\n";
}

}  // namespace gateway::checkup

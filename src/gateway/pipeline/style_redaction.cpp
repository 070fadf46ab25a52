#include "gateway/pipeline/style_redaction.hpp"

namespace gateway {

StyleRedaction::StyleRedaction(const RoutePlan& plan) : plan_(plan) {
  for (const EventStyle& style : plan.styles) {
    redactors_.emplace_back(style.event.redact);
    differ_ = differ_ || style.event.redact != plan.styles[0].event.redact;
  }
}

std::optional<std::size_t> StyleRedaction::after_walk(char* body,
                                                      std::span<const events::RecordSpan> records,
                                                      RecordNotes& notes) {
  if (!differ_) return std::nullopt;
  const auto decisions = notes.decisions();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool taken = decisions[i].kind == routing::Decision::Kind::entry;
    const std::size_t style = taken ? plan_.table.routes()[decisions[i].route].style : 0;
    events::Redactor& redactor = redactors_[style];
    const bool sent = decisions[i].kind != routing::Decision::Kind::filtered;
    if (!sent || !redactor.active()) continue;
    const auto blanked = redactor.redact(body + records[i].offset, records[i].length);
    if (!blanked) return i;
    if (*blanked != 0) notes.on_redacted();
  }
  return std::nullopt;
}

}  // namespace gateway

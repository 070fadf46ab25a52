#include "gateway/pipeline/intake.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/pipeline/answers.hpp"

namespace gateway {

Intake::Intake(const config::Event& settings, Ledger& ledger, egress::Eventbus& eventbus)
    : settings_(settings), ledger_(ledger), eventbus_(eventbus), redactor_(settings.redact) {}

void Intake::accept(ingress::Request&& request, Post& post) {
  if (request.head.kind == ingress::BodyKind::records) {
    accept_records(std::move(request), post);
  } else {
    accept_events(std::move(request), post);
  }
}

Intake::Way Intake::admit(Post& post, std::size_t events, std::size_t bytes) {
  egress::DeliveryQueue& queue = eventbus_.queue();
  if (queue.admits(events, bytes) && !eventbus_.is_down()) return Way::queue;
  if (!queue.could_admit(events)) {
    ledger_.refuse(post, answers::refused(413, "more records than delivery.queue.events"));
    return Way::nowhere;
  }
  if (eventbus_.custody().can_spool()) {
    // While the eventbus is down one post waits for it to come back; the others need not.
    return queue.empty() && queue.admits(events, bytes) ? Way::queue : Way::spool;
  }
  if (queue.admits(events, bytes)) return Way::queue;
  ledger_.refuse(post, answers::overloaded("delivery queue full", eventbus_.retry_after()));
  return Way::nowhere;
}

void Intake::accept_records(ingress::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  const auto split = splitter_.split(body.data(), body.size());
  if (!split) {
    ledger_.refuse(post, answers::malformed(split.error().reason(), split.error().offset()));
    return;
  }
  const std::span<const events::RecordSpan> records = *split;
  if (records.empty()) {
    ledger_.settle(post);
    return;
  }
  const Way way = admit(post, records.size(), body.size());
  if (way == Way::nowhere) return;

  post.bytes = std::move(request.bytes);
  char* const data = post.bytes.data() + request.body.offset;
  ledger_.expect(post, static_cast<std::uint32_t>(records.size()));
  const bool stable = settings_.id == config::EventId::stable;
  if (stable) stable_ids_.begin_post();

  EventSlot slot;
  slot.post = &post;
  for (const events::RecordSpan& record : records) {
    // Ids first: they must not depend on what is redacted.
    slot.id = stable ? stable_ids_.next(record_reader_.read({data + record.offset, record.length}),
                                        {data + record.offset, record.length})
                     : random_ids_.next();
    if (redactor_.active()) redactor_.redact(data + record.offset, record.length);
    slot.offset = request.body.offset + record.offset;
    slot.length = record.length;
    hand_over(slot, way);
    ++slot.index;
  }
  finish(post, way);
}

void Intake::hand_over(const EventSlot& slot, Way way) {
  if (way == Way::queue) {
    eventbus_.queue().push(slot);
  } else {
    overflow_.push_back(slot);
  }
}

void Intake::finish(Post& post, Way way) {
  if (way == Way::spool) {
    eventbus_.custody().spool(post, overflow_, {});
    overflow_.clear();
  }
  eventbus_.context().turn_end.request();
}

void Intake::accept_events(ingress::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  const char* const base = request.bytes.data();
  std::vector<events::CloudEvent> parsed;
  const auto refuse = [&](const events::Malformed& error) {
    ledger_.refuse(post, answers::malformed(error.reason(), error.offset()));
  };

  switch (request.head.kind) {
    case ingress::BodyKind::binary_event: {
      std::vector<events::HeaderField> fields;
      for (std::size_t i = 0; i + 1 < request.event_fields.size(); i += 2) {
        fields.push_back({request.event_fields[i].in(base), request.event_fields[i + 1].in(base)});
      }
      auto event = events::read_binary_event(fields, request.content_type.in(base), body);
      if (!event) return refuse(event.error());
      parsed.push_back(std::move(*event));
      break;
    }
    case ingress::BodyKind::structured_event: {
      auto event = events::read_structured_event(body);
      if (!event) return refuse(event.error());
      parsed.push_back(std::move(*event));
      break;
    }
    case ingress::BodyKind::event_batch: {
      auto events = events::read_event_batch(body);
      if (!events) return refuse(events.error());
      parsed = std::move(*events);
      break;
    }
    case ingress::BodyKind::records:
      break;
  }
  if (parsed.empty()) {
    ledger_.settle(post);
    return;
  }
  const Way way = admit(post, parsed.size(), body.size());
  if (way == Way::nowhere) return;

  if (redactor_.active()) {
    for (events::CloudEvent& event : parsed) {
      event.data.reserve(event.data.size() + events::RecordSplitter::kPadding);
      redactor_.redact(event.data.data(), event.data.size());
    }
  }
  post.passed_on = std::move(parsed);
  ledger_.expect(post, static_cast<std::uint32_t>(post.passed_on.size()));
  EventSlot slot;
  slot.post = &post;
  for (const events::CloudEvent& event : post.passed_on) {
    slot.length = static_cast<std::uint32_t>(event.data.size());
    hand_over(slot, way);
    ++slot.index;
  }
  finish(post, way);
}

}  // namespace gateway

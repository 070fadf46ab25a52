#include "gateway/pipeline/intake.hpp"

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/domain/answers.hpp"

namespace gateway {

Intake::Intake(const config::Event& settings, Context context)
    : settings_(settings), context_(context), redactor_(settings.redact) {}

void Intake::accept(http::Request&& request, Post& post) {
  if (request.head.kind == http::BodyKind::records) {
    accept_records(std::move(request), post);
  } else {
    accept_events(std::move(request), post);
  }
}

Intake::Way Intake::admit(Post& post, std::size_t events, std::size_t bytes) {
  const DeliveryQueue& queue = context_.queue;
  if (queue.admits(events, bytes) && !context_.delivery.is_down()) return Way::queue;
  if (!queue.could_admit(events)) {
    context_.ledger.refuse(post, answers::refused(413, "more records than delivery.queue.events"));
    return Way::nowhere;
  }
  if (context_.delivery.can_spool()) {
    // While the eventbus is down one post waits for it to come back; the others need not.
    return queue.empty() && queue.admits(events, bytes) ? Way::queue : Way::spool;
  }
  if (queue.admits(events, bytes)) return Way::queue;
  context_.ledger.refuse(
      post, answers::overloaded("delivery queue full", context_.delivery.retry_after()));
  return Way::nowhere;
}

void Intake::accept_records(http::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  const auto split = splitter_.split(body.data(), body.size());
  if (!split) {
    context_.ledger.refuse(post,
                           answers::malformed(split.error().reason(), split.error().offset()));
    return;
  }
  const std::span<const events::RecordSpan> records = *split;
  if (records.empty()) {
    context_.ledger.settle(post);
    return;
  }
  const Way way = admit(post, records.size(), body.size());
  if (way == Way::nowhere) return;

  post.bytes = std::move(request.bytes);
  char* const data = post.bytes.data() + request.body.offset;
  context_.ledger.expect(post, static_cast<std::uint32_t>(records.size()));
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
    context_.queue.push(slot);
  } else {
    overflow_.push_back(slot);
  }
}

void Intake::finish(Post& post, Way way) {
  if (way == Way::spool) {
    context_.delivery.spool(post, overflow_);
    overflow_.clear();
  }
  context_.turn_end.request();
}

void Intake::accept_events(http::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  const char* const base = request.bytes.data();
  std::vector<events::CloudEvent> parsed;
  const auto refuse = [&](const events::Malformed& error) {
    context_.ledger.refuse(post, answers::malformed(error.reason(), error.offset()));
  };

  switch (request.head.kind) {
    case http::BodyKind::binary_event: {
      std::vector<events::HeaderField> fields;
      for (std::size_t i = 0; i + 1 < request.event_fields.size(); i += 2) {
        fields.push_back({request.event_fields[i].in(base), request.event_fields[i + 1].in(base)});
      }
      auto event = events::read_binary_event(fields, request.content_type.in(base), body);
      if (!event) return refuse(event.error());
      parsed.push_back(std::move(*event));
      break;
    }
    case http::BodyKind::structured_event: {
      auto event = events::read_structured_event(body);
      if (!event) return refuse(event.error());
      parsed.push_back(std::move(*event));
      break;
    }
    case http::BodyKind::event_batch: {
      auto events = events::read_event_batch(body);
      if (!events) return refuse(events.error());
      parsed = std::move(*events);
      break;
    }
    case http::BodyKind::records:
      break;
  }
  if (parsed.empty()) {
    context_.ledger.settle(post);
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
  context_.ledger.expect(post, static_cast<std::uint32_t>(post.passed_on.size()));
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

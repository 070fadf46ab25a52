#include "gateway/pipeline/intake.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/domain/answers.hpp"

namespace gateway {

using Decided = routing::Decision::Way;

Intake::Intake(Context context)
    : context_(context),
      redaction_(context.plan),
      notes_(context.plan),
      bucket_watch_(context.metrics) {}

void Intake::accept(http::Request&& request, Post& post) {
  if (request.head.kind == http::BodyKind::records) {
    accept_records(std::move(request), post);
  } else {
    accept_events(std::move(request), post);
  }
}

Intake::Way Intake::admit(Post& post, std::size_t events, std::size_t bytes) {
  Delivery& delivery = delivery_of(post);
  const DeliveryQueue& queue = delivery.queue();
  if (queue.admits(events, bytes) && !delivery.is_down()) return Way::queue;
  if (!queue.could_admit(events)) {
    context_.ledger.refuse(post, answers::refused(413, "more records than delivery.queue.events"));
    return Way::nowhere;
  }
  if (delivery.can_spool()) {
    // While the eventbus is down one post waits for it to come back; the others need not.
    return queue.empty() && queue.admits(events, bytes) ? Way::queue : Way::spool;
  }
  if (queue.admits(events, bytes)) return Way::queue;
  context_.ledger.refuse(post, answers::overloaded("delivery queue full", delivery.retry_after()));
  return Way::nowhere;
}

Intake::Records Intake::split(http::Request& request, Signer signer) {
  char* const body = request.bytes.data() + request.body.offset;
  const std::size_t size = request.body.length;
  events::Redactor& redactor = redaction_.on_walk();
  if (!notes_.wanted() && !redactor.active()) return splitter_.split(body, size);
  notes_.begin(size, signer);
  if (notes_.wants_routes_alone() && !redactor.active()) {
    return splitter_.split_to_route(body, size, notes_);
  }
  return splitter_.split(body, size, notes_, redactor);
}

bool Intake::refuses(http::Request& request, std::span<const events::RecordSpan> records,
                     Post& post) {
  const auto decisions = notes_.decisions();
  const bool unknown = notes_.count(Decided::refused_unknown) != 0;
  if (unknown || notes_.count(Decided::refused_signer) != 0) {
    const auto refused = std::ranges::find_if(decisions, [](const routing::Decision& decision) {
      return decision.way == Decided::refused_unknown || decision.way == Decided::refused_signer;
    });
    const auto index = static_cast<std::size_t>(refused - decisions.begin());
    const auto why =
        refused->way == Decided::refused_unknown ? BucketRefusal::unknown : BucketRefusal::foreign;
    const events::RecordSpan& record = records[index];
    bucket_watch_.refused(why, request.body_text().substr(record.offset, record.length),
                          post.received);
    context_.ledger.refuse(post, answers::bucket_refused(why, index));
    return true;
  }
  const auto secret =
      redaction_.after_walk(request.bytes.data() + request.body.offset, records, decisions);
  if (!secret) return false;
  context_.ledger.refuse(post, answers::cannot_redact(*secret));
  return true;
}

void Intake::accept_records(http::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  const auto split = this->split(request, post.signer);
  if (!split) {
    // What Tencent's EventBridge sends has no media type of its own.
    if (events::looks_like_event(body)) {
      request.head.kind = http::BodyKind::structured_event;
      accept_events(std::move(request), post);
      return;
    }
    context_.ledger.refuse(post,
                           answers::malformed(split.error().reason(), split.error().offset()));
    return;
  }
  const std::span<const events::RecordSpan> records = *split;
  if (records.empty()) {
    context_.ledger.settle(post);
    return;
  }
  const bool routed = !notes_.decisions().empty();
  if (routed && refuses(request, records, post)) return;
  const std::size_t wanted = records.size() - (routed ? notes_.count(Decided::filtered) : 0);
  // What is left out needs no room.
  const Way way = wanted == 0 ? Way::queue : admit(post, wanted, body.size());
  if (way == Way::nowhere) return;

  make_room(post, wanted, way);
  if (routed) note_routes(body, records, post);
  post.bytes = std::move(request.bytes);
  notes_.take_members(post.members);
  context_.ledger.expect(post, static_cast<std::uint32_t>(records.size()));
  const std::span<const events::Uuid> ids = notes_.ids();

  EventSlot slot;
  slot.post = &post;
  for (const events::RecordSpan& record : records) {
    slot.id = ids.empty() ? random_ids_.next() : ids[slot.index];
    slot.kind = record.kind;
    slot.offset = request.body.offset + record.offset;
    slot.length = record.length;
    if (routed && notes_.decisions()[slot.index].way == Decided::filtered) {
      context_.ledger.filtered(slot);
    } else {
      hand_over(slot, way);
    }
    ++slot.index;
  }
  finish(post, way);
}

void Intake::note_routes(std::string_view body, std::span<const events::RecordSpan> records,
                         Post& post) {
  notes_.write_routes(post.routes);
  for (const std::uint16_t route : post.routes) {
    context_.metrics.buckets.arrived(
        route, std::chrono::floor<std::chrono::milliseconds>(post.time.time_since_epoch()));
  }
  bucket_watch_.taken(body, records, notes_.decisions(), post.received);
}

void Intake::make_room(Post& post, std::size_t events, Way way) {
  if (way == Way::queue) {
    delivery_of(post).queue().reserve(events);
  } else {
    overflow_.reserve(events);
  }
}

void Intake::hand_over(const EventSlot& slot, Way way) noexcept {
  if (way == Way::queue) {
    delivery_of(*slot.post).queue().push(slot);
  } else {
    overflow_.push_back(slot);
  }
}

void Intake::finish(Post& post, Way way) {
  if (way == Way::spool) {
    context_.ledger.begin_storing(post, post.received);
    delivery_of(post).spool(post, overflow_);
    overflow_.clear();
  }
  context_.turn_end.request();
}

Intake::Events Intake::read_events(const http::Request& request) {
  const std::string_view body = request.body_text();
  const char* const base = request.bytes.data();
  std::vector<events::CloudEvent> events;
  switch (request.head.kind) {
    case http::BodyKind::binary_event: {
      std::vector<events::HeaderField> fields;
      for (std::size_t i = 0; i + 1 < request.event_fields.size(); i += 2) {
        fields.push_back({request.event_fields[i].in(base), request.event_fields[i + 1].in(base)});
      }
      auto event = events::read_binary_event(fields, request.content_type.in(base), body);
      if (!event) return event.error();
      events.push_back(std::move(*event));
      break;
    }
    case http::BodyKind::structured_event: {
      auto event = events::read_structured_event(body);
      if (!event) return event.error();
      events.push_back(std::move(*event));
      break;
    }
    case http::BodyKind::event_batch:
      return events::read_event_batch(body);
    case http::BodyKind::records:
      break;
  }
  return events;
}

void Intake::accept_events(http::Request&& request, Post& post) {
  const std::string_view body = request.body_text();
  auto read = read_events(request);
  if (!read) {
    context_.ledger.refuse(post, answers::malformed(read.error().reason(), read.error().offset()));
    return;
  }
  std::vector<events::CloudEvent> parsed = std::move(*read);
  if (parsed.empty()) {
    context_.ledger.settle(post);
    return;
  }
  const auto secret = std::find_if_not(parsed.begin(), parsed.end(), [this](auto& event) {
    return redaction_.top_level().redact(event);
  });
  if (secret != parsed.end()) {
    context_.ledger.refuse(
        post,
        answers::cannot_redact(static_cast<std::size_t>(std::distance(parsed.begin(), secret))));
    return;
  }
  const Way way = admit(post, parsed.size(), body.size());
  if (way == Way::nowhere) return;

  make_room(post, parsed.size(), way);
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

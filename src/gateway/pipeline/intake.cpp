#include "gateway/pipeline/intake.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "gateway/domain/answers.hpp"

namespace gateway {

using Decided = routing::Decision::Kind;

Intake::Intake(Context context)
    : context_(context),
      redaction_(context.plan),
      notes_(context.plan),
      looks_at_records_(notes_.wanted() || redaction_.on_walk().active()),
      bucket_watch_(context.metrics),
      parts_(context.room.targets()) {}

void Intake::accept(http::Request&& request, Post& post) {
  if (request.head.kind == http::BodyKind::records) {
    accept_records(std::move(request), post);
  } else {
    accept_events(std::move(request), post);
  }
}

void Intake::begin_part(Post& post, std::size_t target, std::size_t events, std::size_t bytes) {
  post.target = static_cast<std::uint8_t>(target);
  if (events == 0) {
    used_.clear();
    return;
  }
  used_.resize(1);
  used_.front() = target;
  Part& part = parts_[target];
  part.target = target;
  part.events = events;
  part.bytes = bytes;
}

void Intake::begin_parts(Post& post, std::span<const events::RecordSpan> records,
                         std::size_t bytes) {
  const auto decisions = notes_.decisions();
  const auto target_of = [&](const routing::Decision& decision) -> std::size_t {
    if (decision.kind != Decided::entry) return 0;
    return context_.plan.table.routes()[decision.route].target;
  };
  used_.clear();
  for (Part& part : parts_) part.events = part.bytes = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (decisions[i].kind == Decided::filtered) continue;
    const std::size_t target = target_of(decisions[i]);
    Part& part = parts_[target];
    if (part.events == 0) used_.push_back(target);
    part.target = target;
    ++part.events;
    part.bytes += records[i].length;
  }
  if (used_.size() < 2) {
    const std::size_t target = used_.empty() ? 0 : used_.front();
    begin_part(post, target, parts_[target].events, bytes);
    return;
  }
  post.target = static_cast<std::uint8_t>(context_.room.targets());
  for (const routing::Decision& decision : decisions) {
    post.targets.push_back(static_cast<std::uint8_t>(target_of(decision)));
  }
}

Intake::Holder Intake::holder_of(const Part& part) const {
  const Delivery& delivery = context_.room.delivery(part.target);
  const DeliveryQueue& queue = delivery.queue();
  const bool admits = context_.room.admits(part.target, part.events, part.bytes) &&
                      (used_.size() == 1 || context_.room.admits_several());
  if (admits && !delivery.is_down()) return Holder::queue;
  if (!queue.could_admit(part.events)) return Holder::nobody;
  if (delivery.can_spool()) {
    // While the eventbus is down one post waits for it to come back; the others need not, nor what
    // a post has for other targets.
    return queue.empty() && admits && used_.size() == 1 ? Holder::queue : Holder::spool;
  }
  return admits ? Holder::queue : Holder::nobody;
}

void Intake::refuse(Post& post, const Part& part) const {
  if (context_.room.delivery(part.target).queue().could_admit(part.events)) {
    context_.ledger.refuse(
        post, answers::unavailable(Unavailable::queue, context_.room.retry_after(part.target)));
  } else {
    context_.ledger.refuse(post, answers::refused(413, "more records than delivery.queue.events"));
  }
}

bool Intake::charge(Post& post) const {
  if (used_.empty()) return true;
  const TargetRoom& room = context_.room;
  ByteLease& lease = used_.size() == 1 ? room.lease(used_.front()) : room.lease_of_several();
  if (post.units.move_to(lease)) return true;
  context_.ledger.refuse(post,
                         answers::unavailable(Unavailable::bytes, room.retry_after(post.target)));
  return false;
}

inline bool Intake::admit(Post& post) {
  spools_ = false;
  if (used_.size() == 1) {
    // Nearly all there ever are.
    Part& part = parts_[used_.front()];
    Delivery& delivery = context_.room.delivery(part.target);
    if (context_.room.admits(part.target, part.events, part.bytes) && !delivery.is_down()) {
      if (context_.room.several() && !charge(post)) return false;
      part.holder = Holder::queue;
      delivery.queue().reserve(part.events);
      return true;
    }
  }
  return admit_parts(post);
}

bool Intake::admit_parts(Post& post) {
  for (const std::size_t target : used_) {
    Part& part = parts_[target];
    part.holder = holder_of(part);
    if (part.holder == Holder::nobody) {
      refuse(post, part);
      return false;
    }
    if (part.holder == Holder::spool) spools_ = true;
  }
  if (context_.room.several() && !charge(post)) return false;
  for (const std::size_t target : used_) {
    Part& part = parts_[target];
    if (part.holder == Holder::queue) {
      context_.room.delivery(target).queue().reserve(part.events);
    } else {
      part.overflow.reserve(part.events);
    }
  }
  return true;
}

Intake::Records Intake::split(http::Request& request, Signer signer) {
  char* const body = request.bytes.data() + request.body.offset;
  const std::size_t size = request.body.length;
  if (!looks_at_records_) return splitter_.split(body, size);
  events::Redactor& redactor = redaction_.on_walk();
  notes_.begin(size, signer);
  if (notes_.wants_routes_alone() && !redactor.active()) {
    return splitter_.split_to_route(body, size, notes_, notes_.routed_by());
  }
  return splitter_.split(body, size, notes_, redactor);
}

bool Intake::refuses(http::Request& request, std::span<const events::RecordSpan> records,
                     Post& post) {
  const auto decisions = notes_.decisions();
  if (notes_.refused()) {
    const auto refused = std::ranges::find_if(decisions, [](const routing::Decision& decision) {
      return decision.kind == Decided::refused_unknown || decision.kind == Decided::refused_signer;
    });
    const auto index = static_cast<std::size_t>(refused - decisions.begin());
    const auto why =
        refused->kind == Decided::refused_unknown ? BucketRefusal::unknown : BucketRefusal::foreign;
    const events::RecordSpan& record = records[index];
    bucket_watch_.refused(why, request.body_text().substr(record.offset, record.length),
                          post.received);
    context_.ledger.refuse(post, answers::bucket_refused(why, index));
    return true;
  }
  const auto secret =
      redaction_.after_walk(request.bytes.data() + request.body.offset, records, notes_);
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
  if (context_.room.several()) {
    begin_parts(post, records, body.size());
  } else {
    begin_part(post, 0, wanted, body.size());
  }
  if (!admit(post)) return;

  if (routed) note_routes(body, records, post);
  post.bytes = std::move(request.bytes);
  notes_.take_members(post.members);
  context_.ledger.expect(post, static_cast<std::uint32_t>(records.size()));
  const std::span<const events::Uuid> ids = notes_.ids();

  const bool one_queue = used_.size() == 1 && !spools_;
  DeliveryQueue* const queue = one_queue ? &context_.room.delivery(post.target).queue() : nullptr;
  EventSlot slot;
  slot.post = &post;
  for (const events::RecordSpan& record : records) {
    slot.id = ids.empty() ? random_ids_.next() : ids[slot.index];
    slot.kind = record.kind;
    slot.offset = request.body.offset + record.offset;
    slot.length = record.length;
    if (routed && notes_.decisions()[slot.index].kind == Decided::filtered) {
      context_.ledger.filtered(slot);
    } else if (queue != nullptr) {
      queue->push(slot);
    } else {
      hand_over(slot);
    }
    ++slot.index;
  }
  finish(post);
}

void Intake::note_routes(std::string_view body, std::span<const events::RecordSpan> records,
                         Post& post) {
  notes_.take_routes(post.routes);
  for (const std::uint16_t route : post.routes) {
    context_.metrics.buckets.arrived(
        route, std::chrono::floor<std::chrono::milliseconds>(post.time.time_since_epoch()));
  }
  const std::size_t unknown = notes_.count(Decided::unknown);
  if (unknown == 0) return;
  bucket_watch_.taken(unknown, body, records, notes_.decisions(), post.received);
}

void Intake::hand_over(const EventSlot& slot) noexcept {
  Part& part = parts_[slot.post->target_of(slot.index)];
  if (part.holder == Holder::queue) {
    context_.room.delivery(part.target).queue().push(slot);
  } else {
    part.overflow.push_back(slot);
  }
}

void Intake::finish(Post& post) {
  if (spools_) hand_to_spool(post);
  context_.turn_end.request();
}

void Intake::hand_to_spool(Post& post) {
  const auto goes_there = [this](std::size_t target) {
    return parts_[target].holder == Holder::spool;
  };
  if (std::ranges::all_of(used_, goes_there)) {
    context_.ledger.begin_storing(post, post.received);
  }
  for (const std::size_t target : used_) {
    if (!goes_there(target)) continue;
    context_.room.delivery(target).spool(post, parts_[target].overflow);
    parts_[target].overflow.clear();
  }
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
    case http::BodyKind::event_batch: return events::read_event_batch(body);
    case http::BodyKind::records: break;
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
  begin_part(post, 0, parsed.size(), body.size());
  if (!admit(post)) return;

  post.passed_on = std::move(parsed);
  context_.ledger.expect(post, static_cast<std::uint32_t>(post.passed_on.size()));
  EventSlot slot;
  slot.post = &post;
  for (const events::CloudEvent& event : post.passed_on) {
    slot.length = static_cast<std::uint32_t>(event.data.size());
    hand_over(slot);
    ++slot.index;
  }
  finish(post);
}

}  // namespace gateway

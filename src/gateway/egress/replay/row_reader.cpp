#include "gateway/egress/replay/row_reader.hpp"

#include <string_view>
#include <utility>

#include "runtime/log.hpp"

namespace gateway::egress {
namespace {

constexpr std::size_t kLargeEvent = std::size_t{256} << 10;

// The index keeps the memory that the largest event took.
boost::system::result<void, events::Malformed> read_large(std::string_view json,
                                                          events::CloudEvent& event) {
  events::JsonIndex index;
  return events::read_stored_event(json, index, event);
}

template <class Memory>
Memory take_spare(std::vector<Memory>& spare) {
  if (spare.empty()) return {};
  Memory memory = std::move(spare.back());
  spare.pop_back();
  return memory;
}

std::size_t memory_of(const std::vector<events::CloudEvent>& events) noexcept {
  std::size_t bytes = 0;
  for (const events::CloudEvent& event : events) {
    bytes += event.data.capacity();
    for (const auto& attribute : event.attributes) bytes += attribute.value.capacity();
  }
  return bytes;
}

}  // namespace

RowReader::RowReader(std::size_t chunks, std::size_t bytes) : chunks_(chunks), bytes_(bytes) {
  spare_rows_.reserve(chunks);
  spare_events_.reserve(chunks);
}

SpooledEvents RowReader::spare() {
  return take_spare(spare_rows_);
}

RowReader::Events RowReader::read(SpooledEvents rows, events::Encoder& encoder) {
  Events events;
  if (recognise(rows, encoder, events)) {
    events.rows = rows.entries();
    events.stored.text = rows.take_text();
    return events;
  }
  events = Events();
  parse(rows, events);
  keep(std::move(rows));
  return events;
}

bool RowReader::recognise(const SpooledEvents& rows, events::Encoder& encoder, Events& events) {
  std::vector<WallInstant>& times = events.stored.times;
  std::vector<std::uint16_t>& routes = events.routes;
  slots_.clear();
  times.reserve(rows.size());
  EventSlot slot;
  for (const auto& row : rows.entries()) {
    const std::string_view json = rows.json(row);
    const auto event = encoder.recognise(json);
    if (!event) return false;
    const auto before = static_cast<std::size_t>(event->record.data() - json.data());
    slot.id = event->id;
    slot.kind = event->kind;
    slot.offset = static_cast<std::uint32_t>(row.begin + before);
    slot.length = static_cast<std::uint32_t>(event->record.size());
    slots_.push_back(slot);
    ++slot.index;
    times.push_back(event->time);
    // None unless one of them has one.
    if (event->route != 0 && routes.empty()) routes.resize(times.size() - 1);
    if (event->route != 0 || !routes.empty()) routes.push_back(event->route);
  }
  return true;
}

void RowReader::parse(const SpooledEvents& rows, Events& events) {
  events.passed_on = take_spare(spare_events_);
  events.passed_on.resize(rows.size());
  events.rows.reserve(rows.size());
  slots_.clear();
  EventSlot slot;
  for (const auto& row : rows.entries()) {
    const std::string_view json = rows.json(row);
    events::CloudEvent& event = events.passed_on[slot.index];
    const auto read = json.size() > kLargeEvent ? read_large(json, event)
                                                : events::read_stored_event(json, index_, event);
    if (!read) {
      log::error("a stored event cannot be read; it is left there",
                 {{"row", row.seq}, {"reason", read.error().reason()}});
      continue;
    }
    events.rows.push_back(row);
    slot.length = static_cast<std::uint32_t>(event.data.size());
    slots_.push_back(slot);
    ++slot.index;
  }
  events.passed_on.resize(slots_.size());
}

void RowReader::keep(SpooledEvents rows) {
  rows.clear(bytes_);
  if (spare_rows_.size() < chunks_) spare_rows_.push_back(std::move(rows));
}

void RowReader::keep_memory_of(Post& post) {
  if (!post.stored.times.empty()) {
    keep(SpooledEvents(std::move(post.stored.text)));
    post.stored = Post::Stored();
  } else if (spare_events_.size() < chunks_ && memory_of(post.passed_on) <= bytes_) {
    spare_events_.push_back(std::move(post.passed_on));
    post.passed_on.clear();
  }
}

}  // namespace gateway::egress

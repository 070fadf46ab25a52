#pragma once
#include <chrono>
#include <string_view>

#include "events/cloud_event.hpp"
#include "events/record_members.hpp"
#include "events/uuid.hpp"

namespace gateway::events {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// One event to be written. Cheap to copy; refers to what its post keeps.
struct OutgoingEvent {
  Uuid id;
  WallTime time;            // when the event was made; a retry keeps it
  std::string_view record;  // JSON, outlives the sending
  RecordKind kind = RecordKind::cos;
  std::uint16_t route = 0;                 // by which the encoder knows how to write it
  const RecordMembers* members = nullptr;  // of the record, where they have been found already
  // If set, this event is sent and the members above are ignored.
  const CloudEvent* passed_on = nullptr;

  // The record, or what may have been one before it was passed on: data in JSON. May be empty.
  [[nodiscard]] std::string_view json_data() const noexcept {
    if (passed_on == nullptr) return record;
    return passed_on->data_kind == CloudEvent::DataKind::json ? passed_on->data
                                                              : std::string_view();
  }
};

}  // namespace gateway::events

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

#include "runtime/clock.hpp"

namespace gateway::egress {

// Why an event became a dead letter.
struct DeadLetterDetails {
  DeadLetterDetails() = default;

  std::uint32_t attempts = 0;
  std::uint32_t status = 0;  // of the last answer; 0 when there was none
  std::string body;          // of the last answer, its first 4 KiB
  std::string reason;
  std::string endpoint;
  WallInstant first{};  // attempt
  WallInstant last{};
};

// An event as it is kept on disk: complete, so that it can be sent without what it came from.
struct StoredEvent {
  StoredEvent() = default;

  // What a store counts an event as: the bytes of its texts.
  [[nodiscard]] std::size_t bytes() const noexcept {
    const std::size_t more =
        details ? details->body.size() + details->reason.size() + details->endpoint.size() : 0;
    return json.size() + target.size() + more;
  }

  std::string json;                          // the CloudEvent, application/cloudevents+json
  std::string target;                        // as TargetNames has it; empty: the top-level one
  std::optional<DeadLetterDetails> details;  // dead letters only
};

// What names a row, in order of arrival. A store that holds events never uses a number twice.
using Sequence = std::int64_t;

// An event as it is shown to people, with what was read out of its JSON.
struct StoredRow {
  StoredRow() = default;

  Sequence seq = 0;
  WallInstant added{};
  StoredEvent event;
  std::optional<WallInstant> replayed;
  std::string id;      // the CloudEvent's
  std::string type;    // the CloudEvent's
  std::string bucket;  // "name-appid"; empty for events that are no COS records
  std::string key;     // of the object, likewise
};

static_assert(!std::is_aggregate_v<DeadLetterDetails> && !std::is_aggregate_v<StoredEvent> &&
              !std::is_aggregate_v<StoredRow>);

}  // namespace gateway::egress

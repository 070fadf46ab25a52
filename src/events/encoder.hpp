#pragma once
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/gather.hpp"
#include "events/uuid.hpp"

namespace gateway::events {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

enum class ContentMode { binary, structured, batch };
enum class DataShape { record, records };  // the record itself, or {"Records":[record]}
enum class RecordAttribute { subject, cosbucket, cosregion, coseventname, coseventtime };

// One event to be written. Cheap to copy; refers to what its post keeps.
struct OutgoingEvent {
  Uuid id;
  WallTime time;            // when the event was made; a retry keeps it
  std::string_view record;  // with RecordSplitter::kPadding readable bytes after it
  const CloudEvent* passed_on = nullptr;  // if set, this event is sent and the members above are ignored
};

struct EncoderSettings {
  ContentMode mode = ContentMode::binary;
  DataShape data = DataShape::record;
  std::string request_target;  // "/gateway/bus"
  std::string host;            // value of the Host header
  std::string source;
  std::string type = "tencent-cloud-cos-event";
  std::vector<RecordAttribute> attributes;
  std::vector<std::pair<std::string, std::string>> headers;  // extra request headers, checked by config
};

// Writes HTTP/1.1 requests that carry CloudEvents. What does not change from event to event is
// prepared once; per event only id, time and length are filled in, and the record is referred to
// where it lies. One per shard; not thread-safe; no allocation in the steady state unless
// attributes are asked for.
class Encoder {
 public:
  explicit Encoder(EncoderSettings settings);

  // One request with one event: binary or structured mode. In batch mode a batch of one.
  void append(const OutgoingEvent& event, Gather& out);
  // Batch mode: one request with all of `events`, at least one.
  void append_batch(std::span<const OutgoingEvent> events, Gather& out);

  [[nodiscard]] ContentMode mode() const noexcept { return settings_.mode; }

 private:
  EncoderSettings settings_;
  // ... the rest is the implementation's business
};

}  // namespace gateway::events

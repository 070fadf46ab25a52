#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "events/cloud_event.hpp"
#include "events/cos_record.hpp"
#include "events/gather.hpp"
#include "events/outgoing_event.hpp"
#include "events/record_style.hpp"
#include "events/rfc3339.hpp"

namespace gateway::events {

enum class ContentMode { binary, structured, batch };

struct EncoderSettings : RecordStyle {
  ContentMode mode = ContentMode::binary;
  std::string request_target;  // "/gateway/bus"
  std::string host;            // value of the Host header
  // Extra request headers. As target and host, they go out as they are: config checks them.
  std::vector<std::pair<std::string, std::string>> headers;
  // Other ways to write records, counted from 1: 0 is the one above.
  std::vector<RecordStyle> styles;
  // Which of them is the way of OutgoingEvent::route 1, 2, and so on; route 0 has the one above.
  std::vector<std::uint16_t> style_of_route;
};

// Writes HTTP/1.1 requests that carry CloudEvents. What does not change from event to event is
// prepared once; per event only id, time and length are filled in, and the record is referred to
// where it lies, as is the data of an event that is passed on. One per shard; not thread-safe; no
// allocation in the steady state.
class Encoder {
 public:
  explicit Encoder(EncoderSettings settings);

  // Has requests carry this header field from now on, instead of what it was before. Not while a
  // request is being written.
  void set_header(std::string_view name, std::string value);

  // Appends one request with one event: in binary or structured mode, in batch mode a batch of one.
  // In binary mode an event that would not arrive as what it is goes out in structured mode: its
  // data is an event itself, or text whose charset is not the one it is written in.
  void append(const OutgoingEvent& event, Gather& out);
  // Batch mode only: one request with several events, at least one: begin_batch(), add_to_batch()
  // for each, end_batch(). Nothing else is asked of the encoder in between.
  void begin_batch() noexcept;
  // Adds an event, unless it is not the first one and the body would become longer than `most`
  // bytes. Returns whether it was added.
  [[nodiscard]] bool add_to_batch(const OutgoingEvent& event, std::size_t most);
  void end_batch(Gather& out);

  // Appends the event in JSON (JSON format section 3), the body that structured mode would send, in
  // any mode.
  void json(const OutgoingEvent& event, std::string& out);

  // Returns the event of a record that `json` is what json() made of, with a style that agrees in
  // all that an event's JSON shows: nothing for any other. Its route has that style. It refers to
  // `json`, of which it takes for granted that it is an event in JSON with the data at its end.
  [[nodiscard]] std::optional<OutgoingEvent> recognise(std::string_view json);

  [[nodiscard]] ContentMode mode() const noexcept { return settings_.mode; }

 private:
  // One event in JSON: its own bytes up to `own_end` of json_, then the data where it lies, then
  // what closes it.
  struct JsonPart {
    std::size_t own_end = 0;
    std::string_view data;
    std::string_view suffix;
  };

  // Prepares all that is the same for many requests.
  void prepare();
  [[nodiscard]] const PreparedStyle& style_of(const OutgoingEvent& event) const noexcept {
    if (event.route == 0) return styles_.front();
    return styles_[settings_.style_of_route[event.route - 1]];
  }
  [[nodiscard]] std::optional<OutgoingEvent> recognise(std::string_view json, std::size_t style,
                                                       RecordKind kind);
  void append_record_binary(const OutgoingEvent& event, Gather& out);
  void append_passed_binary(const CloudEvent& event, Gather& out);
  void append_json_request(Gather& out);
  [[nodiscard]] JsonPart append_json(const OutgoingEvent& event);
  [[nodiscard]] JsonPart append_record_json(const OutgoingEvent& event);
  [[nodiscard]] JsonPart append_passed_json(const CloudEvent& event);
  template <class Write>
  void for_each_attribute(const OutgoingEvent& event, const PreparedStyle& style, Write&& write);
  // The time that is written as `text`, if one is.
  [[nodiscard]] std::optional<WallTime> time_of(std::string_view text) noexcept;
  // Puts id and time where a copy of the template at `out` has room for them.
  void fill_in(const EventTemplate& copied, const OutgoingEvent& event, char* out);

  EncoderSettings settings_;
  std::string request_head_;           // request line, Host, extra headers
  std::vector<PreparedStyle> styles_;  // the first one for route 0, then one for each of the styles
  std::vector<std::uint16_t> route_of_style_;  // one that has it; 0 where none has
  std::size_t last_recognised_ = 0;            // its style: the next one is likely the same

  CosRecordReader reader_;
  WallTime time_{};  // what time_text_ says
  std::array<char, kRfc3339Size> time_text_{};
  // Reused from event to event.
  std::string head_;
  std::string json_;
  std::string text_;
  std::vector<JsonPart> parts_;  // of the request that is being made
  std::size_t referred_ = 0;     // bytes of the body that are not in json_
};

}  // namespace gateway::events

#include "events/encoder.hpp"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <limits>

#include "events/base64.hpp"
#include "events/event_attributes.hpp"
#include "events/header_text.hpp"
#include "events/json_text.hpp"
#include "events/media_type.hpp"
#include "events/utf8.hpp"

namespace gateway::events {
namespace {

constexpr std::string_view kStructuredType = "application/cloudevents+json";
constexpr std::string_view kBatchType = "application/cloudevents-batch+json";

constexpr std::string_view kLengthHeader = "Content-Length: ";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxDigits = std::numeric_limits<std::size_t>::digits10 + 1;
constexpr std::size_t kMaxLengthLine = kLengthHeader.size() + kMaxDigits + kHeadEnd.size();

char* put(std::string_view text, char* out) noexcept {
  return std::copy(text.begin(), text.end(), out);
}

// The last header and the end of the head; at most kMaxLengthLine bytes.
char* put_length(std::size_t length, char* out) noexcept {
  out = put(kLengthHeader, out);
  out = std::to_chars(out, out + kMaxDigits, length).ptr;
  return put(kHeadEnd, out);
}

// A Content-Type may hold blanks and quotes and is not percent-encoded; whatever could end its line
// becomes a blank.
void append_content_type(std::string& out, std::string_view value) {
  out += "Content-Type: ";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  out += "\r\n";
}

// In binary mode the Content-Type says how a message is read: one that names an event format makes
// another event of it (HTTP binding 3), and text is written in UTF-8.
bool can_be_binary(const CloudEvent& event) noexcept {
  if (is_event_media_type(event.content_type)) return false;
  if (event.data_kind != CloudEvent::DataKind::text) return true;
  const Charset charset = charset_of(event.content_type);
  return charset == Charset::utf8 || (charset == Charset::ascii && is_ascii(event.data));
}

}  // namespace

Encoder::Encoder(EncoderSettings settings) : settings_(std::move(settings)) {
  prepare();
  write_rfc3339(time_, time_text_.data());
}

void Encoder::set_header(std::string_view name, std::string value) {
  auto& headers = settings_.headers;
  const auto known = std::ranges::find(headers, name, [](const auto& one) { return one.first; });
  if (known == headers.end()) {
    headers.emplace_back(name, std::move(value));
  } else {
    known->second = std::move(value);
  }
  prepare();
}

void Encoder::prepare() {
  request_head_ =
      "POST " + settings_.request_target + " HTTP/1.1\r\nHost: " + settings_.host + "\r\n";
  for (const auto& [name, value] : settings_.headers) {
    request_head_ += name + ": " + value + "\r\n";
  }
  styles_.clear();
  styles_.emplace_back(settings_, request_head_);
  for (const RecordStyle& style : settings_.styles) styles_.emplace_back(style, request_head_);
  const auto& style_of = settings_.style_of_route;
  route_of_style_.assign(styles_.size(), 0);
  for (std::size_t route = style_of.size(); route > 0; --route) {
    const std::uint16_t style = style_of[route - 1];
    if (style != 0) route_of_style_[style] = static_cast<std::uint16_t>(route);
  }
}

void Encoder::append(const OutgoingEvent& event, Gather& out) {
  const bool binary = settings_.mode == ContentMode::binary;
  if (binary && event.passed_on == nullptr) {
    append_record_binary(event, out);
  } else if (binary && can_be_binary(*event.passed_on)) {
    append_passed_binary(*event.passed_on, out);
  } else {
    begin_batch();
    static_cast<void>(add_to_batch(event, 0));
    append_json_request(out);
  }
}

void Encoder::begin_batch() noexcept {
  json_.clear();
  parts_.clear();
  referred_ = 0;
}

bool Encoder::add_to_batch(const OutgoingEvent& event, std::size_t most) {
  const std::size_t before = json_.size();
  if (settings_.mode == ContentMode::batch) json_ += parts_.empty() ? '[' : ',';
  JsonPart part = append_json(event);
  part.own_end = json_.size();
  const std::size_t referred = referred_ + part.data.size() + part.suffix.size();
  if (!parts_.empty() && part.own_end + referred + 1 > most) {
    json_.resize(before);
    return false;
  }
  parts_.push_back(part);
  referred_ = referred;
  return true;
}

void Encoder::end_batch(Gather& out) {
  assert(settings_.mode == ContentMode::batch && !parts_.empty());
  append_json_request(out);
}

void Encoder::json(const OutgoingEvent& event, std::string& out) {
  json_.clear();
  const JsonPart part = append_json(event);
  out.reserve(out.size() + json_.size() + part.data.size() + part.suffix.size());
  out += json_;
  out += part.data;
  out += part.suffix;
}

void Encoder::append_record_binary(const OutgoingEvent& event, Gather& out) {
  const PreparedStyle& style = style_of(event);
  const EventTemplate& head = style.binary_heads[static_cast<std::size_t>(event.kind)];
  head_.clear();
  for_each_attribute(event, style, [this](RecordAttribute attribute, std::string_view value) {
    const bool plain = is_plain_header_value(value);
    if (!plain && !is_attribute_text(value)) return;
    head_ += header_of(attribute);
    if (plain) {
      head_ += value;
    } else {
      append_header_value(head_, value);
    }
    head_ += "\r\n";
  });
  const std::size_t body_size =
      style.data_prefix.size() + event.record.size() + style.data_suffix.size();
  char* const begin =
      out.room(head.text.size() + head_.size() + kMaxLengthLine + style.data_prefix.size());
  char* end = put(head.text, begin);
  fill_in(head, event, begin);
  end = put(head_, end);
  end = put_length(body_size, end);
  end = put(style.data_prefix, end);
  out.own(static_cast<std::size_t>(end - begin));
  out.refer(event.record);
  if (!style.data_suffix.empty()) out.copy(style.data_suffix);
}

void Encoder::append_passed_binary(const CloudEvent& event, Gather& out) {
  head_ = request_head_;
  if (!event.content_type.empty()) {
    append_content_type(head_, event.content_type);
  } else if (event.data_kind == CloudEvent::DataKind::json) {
    // JSON format section 3.1: what is left out in structured mode means this.
    append_content_type(head_, "application/json");
  }
  for (const auto& attribute : event.attributes) {
    head_ += "ce-";
    head_ += attribute.name;
    head_ += ": ";
    append_header_value(head_, attribute.value);
    head_ += "\r\n";
  }
  char* const begin = out.room(head_.size() + kMaxLengthLine);
  char* const end = put_length(event.data.size(), put(head_, begin));
  out.own(static_cast<std::size_t>(end - begin));
  out.refer(event.data);
}

void Encoder::append_json_request(Gather& out) {
  const bool batch = settings_.mode == ContentMode::batch;
  head_ = request_head_;
  append_content_type(head_, batch ? kBatchType : kStructuredType);

  char* const begin = out.room(head_.size() + kMaxLengthLine);
  char* const end = put_length(json_.size() + referred_ + (batch ? 1 : 0), put(head_, begin));
  out.own(static_cast<std::size_t>(end - begin));
  std::size_t own_begin = 0;
  for (const auto& part : parts_) {
    out.copy(std::string_view(json_).substr(own_begin, part.own_end - own_begin));
    out.refer(part.data);
    out.copy(part.suffix);
    own_begin = part.own_end;
  }
  if (batch) out.copy("]");
}

Encoder::JsonPart Encoder::append_json(const OutgoingEvent& event) {
  return event.passed_on != nullptr ? append_passed_json(*event.passed_on)
                                    : append_record_json(event);
}

Encoder::JsonPart Encoder::append_record_json(const OutgoingEvent& event) {
  const std::size_t begin = json_.size();
  const PreparedStyle& style = style_of(event);
  const EventTemplate& head = style.json_heads[static_cast<std::size_t>(event.kind)];
  json_ += head.text;
  fill_in(head, event, json_.data() + begin);
  for_each_attribute(event, style, [this](RecordAttribute attribute, std::string_view value) {
    if (is_attribute_text(value)) append_json_member(json_, name_of(attribute), value);
  });
  json_ += kDataMember;
  json_ += style.data_prefix;
  return {json_.size(), event.record, style.json_suffix};
}

Encoder::JsonPart Encoder::append_passed_json(const CloudEvent& event) {
  char before = '{';
  for (const auto& attribute : event.attributes) {
    json_ += before;
    before = ',';
    json_ += '"';
    json_ += attribute.name;
    json_ += "\":";
    if (attribute.json_literal) {
      json_ += attribute.value;
    } else {
      append_json_string(json_, attribute.value);
    }
  }
  if (!event.content_type.empty()) append_json_member(json_, "datacontenttype", event.content_type);
  std::string_view data;
  switch (event.data_kind) {
    case CloudEvent::DataKind::none: break;
    case CloudEvent::DataKind::json:
      json_ += kDataMember;
      data = event.data;
      break;
    case CloudEvent::DataKind::text: append_json_member(json_, "data", event.data); break;
    case CloudEvent::DataKind::bytes:
      json_ += R"(,"data_base64":")";
      append_base64(json_, event.data);
      json_ += '"';
      break;
  }
  return {json_.size(), data, kJsonSuffix};
}

// `write` gets every attribute asked for that the record has, and its text. It leaves out what no
// attribute may hold, such as a line end in an object's key: the data has it, and an attribute that
// says something else would mislead.
template <class Write>
void Encoder::for_each_attribute(const OutgoingEvent& event, const PreparedStyle& style,
                                 Write&& write) {
  if (style.attributes.empty()) return;
  const CosRecord fields = event.members == nullptr
                               ? reader_.read(event.record)
                               : reader_.read(event.record, *event.members, style.members);
  for (const auto attribute : style.attributes) {
    const std::string_view value = value_of(attribute, fields, text_);
    if (!value.empty()) write(attribute, value);
  }
}

void Encoder::fill_in(const EventTemplate& copied, const OutgoingEvent& event, char* out) {
  event.id.write(out + copied.id_at);
  // Many events share a millisecond.
  if (event.time != time_) {
    time_ = event.time;
    write_rfc3339(time_, time_text_.data());
  }
  std::copy(time_text_.begin(), time_text_.end(), out + copied.time_at);
}

}  // namespace gateway::events

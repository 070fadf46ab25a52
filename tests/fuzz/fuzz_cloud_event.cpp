// Any event somebody sends, in any content mode (the first byte says which): what is accepted is
// passed on in every mode without loss, and no attribute breaks a request.
//
//   'S' structured, 'B' batch: the rest is the body
//   other: lines "name: value" up to an empty line, then the body; content-type is a name like any
#include <algorithm>
#include <string>

#include "events/cloud_event.hpp"
#include "events/encoder.hpp"
#include "fuzz/require.hpp"
#include "support/encoded_request.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"

namespace {

using namespace gateway;
using events::CloudEvent;
using events::ContentMode;
using fuzz::require;

test::EncodedRequest encoded(const CloudEvent& event, ContentMode mode) {
  events::EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/";
  settings.host = "h";
  events::Encoder encoder(settings);
  events::Gather gather;
  events::OutgoingEvent outgoing;
  outgoing.passed_on = &event;
  encoder.append(outgoing, gather);
  const std::string bytes = test::joined(gather);
  std::string_view rest = bytes;
  auto request = test::EncodedRequest::take(rest);
  require(request && rest.empty(), "one well-formed request and nothing else");
  return *request;
}

void require_same_attributes(const CloudEvent& sent, const CloudEvent& received) {
  require(std::equal(
              sent.attributes.begin(), sent.attributes.end(), received.attributes.begin(),
              received.attributes.end(),
              [](const auto& a, const auto& b) { return a.name == b.name && a.value == b.value; }),
          "attributes are kept");
}

void check_passing_on(const CloudEvent& event) {
  const auto structured = encoded(event, ContentMode::structured);
  require(test::JsonReference(structured.body).valid() || event.data.size() > 1000,
          "structured mode writes JSON");
  for (const auto from : {events::EventFrom::sender, events::EventFrom::store}) {
    const auto received = events::read_structured_event(structured.body, from);
    require(received.has_value(), "structured mode writes what it can read");
    require_same_attributes(event, *received);
    require(received->content_type == event.content_type, "the content type is kept");
    require(received->data_kind == event.data_kind, "the kind of data is kept");
    require(received->data == event.data, "data is kept");
  }
  const auto batch = encoded(event, ContentMode::batch);
  require(batch.body == "[" + structured.body + "]", "a batch of one");

  const auto binary = encoded(event, ContentMode::binary);
  if (binary.header("ce-id").empty()) {
    require(binary.body == structured.body, "or it is sent as in structured mode");
    return;
  }
  require(binary.body == event.data, "binary mode sends the data as it is");
  const auto received = events::read_binary_event(binary.cloud_event_headers(),
                                                  binary.header("Content-Type"), binary.body);
  require(received.has_value(), "binary mode writes what it can read");
  require_same_attributes(event, *received);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const test::Padded input(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1));
  std::string_view body = input.view();
  if (data[0] == 'S') {
    if (const auto event = events::read_structured_event(body)) check_passing_on(*event);
    return 0;
  }
  if (data[0] == 'B') {
    if (const auto batch = events::read_event_batch(body)) {
      for (const auto& event : *batch) check_passing_on(event);
    }
    return 0;
  }
  std::vector<events::HeaderField> headers;
  std::string_view content_type;
  for (;;) {
    const std::string_view line = body.substr(0, body.find('\n'));
    body.remove_prefix(std::min(body.size(), line.size() + 1));
    if (line.empty()) break;
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) return 0;
    events::HeaderField field;
    field.name = line.substr(0, colon);
    field.value = line.substr(colon + 2);
    if (field.name == "content-type") content_type = field.value;
    headers.push_back(field);
  }
  if (const auto event = events::read_binary_event(headers, content_type, body)) {
    check_passing_on(*event);
  }
  return 0;
}

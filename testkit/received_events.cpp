#include "testkit/received_events.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "events/record_splitter.hpp"

namespace gateway::test {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

boost::system::result<ReceivedEvents, events::Malformed> read_events(const MessageView& request) {
  std::vector<std::string> names;
  names.reserve(request.fields.all().size());  // the fields below are views of its elements
  std::vector<events::HeaderField> fields;
  for (const auto& [name, value] : request.fields.all()) {
    names.push_back(lower(name));
    fields.push_back({names.back(), value});
  }
  const std::string_view content_type = request.fields["Content-Type"];
  // The event readers look at a few bytes behind the text.
  std::string padded;
  padded.reserve(request.body.size() + events::RecordSplitter::kPadding);
  padded.assign(request.body);
  padded.append(events::RecordSplitter::kPadding, ' ');
  const std::string_view body = std::string_view(padded).substr(0, request.body.size());

  const std::string media_type = lower(content_type);
  ReceivedEvents received;
  if (media_type.starts_with("application/cloudevents-batch")) {
    received.mode = events::ContentMode::batch;
    auto batch = events::read_event_batch(body);
    if (!batch) return batch.error();
    received.events = std::move(*batch);
    return received;
  }
  const bool structured = media_type.starts_with("application/cloudevents");
  if (structured) received.mode = events::ContentMode::structured;
  auto event = structured ? events::read_structured_event(body)
                          : events::read_binary_event(fields, content_type, body);
  if (!event) return event.error();
  received.events.push_back(std::move(*event));
  return received;
}

}  // namespace gateway::test

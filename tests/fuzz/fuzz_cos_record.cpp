// Any bytes as a record: reading, naming and redacting survive them; of valid JSON, redaction keeps
// length and validity and hides the value, and no encoder lets a member break its request.
#include <string>

#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/identity.hpp"
#include "events/redactor.hpp"
#include "fuzz/require.hpp"
#include "support/encoded_request.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"

namespace {

using namespace gateway;
using fuzz::require;
using test::JsonReference;

events::EncoderSettings settings(events::ContentMode mode) {
  using enum events::RecordAttribute;
  events::EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/";
  settings.host = "h";
  settings.source = "s";
  settings.attributes = {subject, cosbucket, cosregion, coseventname, coseventtime};
  return settings;
}

void check_encoders(std::string_view record) {
  static events::Encoder binary(settings(events::ContentMode::binary));
  static events::Encoder structured(settings(events::ContentMode::structured));
  events::OutgoingEvent event;
  event.record = record;

  events::Gather gather;
  binary.append(event, gather);
  const std::string bytes = test::joined(gather);
  std::string_view rest = bytes;
  const auto one = test::EncodedRequest::take(rest);
  require(one && rest.empty(), "one well-formed request and nothing else");
  require(one->body == record, "the body is the record");

  gather.clear();
  structured.append(event, gather);
  const std::string json_bytes = test::joined(gather);
  rest = json_bytes;
  const auto two = test::EncodedRequest::take(rest);
  require(two && rest.empty(), "one well-formed request and nothing else");
  // A record is an object without white space around it: RecordSplitter sees to that.
  const bool is_object = record.starts_with('{') && record.ends_with('}');
  if (!is_object || !JsonReference(record).valid()) return;
  // What is written is read again, by this gateway's stores and by another gateway.
  const auto read = events::read_structured_event(two->body);
  require(read && read->data == record, "an event of a record is an event");
  require(events::read_structured_event(two->body, events::EventFrom::store).has_value(),
          "and can be stored");
  const auto head =
      events::read_binary_event(one->cloud_event_headers(), "application/json", one->body);
  require(head.has_value(), "in binary mode as well");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static events::CosRecordReader reader;
  static events::Redactor redactor({"Authorization", "a"});
  static events::StableIds ids;

  test::Padded record(std::string_view(reinterpret_cast<const char*>(data), size));
  const events::CosRecord fields = reader.read(record.view());
  static_cast<void>(fields.object_key());
  static_cast<void>(fields.time());
  ids.begin_post();
  const auto id = ids.next(fields, record.view());
  require(!(ids.next(fields, record.view()) == id), "the second equal record has its own id");

  check_encoders(record.view());

  const bool valid = JsonReference(record.view()).valid();
  if (!valid) return 0;
  const auto blanked = redactor.redact(record.data(), record.size());
  require(blanked.has_value(), "JSON of any depth that is taken in can be searched");
  require(JsonReference(record.view()).valid(), "a redacted record is JSON");
  test::Padded again(record.view());
  // A string that held JSON is empty now, and no longer one that does.
  const auto found = redactor.redact(again.data(), again.size());
  require(found && *found <= *blanked, "redaction finds nothing more");
  require(again.view() == record.view(), "and changes nothing more");
  return 0;
}

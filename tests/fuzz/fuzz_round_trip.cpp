// Any body, all the way: what the splitter takes is what Boost.JSON, which shares nothing with it,
// reads; in every content mode what is sent for each record holds the same value again; and the
// event as it is stored is recognised as that of the record.
#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/encoder.hpp"
#include "events/record_splitter.hpp"
#include "fuzz/require.hpp"
#include "support/encoded_request.hpp"
#include "support/padded.hpp"

namespace {

using namespace gateway;
using events::ContentMode;
using events::DataShape;
using fuzz::require;
namespace json = boost::json;

// Empty if Boost.JSON does not take it.
std::optional<json::value> parsed(std::string_view text) {
  json::parse_options options;
  options.max_depth = 2000;
  boost::system::error_code error;
  auto value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

// Boost.JSON refuses lone surrogates, which the grammar allows, and exponents beyond its own.
bool may_be_refused(std::string_view text) {
  return text.find("\\u") != std::string_view::npos || text.find_first_of("eE") != text.npos;
}

// Boost.JSON reads 0e999 as not a number, which equals nothing; as text it equals itself. And it
// rounds a number of many digits by how much text follows it: such may differ in their last bits.
bool same_number(double a, double b) {
  return a == b || std::abs(a - b) <= 4 * std::numeric_limits<double>::epsilon() * std::abs(a) ||
         (std::isnan(a) && std::isnan(b));
}

bool same(const json::value& a, const json::value& b) {
  if (a.kind() != b.kind()) return false;
  if (const double* number = a.if_double()) return same_number(*number, b.get_double());
  if (const json::array* array = a.if_array()) {
    return std::ranges::equal(*array, b.get_array(), same);
  }
  if (const json::object* object = a.if_object()) {
    const json::object& other = b.get_object();
    return object->size() == other.size() && std::ranges::all_of(*object, [&](const auto& member) {
             const json::value* there = other.if_contains(member.key());
             return there != nullptr && same(member.value(), *there);
           });
  }
  return a == b;
}

events::Encoder& encoder(ContentMode mode, DataShape shape) {
  const auto make = [](ContentMode mode, DataShape shape) {
    using enum events::RecordAttribute;
    events::EncoderSettings settings;
    settings.mode = mode;
    settings.data = shape;
    settings.request_target = "/";
    settings.host = "h";
    settings.source = "s";
    settings.attributes = {subject, cosbucket, cosregion, coseventname, coseventtime};
    return events::Encoder(settings);
  };
  static std::array<events::Encoder, 4> all{make(ContentMode::binary, DataShape::record),
                                            make(ContentMode::binary, DataShape::records),
                                            make(ContentMode::structured, DataShape::record),
                                            make(ContentMode::structured, DataShape::records)};
  return all[(mode == ContentMode::binary ? 0U : 2U) + (shape == DataShape::record ? 0U : 1U)];
}

void check_encoded(std::string_view record, const json::value& expected) {
  for (const ContentMode mode : {ContentMode::binary, ContentMode::structured}) {
    for (const DataShape shape : {DataShape::record, DataShape::records}) {
      events::OutgoingEvent event;
      event.record = record;
      events::Gather gather;
      encoder(mode, shape).append(event, gather);
      const std::string bytes = test::joined(gather);
      std::string_view rest = bytes;
      const auto request = test::EncodedRequest::take(rest);
      require(request && rest.empty(), "one well-formed request and nothing else");
      auto body = parsed(request->body);
      require(body.has_value(), "the body is JSON");
      const json::value* data = &*body;
      if (mode == ContentMode::structured) {
        const auto& members = body->as_object();
        require(members.contains("data") && members.at("id").is_string(), "and an event");
        data = &members.at("data");
      }
      if (shape == DataShape::records) data = &data->at("Records").at(0);
      require(same(*data, expected), "that holds the record");
      std::string stored;
      encoder(mode, shape).json(event, stored);
      const auto again = encoder(mode, shape).recognise(stored);
      require(again && again->id == event.id && again->time == event.time &&
                  again->record == event.record,
              "and is recognised");
    }
  }
}

// Of any text that is taken for an event of a record, the same text is made again.
void check_recognised(std::string_view text) {
  for (const DataShape shape : {DataShape::record, DataShape::records}) {
    const auto event = encoder(ContentMode::binary, shape).recognise(text);
    if (!event) continue;
    std::string again;
    encoder(ContentMode::binary, shape).json(*event, again);
    require(again == text, "what is recognised is what is written");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static events::RecordSplitter splitter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_recognised(text);
  test::Padded body(text);
  const auto spans = splitter.split(body.data(), body.size());
  const auto whole = parsed(text);
  if (!spans) return 0;
  if (!whole) {
    require(may_be_refused(text), "what is split is JSON");
    return 0;
  }
  const auto& records = whole->at("Records").as_array();
  require(records.size() == spans->size(), "as many records as there are");
  std::size_t i = 0;
  for (const auto& span : std::vector(spans->begin(), spans->end())) {
    const std::string_view record = body.view().substr(span.offset, span.length);
    const auto alone = parsed(record);
    require(alone && same(*alone, records[i]), "a record is what stands in the body");
    if (i < 4) check_encoded(record, records[i]);
    ++i;
  }
  return 0;
}

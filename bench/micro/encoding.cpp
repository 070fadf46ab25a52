#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/uuid.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

using events::ContentMode;
using events::RecordAttribute;

// Some dozens of requests per write, as on a connection.
constexpr std::size_t kEvents = 32;

struct Encoding {
  explicit Encoding(const events::EncoderSettings& settings) : encoder(settings) {
    events::RandomUuids ids;
    for (auto& event : events) {
      event.id = ids.next();
      event.time = events::WallTime{std::chrono::milliseconds{1767322800123}};
      event.record = record;
    }
  }
  std::string record = record_of(Form::current);
  events::Encoder encoder;
  events::Gather gather;
  std::array<events::OutgoingEvent, kEvents> events;
};

events::EncoderSettings settings(ContentMode mode, std::vector<RecordAttribute> attributes) {
  events::EncoderSettings settings;
  settings.mode = mode;
  settings.request_target = "/gateway/bench";
  settings.host = "eventbus.example:8080";
  settings.source = "vanus-cos-source-function-1234";
  settings.attributes = std::move(attributes);
  return settings;
}

void add(Subjects& subjects, std::string name, ContentMode mode, bool as_one_batch,
         std::vector<RecordAttribute> attributes = {}) {
  const std::size_t bytes = kEvents * record_of(Form::current).size();
  subjects.add(std::move(name), {bytes, kEvents},
               [given = settings(mode, std::move(attributes)), as_one_batch] {
                 const auto state = std::make_shared<Encoding>(given);
                 return [state, as_one_batch] {
                   if (as_one_batch) {
                     state->encoder.append_batch(state->events, state->gather);
                   } else {
                     for (const auto& event : state->events) {
                       state->encoder.append(event, state->gather);
                     }
                   }
                   benchmark::DoNotOptimize(state->gather.pieces().data());
                   state->gather.sent(state->gather.bytes());
                 };
               });
}

}  // namespace

void add_encoding(Subjects& subjects) {
  add(subjects, "encode/binary", ContentMode::binary, false);
  add(subjects, "encode/binary_with_attributes", ContentMode::binary, false,
      {RecordAttribute::subject, RecordAttribute::cosbucket, RecordAttribute::cosregion,
       RecordAttribute::coseventname, RecordAttribute::coseventtime});
  add(subjects, "encode/structured", ContentMode::structured, false);
  add(subjects, "encode/batches_of_1", ContentMode::batch, false);
  add(subjects, "encode/batch_of_32", ContentMode::batch, true);
}

}  // namespace gateway::micro

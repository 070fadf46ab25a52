#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "events/cos_record.hpp"
#include "events/encoder.hpp"
#include "events/gather.hpp"
#include "events/identity.hpp"
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

void add(Subjects& subjects, std::string name, ContentMode mode, bool as_one_batch,
         std::vector<RecordAttribute> attributes = {}) {
  const std::size_t bytes = kEvents * record_of(Form::current).size();
  events::EncoderSettings settings = bench_encoder();
  settings.mode = mode;
  settings.attributes = std::move(attributes);
  subjects.add(
      std::move(name), {bytes, kEvents}, [settings] { return Encoding(settings); },
      [as_one_batch](Encoding& it) {
        if (as_one_batch) {
          it.encoder.begin_batch();
          for (const auto& event : it.events) {
            benchmark::DoNotOptimize(it.encoder.add_to_batch(event, SIZE_MAX));
          }
          it.encoder.end_batch(it.gather);
        } else {
          for (const auto& event : it.events) it.encoder.append(event, it.gather);
        }
        benchmark::DoNotOptimize(it.gather.pieces().data());
        it.gather.sent(it.gather.bytes());
      });
}

}  // namespace

void add_identity(Subjects& subjects) {
  subjects.add(
      "id/random", {}, [] { return events::RandomUuids(); },
      [](events::RandomUuids& ids) { benchmark::DoNotOptimize(ids.next()); });
  // The record has been read already; what remains is the name and its SHA-1.
  struct Record {
    std::string text = padded(record_of(Form::current));
    events::CosRecordReader reader;
    events::CosRecord fields = reader.read(text);
    events::StableIds ids;
  };
  subjects.add(
      "id/stable", {}, [] { return Record(); },
      [](Record& record) {
        record.ids.begin_post();
        benchmark::DoNotOptimize(record.ids.next(record.fields, record.text));
      });
  subjects.add(
      "id/text", {events::Uuid::kTextSize}, [] { return events::RandomUuids().next(); },
      [](const events::Uuid& id) {
        std::array<char, events::Uuid::kTextSize> text{};
        id.write(text.data());
        benchmark::DoNotOptimize(text);
      });
}

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

#include <array>
#include <string>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/uuid.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {

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

}  // namespace gateway::micro

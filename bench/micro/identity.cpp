#include <array>
#include <memory>
#include <string>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/uuid.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {

void add_identity(Subjects& subjects) {
  subjects.add("id/random", {}, [] {
    const auto ids = std::make_shared<events::RandomUuids>();
    return [ids] { benchmark::DoNotOptimize(ids->next()); };
  });
  // The record has been read already; what remains is the name and its SHA-1.
  subjects.add("id/stable", {}, [] {
    struct State {
      std::string record = padded(record_of(Form::current));
      events::CosRecordReader reader;
      events::CosRecord fields = reader.read(record);
      events::StableIds ids;
    };
    const auto state = std::make_shared<State>();
    return [state] {
      state->ids.begin_post();
      benchmark::DoNotOptimize(state->ids.next(state->fields, state->record));
    };
  });
  subjects.add("id/text", {events::Uuid::kTextSize}, [] {
    return [id = events::RandomUuids().next()] {
      std::array<char, events::Uuid::kTextSize> text{};
      id.write(text.data());
      benchmark::DoNotOptimize(text);
    };
  });
}

}  // namespace gateway::micro

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/json_index.hpp"
#include "events/record_splitter.hpp"
#include "events/redactor.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "load/bucket_entries.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

template <class Reader>
struct Reading {
  explicit Reading(std::string bytes) : text(std::move(bytes)) {}
  std::string text;
  Reader reader;
};

void add_split(Subjects& subjects, std::string_view name, Form form, std::size_t records) {
  const std::string body = post_of(form, records);
  subjects.add(fmt::format("split/{}/{}", name, records), {body.size(), records}, [body] {
    const auto state = std::make_shared<Reading<events::RecordSplitter>>(padded(body));
    return [state] {
      benchmark::DoNotOptimize(state->reader.split(state->text.data(), state->text.size()));
    };
  });
}

// What finding the tokens costs, without the walk.
void add_index(Subjects& subjects, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  subjects.add(fmt::format("index_only/{}", records), {body.size(), records}, [body] {
    const auto state = std::make_shared<Reading<events::JsonIndex>>(padded(body));
    return [state] {
      benchmark::DoNotOptimize(state->reader.read(state->text.data(), state->text.size()));
    };
  });
}

// The nearest thing the library offers that validates everything; it gives no spans.
void add_dom(Subjects& subjects, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  subjects.add(fmt::format("simdjson_dom/{}", records), {body.size(), records}, [body] {
    const auto state = std::make_shared<Reading<simdjson::dom::parser>>(padded(body));
    return [state] {
      benchmark::DoNotOptimize(state->reader.parse(state->text.data(), state->text.size(), false));
    };
  });
}

// With what stable ids, attributes and redaction want of each record.
class Notes final : public events::RecordVisitor {
 public:
  void on_record(std::string_view record, const events::RecordMembers& members) override {
    if (names) benchmark::DoNotOptimize(ids.next(reader.read(record, members), record));
  }
  bool names = false;
  events::StableIds ids;
  events::CosRecordReader reader;
};

void add_split_noted(Subjects& subjects, std::string_view name, bool names, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  subjects.add(fmt::format("split_{}/{}", name, records), {body.size(), records}, [body, names] {
    struct State {
      std::string text;
      std::string copy;
      Notes notes;
      events::Redactor redactor{{"Authorization"}};
      events::RecordSplitter splitter;
    };
    const auto state = std::make_shared<State>();
    state->text = body;
    state->copy = padded(body);
    state->notes.names = names;
    return [state, size = body.size()] {
      std::ranges::copy(state->text, state->copy.begin());  // with the secrets again
      state->notes.ids.begin_post();
      benchmark::DoNotOptimize(
          state->splitter.split(state->copy.data(), size, state->notes, state->redactor));
    };
  });
}

// With where each record goes.
void add_split_routed(Subjects& subjects, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  subjects.add(fmt::format("split_and_route/{}", records), {body.size(), records}, [body] {
    struct State {
      RoutePlan plan;
      std::string text;
      std::optional<RecordNotes> notes;
      events::RecordSplitter splitter;
    };
    const auto state = std::make_shared<State>();
    std::vector<routing::Route> routes(load::kManyEntries);
    for (std::size_t i = 0; i < routes.size(); ++i) {
      routing::Route& route = routes[i];
      route.bucket =
          i == routes.size() / 2 ? "bench-1250000000" : fmt::format("bench{}-1250000000", i);
      route.events = {"cos:ObjectCreated:*"};
      for (const auto text : load::kExcluded) {
        route.exclude.push_back(routing::Pattern::compile(text).value());
      }
      for (const auto text : load::kIncluded) {
        route.include.push_back(routing::Pattern::compile(text).value());
      }
    }
    state->plan.table = routing::RouteTable(std::move(routes), routing::UnknownBucket::refuse);
    state->plan.styles.resize(1);
    state->notes.emplace(state->plan);
    state->text = padded(body);
    return [state, size = body.size()] {
      state->notes->begin(size, kAnySigner);
      benchmark::DoNotOptimize(state->splitter.split_to_route(
          state->text.data(), size, *state->notes, state->notes->routed_by()));
    };
  });
}

void add_fields(Subjects& subjects) {
  const std::string record = record_of(Form::current);
  subjects.add("read_cos_record", {record.size()}, [record] {
    const auto state = std::make_shared<Reading<events::CosRecordReader>>(padded(record));
    return [state] { benchmark::DoNotOptimize(state->reader.read(state->text)); };
  });
  subjects.add("redact", {record.size()}, [record] {
    struct State {
      std::string text;
      std::string copy;
      events::Redactor redactor{{"Authorization"}};
    };
    const auto state = std::make_shared<State>();
    state->text = record;
    state->copy = padded(record);
    return [state] {
      std::ranges::copy(state->text, state->copy.begin());
      benchmark::DoNotOptimize(state->redactor.redact(state->copy.data(), state->copy.size()));
    };
  });
}

}  // namespace

void add_splitting(Subjects& subjects) {
  for (const std::size_t records : {1U, 10U, 100U}) {
    add_split(subjects, "current", Form::current, records);
  }
  for (const std::size_t records : {1U, 100U}) {
    add_split_noted(subjects, "and_redact", false, records);
    add_split_noted(subjects, "redact_and_name", true, records);
  }
  for (const std::size_t records : {1U, 100U}) add_split_routed(subjects, records);
  add_split(subjects, "older", Form::older, 10);
  add_split(subjects, "indented", Form::indented, 10);
  add_split(subjects, "awkward_key", Form::awkward_key, 10);
  for (const std::size_t records : {1U, 100U}) {
    add_index(subjects, records);
    add_dom(subjects, records);
  }
  add_fields(subjects);
}

}  // namespace gateway::micro

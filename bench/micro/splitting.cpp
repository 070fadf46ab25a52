#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "events/cos_record.hpp"
#include "events/identity.hpp"
#include "events/json_index.hpp"
#include "events/record_splitter.hpp"
#include "events/redactor.hpp"
#include "gateway/config/load.hpp"
#include "gateway/pipeline/record_notes.hpp"
#include "gateway/pipeline/route_plan.hpp"
#include "load/gateway_config.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"

namespace gateway::micro {
namespace {

// Adds what `read` makes of a text with a reader of its own.
template <class Reader, class Read>
void add_reader(Subjects& subjects, std::string name, const std::string& text, std::size_t records,
                const Read& read) {
  struct Reading {
    std::string text;
    Reader reader{};
  };
  subjects.add(
      std::move(name), {text.size(), records}, [text] { return Reading{padded(text)}; },
      [read](Reading& it) { benchmark::DoNotOptimize(read(it.reader, it.text)); });
}

void add_split(Subjects& subjects, std::string_view name, Form form, std::size_t records) {
  add_reader<events::RecordSplitter>(
      subjects, fmt::format("split/{}/{}", name, records), post_of(form, records), records,
      [](auto& splitter, auto& text) { return splitter.split(text.data(), text.size()); });
}

// What finding the tokens costs, without the walk; and the nearest thing the library offers that
// validates everything, which gives no spans.
void add_bounds(Subjects& subjects, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  add_reader<events::JsonIndex>(
      subjects, fmt::format("index_only/{}", records), body, records,
      [](auto& index, auto& text) { return index.read(text.data(), text.size()); });
  add_reader<simdjson::dom::parser>(
      subjects, fmt::format("simdjson_dom/{}", records), body, records,
      [](auto& parser, auto& text) { return parser.parse(text.data(), text.size(), false); });
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

// A text whose secrets are redacted, and put back before the next time.
struct Redacting {
  explicit Redacting(std::string_view secret) : text(secret), copy(padded(text)) {}
  void restore() { std::ranges::copy(text, copy.begin()); }
  std::string text;
  std::string copy;
  events::Redactor redactor{{"Authorization"}};
};

void add_split_noted(Subjects& subjects, std::string_view name, bool names, std::size_t records) {
  struct Noting : Redacting {
    Noting(std::string_view body, bool names) : Redacting(body) { notes.names = names; }
    Notes notes;
    events::RecordSplitter splitter;
  };
  const std::string body = post_of(Form::current, records);
  subjects.add(
      fmt::format("split_{}/{}", name, records), {body.size(), records},
      [body, names] { return Noting(body, names); },
      [](Noting& it) {
        it.restore();
        it.notes.ids.begin_post();
        benchmark::DoNotOptimize(
            it.splitter.split(it.copy.data(), it.copy.size(), it.notes, it.redactor));
      });
}

RoutePlan plan_of_many_entries() {
  load::GatewaySettings settings;
  settings.more = load::many_entries(kBucketHost);
  config::SourceTexts texts;
  texts.config = {"config.yml", load::gateway_config(settings, 1, 2, 3, "")};
  return route_plan(config::load(texts).settings);
}

// A post of the bucket of the entry in the middle of many.
struct Routing {
  std::string text;
  RoutePlan plan = plan_of_many_entries();
  RecordNotes notes{plan};
  events::RecordSplitter splitter{};
};

// With where each record goes.
void add_split_routed(Subjects& subjects, std::size_t records) {
  const std::string body = post_of(Form::current, records);
  subjects.add(
      fmt::format("split_and_route/{}", records), {body.size(), records},
      [body] { return Routing{padded(body)}; },
      [](Routing& it) {
        it.notes.begin(it.text.size(), kAnySigner);
        benchmark::DoNotOptimize(it.splitter.split_to_route(it.text.data(), it.text.size(),
                                                            it.notes, it.notes.routed_by()));
      });
}

void add_fields(Subjects& subjects) {
  const std::string record = record_of(Form::current);
  add_reader<events::CosRecordReader>(subjects, "read_cos_record", record, 1,
                                      [](auto& reader, auto& text) { return reader.read(text); });
  subjects.add(
      "redact", {record.size()}, [record] { return Redacting(record); },
      [](Redacting& it) {
        it.restore();
        benchmark::DoNotOptimize(it.redactor.redact(it.copy.data(), it.copy.size()));
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
  for (const std::size_t records : {1U, 100U}) add_bounds(subjects, records);
  add_fields(subjects);
}

}  // namespace gateway::micro

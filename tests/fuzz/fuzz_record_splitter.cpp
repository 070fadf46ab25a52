// Any body: the splitter, the slow reference and simdjson's own parser must agree on whether it is
// a COS payload, and each record must be JSON on its own.
#include <algorithm>
#include <string>

#include "events/record_splitter.hpp"
#include "fuzz/require.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/simdjson_verdict.hpp"

namespace {

// What records are routed by, as one of the two walks finds it.
class Routed final : public gateway::events::RecordVisitor {
 public:
  void on_record(std::string_view record, const gateway::events::RecordMembers& members) override {
    using enum gateway::events::Member;
    for (const auto member : {bucket, appid, key, event_name}) {
      facts += members[member].in(record.data());
      facts += members[member].escaped != 0 ? '\\' : '\n';
    }
  }
  std::string facts;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gateway;
  using fuzz::require;
  using test::JsonReference;

  static events::RecordSplitter splitter;
  static simdjson::dom::parser parser;
  const std::string_view text(reinterpret_cast<const char*>(data), size);

  static events::Redactor nothing({});
  Routed whole;
  Routed route;
  test::Padded one(text);
  test::Padded other(text);
  const bool good = splitter.split(one.data(), one.size(), whole, nothing).has_value();
  require(splitter.split_to_route(other.data(), other.size(), route).has_value() == good,
          "both walks agree on what is good");
  require(!good || whole.facts == route.facts, "both walks see the same of each record");
  Routed by_key;
  test::Padded third(text);
  require(splitter.split_to_route(third.data(), third.size(), by_key, events::RoutedBy::key)
                  .has_value() == good,
          "what is not wanted is checked all the same");

  test::Padded body(text);
  const auto spans = splitter.split(body.data(), body.size());
  const auto expected = JsonReference::records(text);
  require(spans.has_value() == expected.has_value(), "splitter and reference agree");
  const auto verdict = test::simdjson_verdict(parser, text);
  if (verdict) require(*verdict == JsonReference(text).valid(), "simdjson and reference agree");
  if (!spans) {
    require(spans.error().offset() <= size, "an error lies within the body");
    require(!spans.error().reason().empty(), "an error has a reason");
    return 0;
  }
  const auto same = [&](const events::RecordSpan& span, std::string_view record) {
    return body.view().substr(span.offset, span.length) == record;
  };
  require(std::equal(spans->begin(), spans->end(), expected->begin(), expected->end(), same),
          "splitter and reference find the same records");
  for (const auto& span : *spans) {
    JsonReference record(body.view().substr(span.offset, span.length));
    require(record.valid(), "a record is JSON on its own");
  }
  return 0;
}

// The splitter on damaged bodies, beside two other readers of JSON.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "events/record_splitter.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"
#include "support/sample_payloads.hpp"
#include "support/simdjson_verdict.hpp"

namespace gateway::events {
namespace {

using test::JsonReference;
using test::Padded;

// Changes a few bytes: the ones that matter to JSON most of all.
std::string mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view kTelling =
      "{}[]:,\"\\ \n\t\r0123456789-+.eEtrufalsn/bx\x01\x0C\x1A\x7F\x80\xC3\xED\xF4\xFF";
  const auto below = [&](std::size_t limit) { return random() % limit; };
  const std::size_t changes = 1 + below(3);
  for (std::size_t i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = below(text.size());
    const char telling = kTelling[below(kTelling.size())];
    switch (below(6)) {
      case 0: text[at] = telling; break;
      case 1: text.insert(at, 1, telling); break;
      case 2: text.erase(at, 1 + below(3)); break;
      case 3: text.resize(at); break;
      case 4: text.insert(at, text.substr(below(text.size()), below(40))); break;
      default: std::swap(text[at], text[below(text.size())]);
    }
  }
  return text;
}

class Differential : public testing::TestWithParam<const simdjson::implementation*> {
 protected:
  void SetUp() override {
    if (!GetParam()->supported_by_runtime_system()) GTEST_SKIP() << "not on this processor";
    simdjson::get_active_implementation() = GetParam();
  }
  void TearDown() override { simdjson::get_active_implementation() = previous_; }

 private:
  const simdjson::implementation* previous_ = simdjson::get_active_implementation();
};

TEST_P(Differential, AgreesWithTheReferenceAndWithSimdjsonOnMutatedBodies) {
  std::vector<std::string> seeds;
  for (auto& [name, payload] : test::sample_payloads()) seeds.push_back(std::move(payload));
  seeds.emplace_back(R"({"Records":[{"a":[1,-2.5e+3,true,false,null,"\"\\\u00e4"]},{}],"b":{}})");
  seeds.emplace_back(R"({"R\u0065cords":[{"Records":[]}],"x":[[],{}]})");
  std::mt19937 random(20260102);  // the same bodies in every run
  RecordSplitter splitter;
  simdjson::dom::parser parser;
  std::size_t accepted = 0;
  for (int round = 0; round < 30000; ++round) {
    const std::string text = mutated(seeds[random() % seeds.size()], random);
    Padded body(text, "}]\"0"[random() % 4]);
    const auto spans = splitter.split(body.data(), body.size());
    const auto expected = JsonReference::records(text);
    ASSERT_EQ(spans.has_value(), expected.has_value()) << text;
    if (spans) {
      ++accepted;
      ASSERT_TRUE(std::equal(spans->begin(), spans->end(), expected->begin(), expected->end(),
                             [&](const RecordSpan& span, std::string_view record) {
                               return std::string_view(text).substr(span.offset, span.length) ==
                                      record;
                             }))
          << text;
    } else {
      ASSERT_LE(spans.error().offset(), text.size()) << text;
    }
    const auto verdict = test::simdjson_verdict(parser, text);
    if (verdict) {
      ASSERT_EQ(*verdict, JsonReference(text).valid()) << text;
    }
  }
  EXPECT_GT(accepted, 1000U);
}

INSTANTIATE_TEST_SUITE_P(, Differential,
                         testing::ValuesIn(simdjson::get_available_implementations().begin(),
                                           simdjson::get_available_implementations().end()),
                         [](const auto& kernel) { return std::string(kernel.param->name()); });

}  // namespace
}  // namespace gateway::events

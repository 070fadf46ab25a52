// Any JSON, with a secret under a name that is redacted: after redaction no reader of the text
// finds it under that name within requestHeaders, nor in JSON that stands in a string. The text is
// the fuzzer's; "#" in it stands for the secret.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "events/record_splitter.hpp"
#include "events/redactor.hpp"
#include "fuzz/require.hpp"
#include "support/json_reference.hpp"
#include "support/padded.hpp"

namespace {

using namespace gateway;
using fuzz::require;
namespace json = boost::json;

constexpr std::string_view kSecret = "q-signature";

bool is(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
  });
}

// Reads as another program does: parsed, member names in any letter case, strings that are JSON
// looked into.
class Reader {
 public:
  [[nodiscard]] static bool finds(std::string_view text) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 2000;
    const json::value value = json::parse(text, error, {}, options);
    return !error && finds(value, false);
  }

 private:
  static bool finds(const json::value& value, bool secret) {
    if (const auto* string = value.if_string()) {
      const std::string_view text(string->data(), string->size());
      if (secret && text.find(kSecret) != text.npos) return true;
      return text.find('"') != text.npos && finds(text);
    }
    if (const auto* array = value.if_array()) {
      return std::ranges::any_of(*array, [&](const auto& it) { return finds(it, secret); });
    }
    const auto* object = value.if_object();
    if (object == nullptr) return false;
    return std::ranges::any_of(*object, [&](const auto& member) {
      const bool headers = is(member.key(), "requestheaders");
      return headers ? in_headers(member.value()) : finds(member.value(), secret);
    });
  }
  static bool in_headers(const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) return finds(value, true);
    return std::ranges::any_of(*object, [](const auto& member) {
      return finds(member.value(), is(member.key(), "authorization"));
    });
  }
};

class NoNotes final : public events::RecordVisitor {
 public:
  void on_record(std::string_view, const events::RecordMembers&) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static events::Redactor redactor({"Authorization"});
  static events::RecordSplitter splitter;
  std::string text;
  for (const char c : std::string_view(reinterpret_cast<const char*>(data), size)) {
    if (c == '#') {
      text += kSecret;
    } else {
      text += c;
    }
  }
  if (!test::JsonReference(text).valid()) return 0;
  test::Padded alone(text);
  require(redactor.redact(alone.data(), alone.size()).has_value(), "JSON can be searched");
  require(test::JsonReference(alone.view()).valid(), "what is redacted is JSON");
  require(!Reader::finds(alone.view()), "and holds no secret");

  if (!text.starts_with('{')) return 0;
  test::Padded payload("{\"Records\":[" + text + "]}");
  NoNotes notes;
  const auto records = splitter.split(payload.data(), payload.size(), notes, redactor);
  if (!records) return 0;  // too deep
  const auto record = payload.view().substr((*records)[0].offset, (*records)[0].length);
  require(test::JsonReference(record).valid(), "a redacted record is JSON");
  require(!Reader::finds(record), "and holds no secret");
  require(alone.view().starts_with(record), "the walk takes out what the redactor does");
  return 0;
}

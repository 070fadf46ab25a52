// CloudEvents in binary mode, as they come.
#include <gtest/gtest.h>

#include "unit/events/cloud_event_support.hpp"

namespace gateway::events {
namespace {

using DataKind = CloudEvent::DataKind;

TEST(BinaryEvent, KeepsAttributesAndData) {
  const auto event = read_binary_event(
      headers({{"ce-subject", "Euro%20%E2%82%AC"}, {"host", "x"}, {"ce-count", "5"}}),
      "application/json; charset=utf-8", R"({"a": 1})");
  ASSERT_TRUE(event) << event.error().reason();
  ASSERT_EQ(event->attributes.size(), 6U);
  EXPECT_EQ(event->attributes[0].name, "specversion");
  EXPECT_EQ(event->attribute("id"), "1");
  EXPECT_EQ(event->attribute("source"), "/s");
  EXPECT_EQ(event->attribute("type"), "t");
  EXPECT_EQ(event->attribute("subject"), "Euro \xE2\x82\xAC");
  EXPECT_EQ(event->attribute("count"), "5");
  EXPECT_EQ(event->attribute("host"), "");
  EXPECT_EQ(event->content_type, "application/json; charset=utf-8");
  EXPECT_EQ(event->data, R"({"a": 1})");
}

TEST(BinaryEvent, TellsKindsOfDataApart) {
  const struct {
    std::string_view type;
    std::string body;
    DataKind expected;
  } rows[] = {
      {"application/json", "", DataKind::none},
      {"", "", DataKind::none},
      {"application/json", " 12 ", DataKind::json},
      {"text/json", "\"x\"", DataKind::json},
      {"a/b+json", "[1]", DataKind::json},
      {"application/json", "{", DataKind::bytes},
      {"application/json", "1 2", DataKind::bytes},
      {"text/json", "{", DataKind::bytes},
      {"text/plain", "\xC3\xA4", DataKind::text},
      {"text/plain", "\xE4", DataKind::bytes},
      {"image/png", "[1]", DataKind::bytes},
      {"", "[1]", DataKind::bytes},
      {"text/plain; charset=UTF-8", "\xC3\xA4", DataKind::text},
      {"text/plain; charset=\"utf8\"", "\xC3\xA4", DataKind::text},
      {"text/plain;charset=us-ascii", "a", DataKind::text},
      {"text/plain;charset=us-ascii", "\xC3\xA4", DataKind::bytes},
      {"text/plain; charset=iso-8859-1", "\xC3\xA4", DataKind::bytes},
      {"text/plain; charset=iso-8859-1", "a", DataKind::bytes},
      {"text/plain;\tcharset=utf-16le", std::string("a\0", 2), DataKind::bytes},
      {"application/json; charset=iso-8859-1", "\"\xC3\xA4\"", DataKind::bytes},
      {"application/json; charset=iso-8859-1", "\"a\"", DataKind::json},
  };
  for (const auto& row : rows) {
    const auto event = read_binary_event(headers(), row.type, row.body);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->data_kind, row.expected) << row.type << ' ' << row.body;
    EXPECT_EQ(event->data, row.body);
  }
}

TEST(BinaryEvent, RefusesBadHeaders) {
  const struct {
    std::pair<std::string_view, std::string_view> header;
    std::string_view reason;
  } rows[] = {
      {{"ce-id", "2"}, "an attribute comes twice"},
      {{"ce-some_name", "x"}, "attribute name not of a-z and 0-9"},
      {{"ce-", "x"}, "attribute name not of a-z and 0-9"},
      {{"ce-data", "x"}, "an attribute cannot be named data"},
      {{"ce-datacontenttype", "x/y"}, "datacontenttype belongs in Content-Type"},
      {{"ce-x", "a%0D%0Ab"}, kBadCharacter},
      {{"ce-x", "a%00"}, kBadCharacter},
      {{"ce-x", "a%7F"}, kBadCharacter},
      {{"ce-x", "a%C2%85"}, kBadCharacter},
      {{"ce-x", "a%EF%BF%BE"}, kBadCharacter},
      {{"ce-x", "a%ED%A0%80"}, kBadCharacter},
      {{"ce-subject", ""}, "subject is empty"},
      {{"ce-dataschema", ""}, "dataschema is empty"},
      {{"ce-time", "2026-01-02"}, "time is not RFC 3339"},
      {{"ce-x", "a%FF"}, kBadCharacter},
  };
  for (const auto& row : rows) {
    const auto event = read_binary_event(headers({row.header}), "", "");
    ASSERT_FALSE(event) << row.header.first;
    EXPECT_EQ(event.error().reason(), row.reason);
    EXPECT_EQ(event.error().offset(), 0U);
  }
  const std::string long_name = "ce-" + std::string(256, 'a');
  EXPECT_FALSE(read_binary_event(headers({{long_name, "x"}}), "", ""));
  EXPECT_TRUE(read_binary_event(headers({{long_name.substr(0, 258), "x"}}), "", ""));
  EXPECT_FALSE(read_binary_event(headers(), "text/plain\r\nX: y", ""));
  EXPECT_FALSE(read_binary_event(headers(), "text", ""));
}

TEST(BinaryEvent, RefusesAnEventWithoutWhatMustBeThere) {
  const std::pair<std::string_view, std::string_view> missing[] = {
      {"ce-specversion", "no specversion"},
      {"ce-id", "no id"},
      {"ce-source", "no source"},
      {"ce-type", "no type"},
  };
  for (const auto& [name, reason] : missing) {
    auto fields = headers();
    std::erase_if(fields, [&](const HeaderField& field) { return field.name == name; });
    const auto event = read_binary_event(fields, "", "");
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().reason(), reason);
    for (auto& field : fields = headers()) {
      if (field.name == name) field.value = "";
    }
    EXPECT_FALSE(read_binary_event(fields, "", "")) << "empty " << name;
  }
  auto fields = headers();
  fields[2].value = "0.3";
  EXPECT_EQ(read_binary_event(fields, "", "").error().reason(), "specversion is not 1.0");
}

TEST(BinaryEvent, TakesAUriWithAndWithoutTheEncodingOfHeaders) {
  const struct {
    std::string_view header;
    std::string_view value;  // empty: refused
  } rows[] = {
      {"urn:a", "urn:a"},   {"/a%2520b", "/a%20b"},
      {"/a%20b", "/a%20b"}, {"/a%E6%97%A5", "/a%E6%97%A5"},
      {"/a b", ""},         {"/a%2zb", ""},
      {"/a%3Cb", "/a%3Cb"}, {"%22quoted%22%zz", ""},
      {"1:a", ""},
  };
  for (const auto& row : rows) {
    auto fields = headers();
    fields[1].value = row.header;
    const auto event = read_binary_event(fields, "", "");
    EXPECT_EQ(event.has_value(), !row.value.empty()) << row.header;
    if (event) {
      EXPECT_EQ(event->attribute("source"), row.value);
    }
  }
  EXPECT_FALSE(read_binary_event(headers({{"ce-dataschema", "relative"}}), "", ""));
  EXPECT_TRUE(read_binary_event(headers({{"ce-dataschema", "https://a/%C3%A4"}}), "", ""));
}

}  // namespace
}  // namespace gateway::events

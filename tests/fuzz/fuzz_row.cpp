// Any bytes as what a row of a store holds: it comes back as it was written, or is reported as
// damaged when a column was altered, and how it is shown is one line, printable, and a CloudEvent
// again.
//
// The first byte says which column is altered afterwards (0: none), the second how: then the texts
// of the row, each ended by a line feed, and the rest is the event.
#include <sqlite3.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "events/cloud_event.hpp"
#include "events/utf8.hpp"
#include "fuzz/require.hpp"
#include "gateway/egress/store/row_text.hpp"
#include "gateway/egress/store/store_schema.hpp"
#include "gateway/egress/store/stored_rows.hpp"

namespace {

using namespace gateway;
using namespace gateway::egress;
using fuzz::require;

constexpr WallInstant kAdded{std::chrono::milliseconds{1767323045678}};
constexpr std::array kColumns{"added_ms", "id",     "type",   "bucket",   "key",
                              "attempts", "status", "reason", "endpoint", "first_ms",
                              "last_ms",  "body",   "event",  "sum"};

std::string_view take_line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  return line;
}

StoredRow read_row(std::string_view input, bool dead) {
  StoredRow row;
  row.seq = 1;
  row.added = kAdded;
  row.event.id = take_line(input);
  row.event.type = take_line(input);
  row.event.bucket = take_line(input);
  row.event.key = take_line(input);
  if (dead) {
    DeadLetterDetails& details = row.event.details.emplace();
    details.attempts = static_cast<std::uint32_t>(input.size());
    details.status = 404;
    details.reason = take_line(input);
    details.endpoint = take_line(input);
    details.body = take_line(input);
    details.first = kAdded - std::chrono::milliseconds(input.size());
    // A time no text can be made of.
    details.last = WallInstant{std::chrono::milliseconds{std::int64_t{1} << 60}};
  }
  row.event.json = input;
  return row;
}

void require_printable(std::string_view text, std::string_view allowed) {
  while (!text.empty()) {
    const std::size_t length = events::utf8_sequence_length(text);
    require(length != 0, "what is shown is UTF-8");
    const auto byte = static_cast<unsigned char>(text.front());
    const bool control =
        byte < 0x20 || byte == 0x7F ||
        (length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0);
    require(!control || allowed.find(text.front()) != std::string_view::npos,
            "a terminal is given no commands");
    text.remove_prefix(length);
  }
}

void check_texts(const StoredRow& row, StoreKind kind) {
  const std::string line = list_line(row);
  require_printable(line, "\t");
  std::size_t tabs = 0;
  for (const char c : line) tabs += c == '\t' ? 1 : 0;
  require(tabs == 7, "a line has eight columns");
  // Only rows that are CloudEvents are given out.
  const auto event = events::read_structured_event(row.event.json);
  if (!event) return;
  require_printable(whole_row(row), "\n");
  const std::string exported = export_line(row, kind);
  require_printable(exported, "");
  const auto again = events::read_structured_event(exported);
  require(again.has_value(), "what is exported is a CloudEvent");
  require(again->attributes.size() == event->attributes.size() + 1, "with one attribute more");
  for (std::size_t i = 0; i < event->attributes.size(); ++i) {
    require(again->attributes[i].name == event->attributes[i].name &&
                again->attributes[i].value == event->attributes[i].value,
            "the others are kept");
  }
  boost::system::error_code error;
  boost::json::parse_options deep;
  deep.max_depth = 2000;
  const auto about = boost::json::parse(again->attributes.back().value, error, {}, deep);
  require(!error && about.is_object(), "that holds a JSON object");
}

bool same(const StoredRow& a, const StoredRow& b) {
  if (a.added != b.added || a.event.id != b.event.id || a.event.type != b.event.type ||
      a.event.bucket != b.event.bucket || a.event.key != b.event.key ||
      a.event.json != b.event.json || a.event.details.has_value() != b.event.details.has_value()) {
    return false;
  }
  if (!a.event.details) return true;
  const DeadLetterDetails& x = *a.event.details;
  const DeadLetterDetails& y = *b.event.details;
  return x.attempts == y.attempts && x.status == y.status && x.body == y.body &&
         x.reason == y.reason && x.endpoint == y.endpoint && x.first == y.first && x.last == y.last;
}

void alter_row(sqlite::Database& database, std::uint8_t which, std::uint8_t how,
               std::string_view input) {
  const std::size_t column = which % (kColumns.size() + 1);
  if (column == 0) return;
  // With text, with a number or with a blob, whatever the column is meant to hold.
  constexpr std::array kForms{"'x'||?1", "length(?1)*7919", "CAST(?1 AS BLOB)", "NULL"};
  const std::string form = kForms[(how >> 1) % kForms.size()];
  sqlite::Statement alter(database, std::string("UPDATE OR IGNORE events SET ") +
                                        kColumns[column - 1] + "=" + form +
                                        (form == "NULL" ? " WHERE ?1 IS NOT NULL" : ""));
  alter.bind(1, input.substr(0, 64));
  alter.run();
}

template <class Rows>
void check_found(const Chunk<Rows>& chunk, std::size_t written) {
  const std::size_t found = chunk.rows.size() + chunk.damaged.size();
  require(found == written || (found == 1 && chunk.rows.empty()), "there is what was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool dead = (data[1] & 1) != 0;
  const StoredRow row = read_row(input, dead);
  check_texts(row, dead ? StoreKind::dead_letters : StoreKind::spool);

  static sqlite::Database* const database = [] {
    auto* const made = new sqlite::Database(":memory:", SQLITE_OPEN_READWRITE);
    create_schema(*made, StoreKind::dead_letters, 0, {});
    return made;
  }();
  static sqlite::Statement insert(*database, kInsertRow);
  static sqlite::Statement select(*database, std::string(kSelectRow) + " WHERE seq>0");
  for (const std::size_t events : {1U, 2U}) {
    if (events == 2 && dead) break;
    database->run("DELETE FROM events");
    std::string block;
    if (events == 1) {
      bind_row(insert, row.seq, row.event, row.added);
    } else {
      bind_block(insert, row.seq, std::array{row.event, row.event}, row.added, block);
    }
    insert.run();
    alter_row(*database, data[0], data[1], input);
    {
      StoredChunk chunk;
      const sqlite::ResetAtEnd reset(select);
      while (select.step()) static_cast<void>(add_row(select, chunk));
      check_found(chunk, events);
      for (const StoredRow& got : chunk.rows) {
        require(same(got, row), "no altered row is given out");
      }
      if (chunk.rows.empty() && data[0] % (kColumns.size() + 1) == 0) {
        require(!events::read_structured_event(row.event.json), "a row that was written is good");
      }
    }
    SpooledChunk chunk;
    const sqlite::ResetAtEnd reset(select);
    collect_rows(select, StoreFilter(), 0, {events, std::numeric_limits<std::size_t>::max()},
                 chunk);
    check_found(chunk, events);
    for (const auto& got : chunk.rows.entries()) {
      require(chunk.rows.json(got) == row.event.json && got.added == row.added,
              "no altered row is sent");
    }
  }
  return 0;
}

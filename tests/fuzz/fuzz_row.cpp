// Any bytes as what a row of a store holds: it comes back as it was written, or is reported as
// damaged when a byte of it was altered, and how it is shown is one line, printable, and a
// CloudEvent again.
//
// The first byte says which byte is altered afterwards, the second how and whether it is a dead
// letter: then the texts of the row, each ended by a line feed, and the rest is the event.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "events/cloud_event.hpp"
#include "events/utf8.hpp"
#include "fuzz/require.hpp"
#include "gateway/egress/rows/row_text.hpp"
#include "gateway/egress/segments/record_reader.hpp"
#include "support/idle_file.hpp"

namespace {

using namespace gateway;
using namespace gateway::egress;
using fuzz::require;

constexpr WallInstant kAdded{std::chrono::milliseconds{1767323045678}};
std::string_view take_line(std::string_view& input) {
  const std::string_view line = input.substr(0, input.find('\n'));
  input.remove_prefix(std::min(input.size(), line.size() + 1));
  return line;
}

StoredRow read_row(std::string_view input, bool dead) {
  StoredRow row;
  row.seq = 1;
  row.added = kAdded;
  row.id = take_line(input);
  row.type = take_line(input);
  row.bucket = take_line(input);
  row.key = take_line(input);
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

bool same(const StoredEvent& a, const StoredEvent& b) {
  if (a.json != b.json || a.details.has_value() != b.details.has_value()) return false;
  if (!a.details) return true;
  const DeadLetterDetails& x = *a.details;
  const DeadLetterDetails& y = *b.details;
  return x.attempts == y.attempts && x.status == y.status && x.body == y.body &&
         x.reason == y.reason && x.endpoint == y.endpoint && x.first == y.first && x.last == y.last;
}

// A file that is bytes in memory.
class Bytes final : public gateway::test::IdleFile {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  IoResult<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    return bytes_.copy(into.data(), into.size(), offset);
  }

 private:
  std::string_view bytes_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool dead = (data[1] & 1) != 0;
  const StoredRow row = read_row(input, dead);
  check_texts(row, dead ? StoreKind::dead_letters : StoreKind::spool);

  std::string bytes;
  for (Sequence seq = 1; seq <= 3; ++seq) append_record(bytes, row.event, seq, 1, row.added);
  const std::size_t record = bytes.size() / 3;
  // One byte of the second is altered, at a place that depends on the input's length as well.
  const std::size_t altered = record + (data[0] * std::size_t{257} + size) % record;
  bytes[altered] = static_cast<char>(bytes[altered] ^ (data[1] >> 1));
  Bytes file(bytes);
  RecordReader reader(file, {0, bytes.size(), 1, 4, true});
  Sequence last = 0;
  for (RecordReader::Record read;;) {
    require(reader.next(read).has_value(), "bytes in memory can be read");
    if (read.seq == 0) break;
    require(read.seq == last + 1, "no row is passed over in silence");
    last = read.seq;
    require(read.intact || read.seq == 2, "no other row is damaged");
    if (!read.intact) {
      require((data[1] >> 1) != 0, "a row that was written is good");
      continue;
    }
    require(same(event_of(read.payload), row.event) && json_of(read.payload) == row.event.json &&
                read.added == row.added,
            "no altered row is given out");
  }
  require(last == 3, "all rows are found");
  // Any bytes at all.
  Bytes any(input);
  RecordReader of_any(any, {0, input.size(), 1, 1000, false});
  for (RecordReader::Record read;;) {
    require(of_any.next(read).has_value(), "bytes in memory can be read");
    if (read.seq == 0) break;
    if (read.intact) static_cast<void>(event_of(read.payload));
  }
  return 0;
}

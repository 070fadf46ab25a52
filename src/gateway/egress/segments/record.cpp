#include "gateway/egress/segments/record.hpp"

#include <algorithm>
#include <chrono>

#include "gateway/egress/segments/crc32c.hpp"

namespace gateway::egress {
namespace {

void put_time(std::string& bytes, WallInstant time) {
  put(bytes, std::int64_t{time.time_since_epoch().count()});
}
WallInstant take_time(std::string_view& bytes) noexcept {
  return WallInstant{std::chrono::milliseconds{take<std::int64_t>(bytes)}};
}

void put_text(std::string& bytes, std::string_view text) {
  put(bytes, static_cast<std::uint32_t>(text.size()));
  bytes += text;
}
std::string_view take_text(std::string_view& bytes) noexcept {
  const std::size_t size = take<std::uint32_t>(bytes);
  const std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(text.size());
  return text;
}

constexpr int kTextsOfDetails = 3;  // reason, endpoint, body

// Puts a number in the place that was left for it.
void overwrite(std::string& bytes, std::size_t at, std::uint32_t number) noexcept {
  std::ranges::copy(bytes_of(number), bytes.begin() + static_cast<std::ptrdiff_t>(at));
}

// The target stands behind the details, where versions that know of no targets do not look. They
// take an event that has a target and no details for a dead letter of no attempts, and read and
// send it as any other.
void put_details(std::string& bytes, const DeadLetterDetails& details, std::string_view target) {
  put(bytes, details.attempts);
  put(bytes, details.status);
  put_time(bytes, details.first);
  put_time(bytes, details.last);
  put_text(bytes, details.reason);
  put_text(bytes, details.endpoint);
  put_text(bytes, details.body);
  if (!target.empty()) put_text(bytes, target);
}

DeadLetterDetails take_details(std::string_view& bytes) {
  DeadLetterDetails details;
  details.attempts = take<std::uint32_t>(bytes);
  details.status = take<std::uint32_t>(bytes);
  details.first = take_time(bytes);
  details.last = take_time(bytes);
  details.reason = take_text(bytes);
  details.endpoint = take_text(bytes);
  details.body = take_text(bytes);
  return details;
}

}  // namespace

void append_record(std::string& bytes, const StoredEvent& event, Sequence seq, Sequence group,
                   WallInstant added) {
  bytes += kRecordMark;
  const std::size_t head_sum = bytes.size();
  put(bytes, std::uint32_t{0});
  const std::size_t head = bytes.size();
  put(bytes, seq);
  put(bytes, group);
  put_time(bytes, added);
  const std::size_t size_and_sum = bytes.size();
  bytes.append(2 * sizeof(std::uint32_t), '\0');
  const std::size_t payload = bytes.size();
  // The size of what is known beside the event comes first, 0 for none.
  put(bytes, std::uint32_t{0});
  if (event.details || !event.target.empty()) {
    put_details(bytes, event.details.value_or(DeadLetterDetails()), event.target);
    overwrite(bytes, payload,
              static_cast<std::uint32_t>(bytes.size() - payload - sizeof(std::uint32_t)));
  }
  bytes += event.json;
  const auto written = std::string_view(bytes).substr(payload);
  overwrite(bytes, size_and_sum, static_cast<std::uint32_t>(written.size()));
  overwrite(bytes, size_and_sum + sizeof(std::uint32_t), crc32c(written));
  overwrite(bytes, head_sum, crc32c(std::string_view(bytes).substr(head, payload - head)));
}

std::optional<RecordHead> read_record_head(std::string_view bytes) noexcept {
  if (bytes.size() < kRecordHeadSize || !bytes.starts_with(kRecordMark)) return std::nullopt;
  bytes = bytes.substr(kRecordMark.size(), kRecordHeadSize - kRecordMark.size());
  const auto sum = take<std::uint32_t>(bytes);
  if (crc32c(bytes) != sum) return std::nullopt;
  RecordHead head;
  head.seq = take<Sequence>(bytes);
  head.group = take<Sequence>(bytes);
  head.added = take_time(bytes);
  head.size = take<std::uint32_t>(bytes);
  head.sum = take<std::uint32_t>(bytes);
  return head;
}

bool is_intact(const RecordHead& head, std::string_view payload) noexcept {
  return payload.size() == head.size && crc32c(payload) == head.sum;
}

std::string_view json_of(std::string_view payload) noexcept {
  take_text(payload);
  return payload;
}

std::string_view target_of(std::string_view payload) noexcept {
  std::string_view details = take_text(payload);
  if (details.empty()) return {};
  constexpr std::size_t kNumbers = 2 * sizeof(std::uint32_t) + 2 * sizeof(std::int64_t);
  details.remove_prefix(std::min(kNumbers, details.size()));
  for (int text = 0; text < kTextsOfDetails; ++text) take_text(details);
  return take_text(details);
}

StoredEvent event_of(std::string_view payload) {
  StoredEvent event;
  std::string_view details = take_text(payload);
  if (!details.empty()) {
    event.details = take_details(details);
    event.target = take_text(details);
    // A dead letter has had an attempt.
    if (!event.target.empty() && event.details->attempts == 0) event.details.reset();
  }
  event.json = payload;
  return event;
}

}  // namespace gateway::egress

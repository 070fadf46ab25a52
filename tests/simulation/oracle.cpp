#include "simulation/oracle.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace gateway::simulation {
namespace {

constexpr std::string_view kMark = "mark-";

// The indices that a 502 names, and the status that the eventbus answered each with.
std::map<std::size_t, unsigned> named_in(std::string_view body) {
  constexpr std::string_view kIndex = "\"index\":";
  constexpr std::string_view kStatus = ",\"status\":";
  std::map<std::size_t, unsigned> named;
  for (auto at = body.find(kIndex); at != body.npos; at = body.find(kIndex, at + 1)) {
    std::size_t index = 0;
    const char* const end = body.data() + body.size();
    const char* text = std::from_chars(body.data() + at + kIndex.size(), end, index).ptr;
    unsigned status = 0;
    if (std::string_view(text, end).starts_with(kStatus)) {
      std::from_chars(text + kStatus.size(), end, status);
    }
    named[index] = status;
  }
  return named;
}

// How many records an answer says that its post has.
std::optional<std::size_t> records_said(std::string_view body) {
  constexpr std::string_view kRecords = "\"records\":";
  const auto at = body.find(kRecords);
  if (at == body.npos) return std::nullopt;
  std::size_t records = 0;
  std::from_chars(body.data() + at + kRecords.size(), body.data() + body.size(), records);
  return records;
}

// The id of the event whose data begins at `data`, in a request or in JSON.
std::string_view id_of(std::string_view event, std::size_t data) {
  constexpr std::string_view kMember = "\"id\":\"";
  constexpr std::string_view kField = "ce-id: ";
  const std::string_view before = event.substr(0, data);
  if (const auto at = before.rfind(kMember); at != before.npos) {
    const std::string_view id = before.substr(at + kMember.size());
    return id.substr(0, id.find('"'));
  }
  const auto at = before.find(kField);
  if (at == before.npos) return {};
  const std::string_view id = before.substr(at + kField.size());
  return id.substr(0, id.find('\r'));
}

}  // namespace

std::string Oracle::mark(Record record) {
  return fmt::format("{}{}-", kMark, record);
}

std::vector<Oracle::Record> Oracle::records_in(std::string_view text) {
  std::vector<Record> found;
  for (auto at = text.find(kMark); at != text.npos; at = text.find(kMark, at + 1)) {
    Record record = 0;
    std::from_chars(text.data() + at + kMark.size(), text.data() + text.size(), record);
    if (found.empty() || found.back() != record) found.push_back(record);
  }
  return found;
}

void Oracle::violation(std::string what) {
  if (finding_.empty()) finding_ = std::move(what);
}

// An event carries its record byte for byte, and has one id for ever, which no other event has.
void Oracle::check_form(Record record, std::string_view event) {
  Where& where = records_[record];
  const auto data = event.find(where.data);
  if (data == event.npos) {
    violation(fmt::format("record {} has become another one: {}", record, event));
    return;
  }
  const std::string id(id_of(event, data));
  if (where.id.empty()) where.id = id;
  if (id.empty() || where.id != id) {
    violation(fmt::format("record {} has the ids '{}' and '{}'", record, where.id, id));
  }
  const Record owner = ids_.emplace(id, record).first->second;
  if (owner != record) {
    violation(fmt::format("records {} and {} have one id: {}", owner, record, id));
  }
}

void Oracle::arrived(std::string_view text, std::size_t target) {
  for (const Record record : records_in(text)) {
    check_form(record, text);
    Where& where = records_[record];
    where.arrived = true;
    if (where.target == target) continue;
    violation(where.target ? fmt::format("record {} of target {} was sent to target {}", record,
                                         *where.target, target)
                           : fmt::format("record {} was sent though it is left out", record));
  }
}

void Oracle::refused(std::string_view text) {
  const std::vector<Record> records = records_in(text);
  if (records.size() == 1) records_[records.front()].refused = true;
}

// A record must not fail with its neighbours in a batch: it has been refused alone.
void Oracle::check_refusal(Record record, unsigned status, const char* what) {
  if (status / 100 == 4 && status != 408 && status != 425 && status != 429 &&
      !records_[record].refused) {
    violation(fmt::format("record {} {} for a {} that it never got alone", record, what, status));
  }
}

bool Oracle::was_refused(std::string_view text) const {
  for (const Record record : records_in(text)) {
    const auto found = records_.find(record);
    if (found != records_.end() && found->second.refused) return true;
  }
  return false;
}

void Oracle::kept(Device device, std::string_view text, unsigned status) {
  for (const Record record : records_in(text)) {
    check_form(record, text);
    ++(device == Device::spool ? records_[record].spooled : records_[record].dead);
    check_refusal(record, status, "is a dead letter");
  }
}

void Oracle::removed(Device device, std::string_view text) {
  for (const Record record : records_in(text)) {
    Where& where = records_[record];
    --(device == Device::spool ? where.spooled : where.dead);
    if (!where.arrived && where.dead == 0) {
      violation(fmt::format("record {} was removed from the spool and is nowhere else", record));
    }
  }
}

void Oracle::lost(Device device, std::string_view text) {
  for (const Record record : records_in(text)) {
    Where& where = records_[record];
    --(device == Device::spool ? where.spooled : where.dead);
  }
}

void Oracle::lost_by_lie(Device device, std::string_view text) {
  lost(device, text);
  for (const Record record : records_in(text)) {
    Where& where = records_[record];
    if (!where.safe()) where.acknowledged = false;
  }
}

void Oracle::answered(const Post& post, unsigned status, std::string_view body,
                      std::chrono::milliseconds after) {
  ++answers;
  if (post.due && (status != 200 || after > *post.due)) {
    violation(fmt::format("a post for a target that is well was answered {} after {} ms: {}",
                          status, after.count(), body));
  }
  if (post.unwanted && (status / 100 == 2 || status == 502)) {
    violation(fmt::format("a post that nobody wants was answered {}: {}", status, body));
  }
  if (status / 100 != 2 && status != 502) {
    ++turned_away;
    last_refusal = body;
    return;
  }
  if (const auto said = records_said(body); said && *said != post.records.size()) {
    violation(fmt::format("a post of {} records has the answer of another one: {}",
                          post.records.size(), body));
  }
  const auto named = status == 502 ? named_in(body) : std::map<std::size_t, unsigned>();
  if (status == 502 && named.empty()) violation("502 that names no record");
  for (const auto& [index, why] : named) {
    if (index < post.records.size()) check_refusal(post.records[index], why, "has failed");
  }
  for (std::size_t i = 0; i < post.records.size(); ++i) {
    if (named.contains(i)) continue;
    Where& where = records_[post.records[i]];
    where.acknowledged = true;
    ++acknowledged;
    if (!where.safe()) {
      violation(fmt::format("answered {} though record {} (index {} of {}) is nowhere: {}", status,
                            post.records[i], i, post.records.size(), body));
    }
  }
}

void Oracle::check_end() {
  for (const auto& [record, where] : records_) {
    if (where.acknowledged && !where.safe()) {
      violation(fmt::format("record {} was acknowledged and is lost", record));
    }
    if (where.spooled != 0 && !where.refused) {
      violation(
          fmt::format("record {} is still in the spool though the world has been well", record));
    }
  }
}

}  // namespace gateway::simulation

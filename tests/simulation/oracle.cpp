#include "simulation/oracle.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

namespace gateway::simulation {
namespace {

constexpr std::string_view kMark = "mark-";

// The indices that a 502 names.
std::set<std::size_t> named_in(std::string_view body) {
  constexpr std::string_view kIndex = "\"index\":";
  std::set<std::size_t> named;
  for (auto at = body.find(kIndex); at != body.npos; at = body.find(kIndex, at + 1)) {
    std::size_t index = 0;
    std::from_chars(body.data() + at + kIndex.size(), body.data() + body.size(), index);
    named.insert(index);
  }
  return named;
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

void Oracle::arrived(std::string_view text) {
  for (const Record record : records_in(text)) records_[record].arrived = true;
}

void Oracle::refused(std::string_view text) {
  for (const Record record : records_in(text)) records_[record].refused = true;
}

bool Oracle::was_refused(std::string_view text) const {
  for (const Record record : records_in(text)) {
    const auto found = records_.find(record);
    if (found != records_.end() && found->second.refused) return true;
  }
  return false;
}

void Oracle::kept(Device device, std::string_view text) {
  for (const Record record : records_in(text)) {
    ++(device == Device::spool ? records_[record].spooled : records_[record].dead);
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

void Oracle::answered(const std::vector<Record>& records, unsigned status, std::string_view body) {
  ++answers;
  if (status / 100 != 2 && status != 502) {
    ++turned_away;
    last_refusal = body;
    return;
  }
  const std::set<std::size_t> named = status == 502 ? named_in(body) : std::set<std::size_t>();
  if (status == 502 && named.empty()) violation("502 that names no record");
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (named.contains(i)) continue;
    Where& where = records_[records[i]];
    where.acknowledged = true;
    ++acknowledged;
    if (!where.safe()) {
      violation(fmt::format("answered {} though record {} (index {} of {}) is nowhere: {}", status,
                            records[i], i, records.size(), body));
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

#include "testkit/oracle.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <stdexcept>
#include <unordered_set>
#include <utility>

namespace gateway::test {
namespace {

constexpr std::size_t kMaxProblems = 20;

}  // namespace

void Oracle::grow(std::uint32_t post) {
  if (acknowledged_.size() <= post) acknowledged_.resize(std::size_t{post} + 1);
  running_.posts = acknowledged_.size();
}

void Oracle::sent(std::uint32_t post, const RecordMark& record, std::string_view text) {
  const std::lock_guard lock(mutex_);
  grow(post);
  const auto [at, fresh] = records_.try_emplace(record.identity);
  if (!fresh) throw std::logic_error("two records of one identity were sent");
  at->second.data = record.data;
  at->second.post = post;
  ++running_.records;
  if (posts_mode_ == Posts::once) texts_.emplace(record.identity, text);
}

void Oracle::answered(std::uint32_t post, unsigned status) {
  const std::lock_guard lock(mutex_);
  grow(post);
  if (status == 200) {
    if (acknowledged_[post] == 0) ++running_.posts_acknowledged;
    acknowledged_[post] = 1;
  } else if (status != 0) {
    ++running_.refused;
  } else {
    ++running_.unanswered;
  }
}

std::optional<std::uint32_t> Oracle::arrived(const Mark& event, Answer answer) {
  const std::lock_guard lock(mutex_);
  return note(event, answer);
}

std::optional<std::uint32_t> Oracle::arrived(std::string_view id, const RecordMark& record,
                                             Answer answer, std::string_view time,
                                             std::string_view text) {
  const std::lock_guard lock(mutex_);
  const Mark event{hash_of(id), record, time.empty() ? 0 : hash_of(time)};
  if (posts_mode_ == Posts::once) {
    texts_.emplace(event.id, id);
    texts_.emplace(record.identity, text);
  }
  return note(event, answer);
}

// Returns the record if it was sent, as it was sent.
const Oracle::Record* Oracle::genuine(const RecordMark& record, Balance& balance) const {
  const auto found = records_.find(record.identity);
  if (found == records_.end()) {
    ++balance.foreign;
    problem(balance, fmt::format("what nobody posted: {}", text_of(record.identity)));
    return nullptr;
  }
  if (found->second.data != record.data) {
    ++balance.damaged;
    problem(balance, fmt::format("a record of post {} was altered: {}", found->second.post,
                                 text_of(record.identity)));
    return nullptr;
  }
  return &found->second;
}

std::optional<std::uint32_t> Oracle::note(const Mark& event, Answer answer) {
  const auto [at, fresh] = events_.try_emplace(event.id);
  Event& known = at->second;
  const bool taken = answer != Answer::refused;
  const Record* record = nullptr;
  if (fresh) {
    if (events_.size() > kMaxEvents) throw std::length_error("too many events for one run");
    known.record = event.record;
    known.time = event.time;
    record = genuine(event.record, running_);
    known.genuine = record != nullptr;
  } else if (known.record != event.record) {
    if (++running_.conflicts > kMaxConflicts) throw std::length_error("too many conflicting ids");
    problem(running_, fmt::format("id {} was given to two records", text_of(event.id)));
    record = genuine(event.record, running_);
    Event other;  // an arrival of its own
    if (record != nullptr && taken) note_taken(event, records_[event.record.identity], other);
    return record == nullptr ? std::nullopt : std::optional(record->post);
  } else {
    if (known.genuine) record = &records_.at(event.record.identity);
    if (known.time != event.time && known.time != 0 && event.time != 0) {
      ++running_.retimed;
      problem(running_, fmt::format("event {} changed its time", text_of(event.id)));
    }
  }
  ++known.attempts;
  if (answer == Answer::accepted) ++known.acknowledged;
  if (record != nullptr && taken) {
    note_taken(event, records_[event.record.identity], known);
  } else if (taken) {
    ++known.taken;
  }
  return record == nullptr ? std::nullopt : std::optional(record->post);
}

void Oracle::note_taken(const Mark& event, Record& record, Event& known) {
  if (++known.taken > 1) {
    ++running_.duplicates;
  } else if (!record.arrived) {
    record.arrived = true;
    record.event_id = event.id;
    ++running_.arrived;
  } else {
    ++running_.repeats;
    if (posts_mode_ == Posts::once && record.event_id != event.id) {
      problem(running_, fmt::format("one record came as {} and as {}", text_of(record.event_id),
                                    text_of(event.id)));
    }
  }
}

std::optional<Oracle::Event> Oracle::event(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = events_.find(hash_of(id));
  return found == events_.end() ? std::nullopt : std::optional(found->second);
}

Balance Oracle::so_far() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

Balance Oracle::check(const ReadStore& dead_letters, const ReadStore& spool) const {
  const std::lock_guard lock(mutex_);
  Balance balance = running_;
  std::unordered_set<std::uint64_t> stored;
  const auto read = [&](const ReadStore& store, std::uint64_t& count) {
    if (!store) return;
    std::unordered_set<std::uint64_t> seen;
    store([&](const RecordMark& record) {
      if (genuine(record, balance) == nullptr) return;
      stored.insert(record.identity);
      if (seen.insert(record.identity).second) ++count;
    });
  };
  read(dead_letters, balance.dead_letters);
  read(spool, balance.spooled);
  for (const auto& [identity, record] : records_) {
    if (acknowledged_[record.post] == 0) continue;
    ++balance.records_acknowledged;
    if (record.arrived || stored.contains(identity)) continue;
    ++balance.lost;
    problem(balance, fmt::format("post {} was answered 200, but its record was lost: {}",
                                 record.post, text_of(identity)));
  }
  return balance;
}

void Oracle::problem(Balance& balance, std::string text) const {
  if (balance.problems.size() < kMaxProblems) balance.problems.push_back(std::move(text));
}

std::string Oracle::text_of(std::uint64_t hash) const {
  const auto found = texts_.find(hash);
  return found == texts_.end() ? fmt::format("{:016x}", hash) : found->second;
}

std::span<const Balance::Count> Balance::counts() {
  static constexpr auto kCounts = std::to_array<Count>({
      {"posts", "posts", &Balance::posts},
      {"posts_acknowledged", "  acknowledged", &Balance::posts_acknowledged},
      {"refused", "  attempts refused", &Balance::refused},
      {"unanswered", "  attempts unanswered", &Balance::unanswered},
      {"records", "records sent", &Balance::records},
      {"records_acknowledged", "  acknowledged", &Balance::records_acknowledged},
      {"arrived", "  arrived", &Balance::arrived},
      {"dead_letters", "  dead letters", &Balance::dead_letters},
      {"spooled", "  spooled", &Balance::spooled},
      {"duplicates", "duplicates (same id)", &Balance::duplicates},
      {"repeats", "repeats (posted again)", &Balance::repeats},
      {"lost", "lost", &Balance::lost},
      {"foreign", "foreign", &Balance::foreign},
      {"damaged", "damaged", &Balance::damaged},
      {"conflicts", "ids of two records", &Balance::conflicts},
      {"retimed", "events of two times", &Balance::retimed},
  });
  return kCounts;
}

std::string Balance::table() const {
  std::string text;
  for (const Count& count : counts()) {
    fmt::format_to(std::back_inserter(text), "  {:<24}{:>12}\n", count.label, this->*count.number);
  }
  return text;
}

}  // namespace gateway::test

#include "faults/oracle.hpp"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace gateway::faults {
namespace {

class Check {
 public:
  Check(const SentRecords& sent, Balance& balance) : sent_(sent), balance_(balance) {}

  // Whether this is a record that was sent, as it was sent.
  [[nodiscard]] bool genuine(const RecordMark& record) {
    const auto found = sent_.records().find(record.identity);
    if (found == sent_.records().end()) {
      ++balance_.foreign;
      return false;
    }
    if (found->second.data != record.data) {
      ++balance_.damaged;
      return false;
    }
    return true;
  }

  void arrived(const RecordMark& record, std::uint64_t taken) {
    if (!genuine(record) || taken == 0) return;
    balance_.duplicates += taken - 1;
    if (arrived_.insert(record.identity).second) {
      ++balance_.arrived;
    } else {
      ++balance_.repeats;
    }
  }

  void stored(const ReadStore& read, std::uint64_t& count) {
    if (!read) return;
    std::unordered_set<std::uint64_t> seen;
    read([&](const RecordMark& record) {
      if (!genuine(record)) return;
      stored_.insert(record.identity);
      if (seen.insert(record.identity).second) ++count;
    });
  }

  [[nodiscard]] bool is_somewhere(std::uint64_t identity) const {
    return arrived_.contains(identity) || stored_.contains(identity);
  }

 private:
  const SentRecords& sent_;
  Balance& balance_;
  std::unordered_set<std::uint64_t> arrived_;
  std::unordered_set<std::uint64_t> stored_;
};

}  // namespace

Balance check(const SentRecords& sent, const Arrivals& arrivals, const ReadStore& dead_letters,
              const ReadStore& spool) {
  Balance balance;
  balance.posts = sent.posts();
  balance.posts_acknowledged = sent.posts_acknowledged();
  balance.refused = sent.refused();
  balance.unanswered = sent.unanswered();
  balance.records = sent.records().size();
  balance.conflicts = arrivals.conflicts().size();

  Check check(sent, balance);
  for (const auto& [id, event] : arrivals.events()) check.arrived(event.record, event.taken);
  for (const auto& [record, answer] : arrivals.conflicts()) {
    check.arrived(record, answer == Arrivals::Answer::refused ? 0 : 1);
  }
  check.stored(dead_letters, balance.dead_letters);
  check.stored(spool, balance.spooled);
  for (const auto& [identity, record] : sent.records()) {
    if (!sent.acknowledged(record.post)) continue;
    ++balance.records_acknowledged;
    if (!check.is_somewhere(identity)) ++balance.lost;
  }
  return balance;
}

std::string Balance::table() const {
  std::string text;
  for (const auto& [name, value] : {
           std::pair<std::string_view, std::uint64_t>{"posts", posts},
           {"  acknowledged", posts_acknowledged},
           {"  attempts refused", refused},
           {"  attempts unanswered", unanswered},
           {"records sent", records},
           {"  acknowledged", records_acknowledged},
           {"  arrived", arrived},
           {"  dead letters", dead_letters},
           {"  spooled", spooled},
           {"duplicates (same id)", duplicates},
           {"repeats (posted again)", repeats},
           {"lost", lost},
           {"foreign", foreign},
           {"damaged", damaged},
           {"ids of two records", conflicts},
       }) {
    fmt::format_to(std::back_inserter(text), "  {:<24}{:>12}\n", name, value);
  }
  return text;
}

}  // namespace gateway::faults

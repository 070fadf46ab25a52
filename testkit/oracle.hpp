#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "testkit/record_mark.hpp"

namespace gateway::test {

// Goes through what a store of the gateway (dead letters, spool) holds and calls back for each
// record in it; an empty function is an empty store.
using ReadStore = std::function<void(const std::function<void(const RecordMark&)>&)>;

// What came of a run.
class Balance {
 public:
  Balance() = default;

  std::uint64_t posts = 0;
  std::uint64_t posts_acknowledged = 0;
  std::uint64_t refused = 0;     // attempts answered otherwise than by 200
  std::uint64_t unanswered = 0;  // attempts
  std::uint64_t records = 0;
  std::uint64_t records_acknowledged = 0;
  std::uint64_t arrived = 0;     // records, each once
  std::uint64_t duplicates = 0;  // arrivals of an event id beyond its first
  std::uint64_t repeats = 0;  // further ids of a record that had arrived: its post was made again
  std::uint64_t dead_letters = 0;  // records, each once
  std::uint64_t spooled = 0;       // records, each once

  std::uint64_t lost = 0;       // acknowledged, and nowhere
  std::uint64_t foreign = 0;    // somewhere, and never sent
  std::uint64_t damaged = 0;    // somewhere, and not byte for byte what was sent
  std::uint64_t conflicts = 0;  // an event id that stood for two records
  std::uint64_t retimed = 0;    // an event that came again with another time
  // What is wrong, a line each, at most 20: every lost, foreign, damaged, conflicting and retimed
  // one, and repeats where each post is made once.
  std::vector<std::string> problems;

  [[nodiscard]] bool good() const noexcept {
    return lost == 0 && foreign == 0 && damaged == 0 && conflicts == 0 && retimed == 0;
  }
  // One of the numbers.
  struct Count {
    std::string_view name;   // in JSON
    std::string_view label;  // in the table
    std::uint64_t Balance::* number;
  };
  [[nodiscard]] static std::span<const Count> counts();
  // Returns a line for each number.
  [[nodiscard]] std::string table() const;
};

// A gateway may lose, invent, alter and confuse events, and each of these looks like success to
// somebody. The oracle is told by those around the gateway what was posted, how it was answered and
// what arrived, and compares: acknowledged records must have arrived or lie in a store; whatever
// arrived or was stored must have been sent, with these bytes, and an event keeps its id and time.
// About 140 bytes a record. All members may be called from any thread.
class Oracle {
 public:
  enum class Posts {
    repeated,  // a post may be made again, and its records then get further ids
    once       // each record has one id; texts are kept, so that problems can quote them
  };
  enum class Answer {
    accepted,  // 2xx
    cut,       // received whole, but the connection ended instead of an answer
    refused    // any other status: the event has not arrived
  };
  struct Event {
    RecordMark record;
    std::uint64_t time = 0;          // hash of the text
    std::uint32_t attempts = 0;      // received, whatever the answer
    std::uint32_t taken = 0;         // of them accepted or cut
    std::uint32_t acknowledged = 0;  // of them accepted
    bool genuine = false;
  };
  // An event as it arrived, without its text.
  struct Mark {
    std::uint64_t id = 0;  // hash
    RecordMark record;
    std::uint64_t time = 0;  // hash; 0: not known
  };

  static constexpr std::size_t kMaxEvents = 20'000'000;
  static constexpr std::uint64_t kMaxConflicts = 10'000;

  explicit Oracle(Posts posts = Posts::repeated) : posts_mode_(posts) {}

  // A record of post `post`, counted from 0. Every record sent must have an identity of its own:
  // throws std::logic_error.
  void sent(std::uint32_t post, const RecordMark& record, std::string_view text = {});
  // One attempt ended; `status` 0: no answer. A post once answered 200 stays acknowledged.
  void answered(std::uint32_t post, unsigned status);
  // Returns the post the record came with; nothing if it was never sent in this form. Throws
  // std::length_error beyond the bounds: what is not remembered cannot be judged.
  std::optional<std::uint32_t> arrived(const Mark& event, Answer answer);
  std::optional<std::uint32_t> arrived(std::string_view id, const RecordMark& record, Answer answer,
                                       std::string_view time = {}, std::string_view text = {});

  // Returns what is known so far of an event.
  [[nodiscard]] std::optional<Event> event(std::string_view id) const;
  // Returns what came of it all; of a running count, `lost` holds what is still on its way.
  [[nodiscard]] Balance check(const ReadStore& dead_letters = {},
                              const ReadStore& spool = {}) const;
  // Returns the numbers that are known without looking at every record: not lost,
  // records_acknowledged, dead_letters and spooled.
  [[nodiscard]] Balance so_far() const;

 private:
  struct Record {
    std::uint64_t data = 0;      // RecordMark::data
    std::uint64_t event_id = 0;  // hash of the first one it arrived with
    std::uint32_t post = 0;
    bool arrived = false;
  };

  std::optional<std::uint32_t> note(const Mark& event, Answer answer);
  void note_taken(const Mark& event, Record& record, Event& known);
  [[nodiscard]] const Record* genuine(const RecordMark& record, Balance& balance) const;
  void grow(std::uint32_t post);
  void problem(Balance& balance, std::string text) const;
  [[nodiscard]] std::string text_of(std::uint64_t hash) const;

  const Posts posts_mode_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Record> records_;     // by RecordMark::identity
  std::unordered_map<std::uint64_t, Event> events_;       // by hash of the id
  std::vector<std::uint8_t> acknowledged_;                // by post
  std::unordered_map<std::uint64_t, std::string> texts_;  // of hashes; only of posts made once
  Balance running_;
};

}  // namespace gateway::test

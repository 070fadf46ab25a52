#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "events/json_index.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/egress/replay_pace.hpp"
#include "gateway/egress/spool_expiry.hpp"
#include "gateway/egress/store/replay_source.hpp"
#include "gateway/pipeline/ledger.hpp"

namespace gateway::egress {

// What becomes of the events of a replay, for who wants to count them.
class ReplayOutcome {
 public:
  ReplayOutcome() = default;
  virtual ~ReplayOutcome() = default;
  ReplayOutcome(const ReplayOutcome&) = delete;
  ReplayOutcome& operator=(const ReplayOutcome&) = delete;

  virtual void handed_over(std::size_t events) = 0;
  virtual void delivered(std::size_t events, Instant now) = 0;
  // The eventbus will never take it.
  virtual void refused(unsigned status, Instant now) = 0;
  // Not within Settings::patience from `begun` on, or the replay was stopped before.
  virtual void not_delivered(Instant begun, bool stopped) = 0;
  // It cannot be made an event of.
  virtual void unreadable() = 0;
};

// Sends stored events to the eventbus: takes rows from a source in order of arrival, makes posts of
// them that nobody waits for, and notes which rows were acknowledged. The rows on their way are
// bounded: one at first, twice as many with every chunk that was delivered whole, half as many with
// every one that was not. They stand in the same line as new events: behind an eventbus that is
// slower than the source is read no more are added to it. Lives on the shard's thread.
class Replay final : private PostOwner {
 public:
  // Rows on their way, and their bytes.
  static constexpr std::size_t kMostRows = 2048;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  // Rows that are leased at once: on their way, asked for, and put off.
  static constexpr std::size_t kMostLeased = 4 * kMostRows;
  // Of memory: the text of rows that are being read or sent, and events made of those that are not
  // records; either may take twice its size, and is kept to be used again.
  static constexpr std::size_t kMostMemory = 5 * kMostBytes;
  // While more events wait than these, no rows are added to them.
  static constexpr std::size_t kMostWaiting = 512;

  struct Context {
    Executor executor;
    Clock& clock;
    Ledger& ledger;
    Eventbus& eventbus;
  };

  struct Settings {
    std::uint8_t target = 0;               // whose rows it sends
    std::chrono::milliseconds max_age{0};  // as spool.max_age
    // How long an event is tried before it makes way for others.
    std::chrono::milliseconds patience{0};
    double rate = 0;  // events a second; 0: as fast as it goes
    // Is told what becomes of each, and lives as long. Without one, what could not be delivered is
    // tried again after another `patience`, and what is refused is logged.
    ReplayOutcome* outcome = nullptr;
  };
  // How patient a running gateway is, going by delivery.deadline.
  [[nodiscard]] static std::chrono::milliseconds patience(std::chrono::milliseconds deadline);

  Replay(const Context& context, ReplaySource& source, const Settings& settings)
      : context_(context),
        source_(source),
        settings_(settings),
        expiry_(settings.max_age),
        pace_(settings.rate) {
    returned_.reserve(kMostLeased);
    spare_rows_.reserve(kChunksInWindow);
    spare_events_.reserve(kChunksInWindow);
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Every tick of the shard.
  void tick(Instant now);
  // Takes no more from the source; what is on its way goes on.
  void pause() noexcept { paused_ = true; }
  // Likewise, and withdraws what waits; rows that were not acknowledged stay where they are.
  void stop();
  // Nothing is on its way.
  [[nodiscard]] bool idle() const noexcept { return chunks_.empty() && fetches_ == 0; }
  [[nodiscard]] std::size_t posts() const noexcept { return chunks_.size(); }

 private:
  // A chunk is a part of the window, so that the next is there before the last is through.
  static constexpr std::size_t kChunksInWindow = 8;
  // Of the memory of one chunk.
  static constexpr std::size_t kMostKept = 2 * kMostBytes / kChunksInWindow;

  struct Chunk {
    void add(const SpooledEvents::Entry& row) {
      rows.push_back(row.seq);
      added.push_back(row.added);
    }

    std::vector<Sequence> rows;      // by the index of their events
    std::vector<WallInstant> added;  // likewise
    Instant begun;
    bool answered = false;  // to be finished
  };

  struct Resting {
    std::vector<Sequence> rows;
    Instant since;
  };

  void answer_ready(Post& post) override;
  bool gives_up(const EventSlot& slot) override;
  void pump();
  [[nodiscard]] bool fetch(std::size_t rows);
  [[nodiscard]] std::size_t room();
  void take(SpooledEvents rows);
  void send(SpooledEvents rows);
  // Makes slots_ of all rows, their ce-times, and their routes unless all of them are 0. Returns
  // false if not all are events of records.
  [[nodiscard]] bool recognise(const SpooledEvents& rows, std::vector<WallInstant>& times,
                               std::vector<std::uint16_t>& routes);
  // Makes slots_, the chunk and the events of those that can be read.
  [[nodiscard]] std::vector<events::CloudEvent> parse(const SpooledEvents& rows, Chunk& chunk);
  void keep(SpooledEvents rows);
  void keep_memory_of(Post& post);
  // Gives the source back what is in returned_.
  void return_rows();
  void finish(Post& post);
  void finish_if_answered(Post& post);
  void finish_answered();
  void note_taken();
  void put_off(std::vector<Sequence> rows) noexcept;

  Context context_;
  ReplaySource& source_;
  const Settings settings_;
  events::JsonIndex index_;
  std::vector<EventSlot> slots_;                               // of the chunk that is being made
  std::vector<SpooledEvents> spare_rows_;                      // memory to be used again
  std::vector<std::vector<events::CloudEvent>> spare_events_;  // likewise
  std::unordered_map<Post*, Chunk> chunks_;
  SpoolExpiry expiry_;
  std::vector<Sequence> taken_rows_;  // by the eventbus, to be noted
  std::size_t window_ = 1;            // rows that may be on their way
  std::size_t rows_ = 0;              // that are
  std::size_t asked_ = 0;             // that the store was asked for beyond those
  std::size_t fetches_ = 0;           // in so many calls
  std::vector<Sequence> returned_;    // rows that the next tick gives back; has room for all
  std::deque<Resting> resting_;       // could not be delivered; still leased
  std::size_t resting_rows_ = 0;
  std::size_t parked_ = 0;  // refused or unreadable rows, leased until the process ends
  ReplayPace pace_;
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace gateway::egress

#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "gateway/egress/eventbus/eventbus.hpp"
#include "gateway/egress/replay/replay_pace.hpp"
#include "gateway/egress/replay/replay_window.hpp"
#include "gateway/egress/replay/resting_rows.hpp"
#include "gateway/egress/replay/row_reader.hpp"
#include "gateway/egress/replay/spool_expiry.hpp"
#include "gateway/egress/store/replay_source.hpp"
#include "gateway/pipeline/ledger.hpp"

namespace gateway::egress {

// Receives the outcome of each event of a replay.
class ReplayOutcome {
 public:
  ReplayOutcome() = default;
  virtual ~ReplayOutcome() = default;
  ReplayOutcome(const ReplayOutcome&) = delete;
  ReplayOutcome& operator=(const ReplayOutcome&) = delete;

  virtual void handed_over(std::size_t events) = 0;
  // Events that were handed over were not taken; they will be once more.
  virtual void put_off(std::size_t events, Instant now) = 0;
  virtual void delivered(std::size_t events, Instant now) = 0;
  // The eventbus refused the event for good.
  virtual void refused(unsigned status, Instant now) = 0;
  // Events were not delivered within Settings::patience from `begun` on, or the replay was stopped
  // before.
  virtual void not_delivered(std::size_t events, Instant begun, bool stopped) = 0;
  // So many rows are no events that can be sent.
  virtual void unreadable(std::size_t rows) = 0;
};

// Sends stored events to the eventbus: takes rows from a source in order of arrival, makes posts of
// them, which no client waits for, and notes which rows were acknowledged.
//
// The thread that reads the rows may have to wait for a core or the device, and an eventbus that
// has no events meanwhile stands still. So as many rows as may be on their way (ReplayWindow) are
// asked for at once. New events go before them (DeliveryQueue).
//
// Some events may never be taken, and are not to keep others from being tried. So an event is tried
// for `patience`, and only for a short time while there are others; then it rests for `patience`,
// or until there are no others. A replay that is to end, by a command, tries those that rested once
// more at its end. Lives on the shard's thread.
class Replay final : private PostOwner {
 public:
  // The most rows on their way and asked for, and their bytes, but for the end of the last row of
  // each chunk. Of records of a kilobyte the bytes are reached first.
  static constexpr std::size_t kMostRows = ReplayWindow::kMost;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  // The most rows that are leased: on their way, asked for, and resting.
  static constexpr std::size_t kMostLeased = 3 * kMostRows;
  // The most memory: for the text of rows that are read or sent, and for events made of rows that
  // are not records. Either may take twice its size, and is kept to be used again.
  static constexpr std::size_t kMostMemory = 5 * kMostBytes;

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
    double rate = 0;  // events a second; 0: no limit
    // Receives the outcomes, and outlives the replay. Without it, events that could not be
    // delivered are tried again after another `patience`, and refused ones are logged.
    ReplayOutcome* outcome = nullptr;
    // No more than these are on their way, either: a part of the queue, so that new events have
    // room in it.
    std::size_t most_rows = kMostRows;
    std::size_t most_bytes = kMostBytes;
  };
  // Returns the patience of a running gateway with this delivery.deadline.
  [[nodiscard]] static std::chrono::milliseconds patience(std::chrono::milliseconds deadline);

  Replay(const Context& context, ReplaySource& source, const Settings& settings)
      : context_(context),
        source_(source),
        settings_(settings),
        most_bytes_(std::min(kMostBytes, settings.most_bytes)),
        reader_(kChunksInWindow, kMostKept),
        expiry_(settings.max_age),
        pace_(settings.rate) {
    returned_.reserve(kMostLeased);
  }
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  // Does what is due. Call at every tick of the shard.
  void tick(Instant now);
  // Stops taking rows from the source; those on their way are still delivered.
  void pause() noexcept { paused_ = true; }
  // Does the same and withdraws waiting events. Rows that were not acknowledged stay in the store.
  void stop();
  // Returns whether no event is on its way, or will be without further rows.
  [[nodiscard]] bool idle() const noexcept {
    return chunks_.empty() && fetches_ == 0 && (paused_ || resting_.empty());
  }
  [[nodiscard]] std::size_t posts() const noexcept { return chunks_.size(); }

 private:
  // A chunk is a part of the window, so that others are read while one is delivered.
  static constexpr std::size_t kChunksInWindow = 16;
  // Fewer of a small window: each chunk costs the same, however few rows it has.
  static constexpr std::size_t kChunksInSmallWindow = 8;
  // Beside new posts the reader is not hurried, as it may need the core that they need.
  static constexpr std::size_t kFetchesBesidePosts = 2;
  // Where there are others, an event is tried for this time only, which is a few times.
  static constexpr std::chrono::milliseconds kPatienceBesideOthers{500};
  static constexpr std::chrono::milliseconds kShortestRest{1000};
  // Of refused events, as long as they cannot become dead letters; or `patience`, if that is less.
  static constexpr std::chrono::milliseconds kRestOfUnkept{15'000};
  // Of a chunk that is on its way for longer, delivered events are noted one by one.
  static constexpr std::chrono::milliseconds kNotedAfter{100};
  // In place of a row that was noted.
  static constexpr Sequence kNoted = 0;
  // The most memory of one chunk that is kept.
  static constexpr std::size_t kMostKept = 2 * kMostBytes / kChunksInWindow;

  // Why an event was taken off its way.
  enum class Withdrawn : std::uint8_t {
    no,
    untried,  // the eventbus is slow, or it is down and has enough to be probed with
    put_off   // it was sent and not taken, and makes way for others
  };

  struct Chunk {
    void take(const std::vector<SpooledEvents::Entry>& entries) {
      rows.reserve(entries.size());
      added.reserve(entries.size());
      for (const auto& entry : entries) {
        rows.push_back(entry.seq);
        added.push_back(entry.added);
      }
      withdrawn.resize(entries.size(), Withdrawn::no);
      on_way = entries.size();
    }

    std::vector<Sequence> rows;        // by the index of their events
    std::vector<WallInstant> added;    // likewise
    std::vector<Withdrawn> withdrawn;  // likewise
    std::size_t on_way = 0;            // events that are not noted
    std::size_t bytes = 0;             // of their text
    Instant begun;
    bool newest = false;         // asked for as such
    bool answered = false;       // to be finished
    bool patience_over = false;  // what waited of it was withdrawn
  };

  void answer_ready(Post& post) override;
  bool gives_up(const EventSlot& slot) override;
  bool puts_off(const EventSlot& slot) override;
  void pump();
  // Returns whether the source has rows that are not leased here; they may be of others.
  [[nodiscard]] bool may_fetch() const noexcept;
  // Returns whether it has such rows for this replay, as far as is known.
  [[nodiscard]] bool has_others() const noexcept;
  [[nodiscard]] bool fetch(std::size_t rows);
  [[nodiscard]] std::size_t bytes_of_chunk() const noexcept {
    return most_bytes_ / kChunksInWindow;
  }
  [[nodiscard]] std::size_t room();
  void take(SpooledEvents rows, bool newest);
  // Returns how many of the rows cannot be read.
  std::size_t send(SpooledEvents rows, bool newest);
  // Gives the rows in returned_ back to the source.
  void return_rows();
  void finish(Post& post);
  void finish_if_answered(Post& post);
  void finish_answered();
  void note_taken();
  void note_settled(Post& post, Chunk& chunk, Instant now);
  void end_patience(Post& post, Chunk& chunk, Instant now);
  // Returns whether events that were sent and not taken make way for others.
  [[nodiscard]] bool makes_way() const noexcept;
  // Has rows that could not be delivered rest.
  void rest(RestingRows& resting, std::vector<Sequence> rows) noexcept;
  // Gives the rows back that have rested longest; all of them.
  void end_first_rest(RestingRows& resting);
  void end_rest(RestingRows& resting);
  // Ends the rest of some where there are no others.
  void end_rest_without_others();

  Context context_;
  ReplaySource& source_;
  const Settings settings_;
  const std::size_t most_bytes_;  // on their way and asked for
  RowReader reader_;
  std::unordered_map<Post*, Chunk> chunks_;
  SpoolExpiry expiry_;
  std::vector<Sequence> taken_rows_;  // by the eventbus, to be noted
  ReplayWindow window_;
  std::size_t rows_ = 0;            // rows on their way
  std::size_t bytes_ = 0;           // of their text
  std::size_t asked_ = 0;           // further rows that the store was asked for
  std::size_t fetches_ = 0;         // the calls that ask for them
  std::vector<Sequence> returned_;  // rows that the next tick gives back; has room for all
  RestingRows resting_;
  // Refused by the eventbus, while the dead letters cannot be had. These rest in any case.
  RestingRows unkept_;
  std::size_t parked_ = 0;      // refused or unreadable rows, leased until the process ends
  std::uint64_t readings_ = 0;  // as ReplaySource::readings() was
  ReplayPace pace_;
  bool exhausted_ = false;   // the last fetch brought nothing: rows there are may be of others
  bool newest_ = false;      // where the next ones fail, the newest row is tried next
  bool last_round_ = false;  // of a replay that is to end: there are only rows that have rested
  bool paused_ = false;
  bool stopped_ = false;
};

}  // namespace gateway::egress

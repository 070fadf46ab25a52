#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "events/json_index.hpp"
#include "gateway/egress/eventbus.hpp"
#include "gateway/egress/spool_expiry.hpp"
#include "gateway/egress/store/store_writer.hpp"
#include "gateway/pipeline/ledger.hpp"

namespace gateway::egress {

// Sends what stands in the spool once the eventbus takes events again: reads rows in order of
// arrival, makes posts of them that nobody waits for, and removes the rows that were acknowledged.
// The rows on their way are bounded: one at first, twice as many with every chunk that was
// delivered whole, half as many with every one that was not. They stand in the same line as new
// events: behind an eventbus that is slower than the spool is read no more are added to it.
// Lives on the shard's thread.
class SpoolReplay final : private PostOwner {
 public:
  // Rows on their way, and their bytes.
  static constexpr std::size_t kMostRows = 2048;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
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

  // `max_age`: as spool.max_age.
  SpoolReplay(const Context& context, StoreWriter& spool, std::chrono::milliseconds max_age)
      : context_(context), spool_(spool), expiry_(max_age) {}
  SpoolReplay(const SpoolReplay&) = delete;
  SpoolReplay& operator=(const SpoolReplay&) = delete;

  // Every tick of the shard.
  void tick(Instant now);
  // Reads no more and withdraws what waits; rows not acknowledged stay in the spool.
  void stop();
  [[nodiscard]] std::size_t posts() const noexcept { return chunks_.size(); }

 private:
  struct Chunk {
    void add(const SpooledEvents::Entry& row) {
      rows.push_back(row.seq);
      added.push_back(row.added);
    }

    std::vector<Sequence> rows;      // by the index of their events
    std::vector<WallInstant> added;  // likewise
    Instant begun;
    std::size_t expired = 0;  // became dead letters for their age, or were to
  };

  struct Resting {
    std::vector<Sequence> rows;
    Instant since;
  };

  void answer_ready(Post& post) override;
  bool gives_up(const EventSlot& slot) override;
  void pump();
  [[nodiscard]] bool fetch(std::size_t rows);
  [[nodiscard]] std::size_t room() const;
  void take(SpooledEvents rows);
  void send(SpooledEvents rows);
  // Makes slots_ of all rows, and their ce-times. False if not all are events of records.
  [[nodiscard]] bool recognise(const SpooledEvents& rows, std::vector<WallInstant>& times);
  // Makes slots_, the chunk and the events of those that can be read.
  [[nodiscard]] std::vector<events::CloudEvent> parse(const SpooledEvents& rows, Chunk& chunk);
  void keep(SpooledEvents rows);
  void keep_memory_of(Post& post);
  void give_back(const SpooledEvents& rows);
  void finish(Post& post);
  void remove_taken();
  void put_off(std::vector<Sequence> rows);

  Context context_;
  StoreWriter& spool_;
  events::JsonIndex index_;
  std::vector<EventSlot> slots_;                               // of the chunk that is being made
  std::vector<SpooledEvents> spare_rows_;                      // memory to be used again
  std::vector<std::vector<events::CloudEvent>> spare_events_;  // likewise
  std::unordered_map<Post*, Chunk> chunks_;
  SpoolExpiry expiry_;
  std::uint64_t taken_ = 0;           // rows the eventbus took
  std::vector<Sequence> taken_rows_;  // of these, the ones that are still to be removed
  std::size_t window_ = 1;            // rows that may be on their way
  std::size_t rows_ = 0;              // that are
  std::size_t asked_ = 0;             // that the store was asked for beyond those
  std::size_t fetches_ = 0;           // in so many calls
  std::deque<Resting> resting_;       // could not be delivered; still leased
  std::size_t resting_rows_ = 0;
  std::size_t parked_ = 0;  // refused or unreadable rows, leased until the process ends
  bool stopped_ = false;
};

}  // namespace gateway::egress

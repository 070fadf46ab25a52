#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/http_text.hpp"
#include "testkit/load.hpp"
#include "testkit/outstanding_posts.hpp"
#include "testkit/poller.hpp"
#include "testkit/stream.hpp"

namespace gateway::test {

// One of a load's connections: moves bytes between its stream and its outstanding posts, and
// connects again when there is need.
class LoadConnection final : public Pollable {
 public:
  using TimePoint = Load::TimePoint;

  explicit LoadConnection(Load& owner) : owner_(owner) {}

  void connect(TimePoint now);
  // Returns whether another post may begin here.
  [[nodiscard]] bool has_room() const noexcept;
  // The post leaves with the next transmit().
  void begin(const Post& post, TimePoint intended);
  void transmit();
  // Its rest is over.
  void wake(TimePoint now);
  // The post of that serial number has had its time.
  void overdue(std::uint64_t serial, TimePoint now);
  // Posts are not made again. Returns how many were to be.
  std::size_t forget_again() noexcept;
  // Counts what is outstanding as unanswered, and closes.
  void give_up();
  [[nodiscard]] std::size_t outstanding() const noexcept { return posts_.outstanding(); }

  void ready(std::uint32_t events) override;

  bool listed = false;   // among the load's free ones
  bool counted = false;  // among those that are up

 private:
  void receive();
  // Returns false when the connection is no longer the one the bytes came from.
  [[nodiscard]] bool take(std::string_view input, bool at_end, TimePoint now);
  [[nodiscard]] bool answer(TimePoint now);
  void ended(TimePoint now);
  void fail_all(std::string_view why);
  void lose(std::string_view why, TimePoint now);
  void renew(TimePoint now);
  void rest(TimePoint until);
  void close() noexcept;
  // Returns how long the answer just read asks to be left alone; 0 if it does not.
  [[nodiscard]] std::chrono::nanoseconds asked_to_wait() const;

  Load& owner_;
  Stream stream_;
  bool told_ = false;  // the load, that the stream is open
  bool resting_ = false;
  OutstandingPosts posts_;
  std::vector<const Post*> again_;  // to be made again after its rest
  MessageReader reader_{Grammar::lenient};
  std::string in_;           // of an answer that came in pieces
  std::uint64_t begun_ = 0;  // posts, ever
};

}  // namespace gateway::test

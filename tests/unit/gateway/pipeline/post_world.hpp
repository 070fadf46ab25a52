#pragma once
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/pipeline/ledger.hpp"
#include "support/start.hpp"

// The world of one post: where each copy of its events is, and whether it has arrived or is on the
// device, in plain facts with which the ledger must agree after every step.
namespace gateway::test::one_post {

inline constexpr std::uint32_t kEvents = 3;
inline constexpr auto kDeadline = std::chrono::seconds(25);

struct Configuration {
  bool spool = false;
  bool dead_letters = false;
};

// What can happen next. `event` is one of the post's, where it matters.
struct Action {
  enum class Kind : std::uint8_t {
    stage,
    put_back,
    delay,
    release,
    deliver,
    refuse,
    keep_dead_letter,
    lose_dead_letter,
    deadline,
    spool_keeps,
    spool_loses,
    patience_ends,
    client_leaves,
    answer_is_taken,
    gateway_ends
  };
  Kind kind;
  std::uint32_t event = 0;
};

// The facts of one event.
struct Facts {
  enum class Place : std::uint8_t { queue, delayed, connection, nowhere };
  enum class Copy : std::uint8_t { none, pending, kept, lost };
  Place place = Place::queue;
  Copy spool = Copy::none;
  Copy dead_letter = Copy::none;
  bool arrived = false;
  bool given_up = false;

  [[nodiscard]] bool safe() const {
    return arrived || spool == Copy::kept || dead_letter == Copy::kept;
  }
  [[nodiscard]] bool held() const {
    return place != Place::nowhere || spool == Copy::pending || dead_letter == Copy::pending;
  }
  [[nodiscard]] bool open() const { return !safe() && held(); }
};

class World {
 public:
  explicit World(Configuration configuration) : configuration_(configuration) {
    post_ = &ledger_.open(client_, kStart, WallInstant(std::chrono::seconds(5)));
    ledger_.expect(*post_, kEvents);
  }

  [[nodiscard]] std::vector<Action> possible() const {
    using Kind = Action::Kind;
    using Place = Facts::Place;
    std::vector<Action> all;
    for (std::uint32_t i = 0; i < kEvents; ++i) {
      const Facts& facts = facts_[i];
      const auto may = [&](Kind kind) { all.push_back({kind, i}); };
      if (facts.place == Place::queue) may(Kind::stage);
      if (facts.place == Place::delayed) may(Kind::release);
      if (facts.place == Place::connection) {
        for (const Kind kind : {Kind::put_back, Kind::delay, Kind::deliver, Kind::refuse})
          may(kind);
      }
      if (facts.dead_letter == Facts::Copy::pending) {
        may(Kind::keep_dead_letter);
        may(Kind::lose_dead_letter);
      }
    }
    const auto may = [&](Kind kind) { all.push_back({kind}); };
    if (!expired_ && !answered()) may(Kind::deadline);
    if (spool_pending_) {
      may(Kind::spool_keeps);
      may(Kind::spool_loses);
    }
    if (expired_ && configuration_.spool && !answered()) may(Kind::patience_ends);
    if (!gone_ && !taken_) may(Kind::client_leaves);
    if (!gone_ && !taken_ && answered()) may(Kind::answer_is_taken);
    if (!ended_) may(Kind::gateway_ends);
    return all;
  }

  void apply(const Action& action) {
    using Kind = Action::Kind;
    using Place = Facts::Place;
    Facts& facts = facts_[action.event];
    const EventSlot slot = event(action.event);
    switch (action.kind) {
      case Kind::stage:
        facts.place = Place::connection;
        ledger_.move(slot, EventMove::stage);
        return;
      case Kind::release:
        facts.place = Place::queue;
        ledger_.move(slot, EventMove::release);
        return;
      case Kind::put_back:
      case Kind::delay: come_back(action); return;
      case Kind::deliver:
        facts.place = Place::nowhere;
        facts.arrived = true;
        ledger_.delivered(slot, 200);
        return;
      case Kind::refuse: refuse(action.event); return;
      case Kind::keep_dead_letter:
        facts.dead_letter = Facts::Copy::kept;
        ledger_.dead_lettered(slot, 400, "no");
        return;
      case Kind::lose_dead_letter: lose_dead_letter(action.event, FailReason::refused); return;
      case Kind::deadline: pass_deadline(); return;
      case Kind::spool_keeps:
        spool_speaks(Facts::Copy::kept);
        ledger_.stored(*post_);
        return;
      case Kind::spool_loses:
        spool_speaks(Facts::Copy::lost);
        ledger_.not_stored(*post_, "the spool failed", std::chrono::seconds(5));
        return;
      case Kind::patience_ends: ledger_.tick(kStart + kDeadline + Ledger::kStorePatience); return;
      case Kind::client_leaves:
        gone_ = true;
        ledger_.owner_gone(*post_);
        return;
      case Kind::answer_is_taken:
        taken_ = true;
        ledger_.answer_taken(*post_, kStart + std::chrono::seconds(1));
        return;
      case Kind::gateway_ends: end(); return;
    }
  }

  // Fails the test where the ledger and the facts differ.
  void check() {
    remember_answer();
    ASSERT_EQ(ledger_.impossible_moves(), 0U);
    std::uint64_t open = 0;
    std::uint64_t held = 0;
    for (const Facts& facts : facts_) {
      open += facts.open() ? 1 : 0;
      held += facts.held() ? 1 : 0;
    }
    ASSERT_EQ(ledger_.events_open(), open);
    const std::uint64_t delivered = metrics_.events_delivered.value();
    const std::uint64_t stored =
        metrics_.events_spooled.value() + metrics_.events_dead_lettered.value();
    std::uint64_t failed = 0;
    for (std::size_t i = 0; i < metrics_.events_failed.size(); ++i) {
      failed += metrics_.events_failed[static_cast<FailReason>(i)].value();
    }
    ASSERT_EQ(metrics_.records_received.value(), delivered + stored + failed + open);
    ASSERT_EQ(failed, not_safe() - open);
    const bool needed = held != 0 || !answered() || (!gone_ && !taken_);
    ASSERT_EQ(ledger_.posts(), needed ? 1U : 0U) << "kept exactly as long as somebody needs it";
    if (open == 0) {
      ASSERT_TRUE(answered()) << "nothing is left to be waited for";
    } else if (answered()) {
      ASSERT_TRUE(post_->answer.status == 503U || post_->answer.status == 504U);
    }
  }

  // Tells worlds apart in which different things may happen, or have happened.
  [[nodiscard]] std::string key() const {
    std::string key;
    for (const Facts& facts : facts_) {
      key += static_cast<char>('0' + static_cast<int>(facts.place));
      key += static_cast<char>('0' + static_cast<int>(facts.spool));
      key += static_cast<char>('0' + static_cast<int>(facts.dead_letter));
      key += facts.arrived ? 'a' : '-';
      key += facts.given_up ? 'g' : '-';
    }
    for (const bool flag : {expired_, spool_pending_, gone_, taken_, ended_}) {
      key += flag ? '1' : '0';
    }
    if (ledger_.posts() != 0) {
      for (const EventState state : post_->states) key += static_cast<char>('A' + int(state));
      key += std::to_string(post_->answer.status);
      key += std::to_string(post_->failures.size());
    }
    return key;
  }
  [[nodiscard]] unsigned status() const { return status_.value_or(0); }

 private:
  struct Client final : PostOwner {
    void answer_ready(Post&) override { ++answers; }
    int answers = 0;
  };

  [[nodiscard]] EventSlot event(std::uint32_t index) const {
    EventSlot slot;
    slot.post = post_;
    slot.index = index;
    return slot;
  }
  [[nodiscard]] bool answered() const {
    return ledger_.posts() == 0 || post_->state == Post::State::answered;
  }
  [[nodiscard]] std::uint64_t not_safe() const {
    std::uint64_t count = 0;
    for (const Facts& facts : facts_) count += facts.safe() ? 0 : 1;
    return count;
  }
  // The first look at an answer: it must be true now, and must not change.
  void remember_answer() {
    if (gone_ || !answered() || ledger_.posts() == 0) return;
    if (status_) {
      ASSERT_EQ(post_->answer.status, *status_);
      ASSERT_EQ(client_.answers, 1);
      return;
    }
    status_ = post_->answer.status;
    ASSERT_EQ(client_.answers, 1);
    if (*status_ == 200U) {
      ASSERT_EQ(not_safe(), 0U) << "200 is a promise";
      return;
    }
    ASSERT_TRUE(*status_ == 502U || *status_ == 503U || *status_ == 504U);
    ASSERT_NE(not_safe(), 0U) << "the client would repeat what is safe";
    if (*status_ != 502U) return;
    for (std::uint32_t i = 0; i < kEvents; ++i) {
      const bool named =
          post_->answer.body.find("{\"index\":" + std::to_string(i) + ",") != std::string::npos;
      ASSERT_EQ(named, !facts_[i].safe()) << post_->answer.body;
    }
  }

  // As the eventbus' side decides of what a connection gives back.
  void come_back(const Action& action) {
    Facts& facts = facts_[action.event];
    if (ended_ || expired_) {
      give_up(action.event, ended_ ? FailReason::shutdown : FailReason::deadline);
      return;
    }
    const bool later = action.kind == Action::Kind::delay;
    facts.place = later ? Facts::Place::delayed : Facts::Place::queue;
    ledger_.move(event(action.event), later ? EventMove::delay : EventMove::put_back);
  }
  void refuse(std::uint32_t index) {
    Facts& facts = facts_[index];
    if (configuration_.dead_letters && !expired_) {
      facts.place = Facts::Place::nowhere;
      facts.dead_letter = Facts::Copy::pending;
      ASSERT_EQ(ledger_.move(event(index), EventMove::bury), EventState::to_dead_letters);
    } else {
      give_up(index, FailReason::refused);
    }
  }
  void give_up(std::uint32_t index, FailReason why) {
    facts_[index].place = Facts::Place::nowhere;
    facts_[index].given_up = true;
    ledger_.failed(event(index), why, 0, "given up");
  }
  void lose_dead_letter(std::uint32_t index, FailReason why) {
    facts_[index].dead_letter = Facts::Copy::lost;
    ledger_.failed(event(index), why, 400, "the dead letter was not kept");
  }

  void pass_deadline() {
    expired_ = true;
    bool due = false;
    ledger_.expire(0, kStart + kDeadline, [&](Post& post) {
      ASSERT_EQ(&post, post_);
      due = true;
      if (!configuration_.spool) ledger_.time_out(post);
    });
    ASSERT_TRUE(due);
    if (configuration_.spool) {
      spool_the_rest();
    } else {
      withdraw_waiting(FailReason::deadline);
    }
  }
  void spool_the_rest() {
    ledger_.begin_storing(*post_, kStart + kDeadline);
    for (std::uint32_t i = 0; i < kEvents; ++i) {
      Facts& facts = facts_[i];
      if (facts.place == Facts::Place::nowhere) continue;
      ledger_.move(event(i), EventMove::spool);
      facts.spool = Facts::Copy::pending;
      if (facts.place != Facts::Place::connection) facts.place = Facts::Place::nowhere;
      spool_pending_ = true;
    }
  }
  void withdraw_waiting(FailReason why) {
    for (std::uint32_t i = 0; i < kEvents; ++i) {
      const Facts::Place place = facts_[i].place;
      if (place == Facts::Place::queue || place == Facts::Place::delayed) give_up(i, why);
    }
  }
  void spool_speaks(Facts::Copy said) {
    spool_pending_ = false;
    for (Facts& facts : facts_) {
      if (facts.spool == Facts::Copy::pending) facts.spool = said;
    }
  }
  // The stores are not waited for any more, the post is answered, and nothing is sent again.
  void end() {
    ended_ = true;
    if (spool_pending_) {
      spool_speaks(Facts::Copy::lost);
      ledger_.not_stored(*post_, "stopping", std::chrono::seconds(1));
    }
    for (std::uint32_t i = 0; i < kEvents; ++i) {
      if (facts_[i].dead_letter == Facts::Copy::pending) lose_dead_letter(i, FailReason::shutdown);
    }
    ledger_.abandon_all();
    expired_ = true;
    withdraw_waiting(FailReason::shutdown);
  }

  Configuration configuration_;
  ShardMetrics metrics_;
  Ledger ledger_{metrics_, kDeadline};
  Client client_;
  Post* post_ = nullptr;
  std::array<Facts, kEvents> facts_;
  std::optional<unsigned> status_;  // of the answer, once seen
  bool expired_ = false;
  bool spool_pending_ = false;
  bool gone_ = false;
  bool taken_ = false;
  bool ended_ = false;
};

}  // namespace gateway::test::one_post

#include "testkit/load.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <string>

#include "testkit/load_connection.hpp"

namespace gateway::test {
namespace {

// Fewer than any listener's backlog, so that none is lost and waited for a second.
constexpr std::size_t kConnectingAtOnce = 100;

}  // namespace

Load::Load(Poller& poller, const LoadSettings& settings, PostSource& posts)
    : poller_(poller), settings_(settings), posts_(posts) {
  if (settings_.tls) tls_ = make_client_context(settings_.resume);
  connections_.reserve(settings_.connections);
  for (unsigned i = 0; i < settings_.connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*this));
  }
}

Load::~Load() = default;

bool Load::connected() const noexcept {
  return connects_for_posts() || up_ == connections_.size();
}

void Load::start(TimePoint now) {
  running_ = true;
  if (settings_.rate) {
    schedule_.emplace(settings_.arrivals, *settings_.rate, now, settings_.seed);
  }
  for (const auto& connection : connections_) {
    // A loop, as a closed one fills each connection to its depth.
    for (unsigned i = 0; i < settings_.depth && connection->has_room(); ++i) {
      has_room(*connection, now);
    }
    if (connection->outstanding() != 0) connection->transmit();
  }
}

void Load::connect_more(TimePoint now) {
  while (begun_ < connections_.size() && connecting_ < kConnectingAtOnce) {
    ++connecting_;
    connections_[begun_++]->connect(now);
  }
}

void Load::advance(TimePoint now) {
  if (!connects_for_posts()) connect_more(now);
  end_overdue(now);
  while (!resting_.empty() && resting_.top().until <= now) {
    LoadConnection& connection = *resting_.top().connection;
    resting_.pop();
    connection.wake(now);
  }
  if (!schedule_) return;
  while (running_ && !exhausted_ && schedule_->due() <= now) {
    waiting_.push_back(schedule_->due());
    schedule_->next();
  }
  while (!waiting_.empty()) {
    LoadConnection* const connection = free_connection();
    if (connection == nullptr) return;
    const TimePoint intended = waiting_.front();
    waiting_.pop_front();
    if (begin(*connection, intended)) connection->transmit();
  }
}

Load::TimePoint Load::next_due(TimePoint now) {
  TimePoint due = now + std::chrono::seconds(1);
  if (running_ && !exhausted_ && schedule_) due = std::min(due, schedule_->due());
  if (!resting_.empty()) due = std::min(due, resting_.top().until);
  if (!deadlines_.empty()) due = std::min(due, deadlines_.front().at);
  return due;
}

void Load::expect_answer(LoadConnection& connection, std::uint64_t serial) {
  if (settings_.timeout.count() == 0) return;
  deadlines_.push_back({&connection, serial, std::chrono::steady_clock::now() + settings_.timeout});
}

void Load::end_overdue(TimePoint now) {
  while (!deadlines_.empty() && deadlines_.front().at <= now) {
    const Deadline deadline = deadlines_.front();
    deadlines_.pop_front();
    deadline.connection->overdue(deadline.serial, now);
  }
}

LoadConnection* Load::free_connection() {
  while (!free_.empty()) {
    LoadConnection* const connection = free_.front();
    free_.pop_front();
    connection->listed = false;
    if (connection->has_room()) return connection;
  }
  return nullptr;
}

bool Load::begin(LoadConnection& connection, TimePoint intended) {
  const Post* const post = exhausted_ ? nullptr : posts_.next();
  if (post == nullptr) {
    exhausted_ = true;
    waiting_.clear();
    return false;
  }
  ++outstanding_;
  connection.begin(*post, intended);
  if (schedule_ && connection.has_room() && !connection.listed) {
    connection.listed = true;
    free_.push_back(&connection);
  }
  return true;
}

void Load::opened(LoadConnection& connection, TimePoint now) {
  if (connects_for_posts()) return;
  if (!connection.counted) {
    connection.counted = true;
    --connecting_;
    ++up_;
  }
  if (!running_ && waiting_.empty()) return;
  for (unsigned i = 0; i < settings_.depth && connection.has_room(); ++i) {
    has_room(connection, now);
  }
}

bool Load::completed(const Post& post, TimePoint intended, unsigned status, std::string_view body,
                     TimePoint now) {
  // A post that has ended may be gone.
  const std::uint32_t records = post.records;
  const std::uint32_t bytes = post.body_bytes;
  const bool again = posts_.ended(post, status, body) && running_;
  if (!again) --outstanding_;
  if (status / 100 != 2) {
    ++totals_.errors[std::to_string(status)];
    return again;
  }
  ++totals_.posts;
  totals_.records += records;
  totals_.bytes += bytes;
  if (intended >= measured_from_) latencies_.add(now - intended);
  return again;
}

bool Load::failed(const Post& post, std::string_view why) {
  const bool again = posts_.ended(post, 0, why) && running_;
  if (!again) --outstanding_;
  ++totals_.errors[std::string(why)];
  return again;
}

// In a closed loop the next post begins; the connection transmits when it is back from reading. In
// an open one, a post that has been waiting does, else the connection waits.
void Load::has_room(LoadConnection& connection, TimePoint now) {
  if (!settings_.rate) {
    if (running_) begin(connection, now);
    return;
  }
  if (!waiting_.empty()) {
    const TimePoint intended = waiting_.front();
    waiting_.pop_front();
    begin(connection, intended);
  } else if (!connection.listed) {
    connection.listed = true;
    free_.push_back(&connection);
  }
}

void Load::rest(LoadConnection& connection, TimePoint until) {
  resting_.push({&connection, until});
}

void Load::stop() {
  running_ = false;
  for (const auto& connection : connections_) outstanding_ -= connection->forget_again();
}

void Load::give_up() {
  stop();
  for (const auto& connection : connections_) connection->give_up();
  const std::size_t waiting = waiting_.size();
  if (waiting != 0) totals_.errors["unanswered"] += waiting;
  waiting_.clear();
}

in_addr Load::next_source() noexcept {
  in_addr source{};
  if (settings_.sources <= 1) return source;
  source_ = (source_ + 1) % settings_.sources;
  source.s_addr = htonl(INADDR_LOOPBACK + source_);
  return source;
}

}  // namespace gateway::test

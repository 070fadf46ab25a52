#include "load/load_generator.hpp"

#include <algorithm>
#include <string>

#include "load/load_connection.hpp"

namespace gateway::load {
namespace {

// Fewer than any listener's backlog, so that none is lost and waited for a second.
constexpr std::size_t kConnectingAtOnce = 100;

}  // namespace

LoadGenerator::LoadGenerator(Poller& poller, const LoadSettings& settings, PreparedPosts& posts)
    : poller_(poller), settings_(settings), posts_(posts) {
  if (settings_.tls) tls_ = make_client_context();
  connections_.reserve(settings_.connections);
  for (unsigned i = 0; i < settings_.connections; ++i) {
    connections_.push_back(std::make_unique<LoadConnection>(*this));
  }
}

LoadGenerator::~LoadGenerator() = default;

bool LoadGenerator::connected() const noexcept {
  return settings_.new_connection_per_post || up_ == connections_.size();
}

void LoadGenerator::start(TimePoint now) {
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

void LoadGenerator::connect_more(TimePoint now) {
  while (begun_ < connections_.size() && connecting_ < kConnectingAtOnce) {
    ++connecting_;
    connections_[begun_++]->connect(now);
  }
}

void LoadGenerator::advance(TimePoint now) {
  if (!settings_.new_connection_per_post) connect_more(now);
  while (!resting_.empty() && resting_.top().until <= now) {
    LoadConnection& connection = *resting_.top().connection;
    resting_.pop();
    connection.wake(now);
  }
  if (!schedule_) return;
  while (running_ && schedule_->due() <= now) {
    waiting_.push_back(schedule_->due());
    schedule_->next();
  }
  while (!waiting_.empty()) {
    LoadConnection* const connection = free_connection();
    if (connection == nullptr) return;
    begin(*connection, waiting_.front());
    waiting_.pop_front();
    connection->transmit();
  }
}

LoadGenerator::TimePoint LoadGenerator::next_due(TimePoint now) const {
  TimePoint due = now + std::chrono::seconds(1);
  if (running_ && schedule_) due = std::min(due, schedule_->due());
  if (!resting_.empty()) due = std::min(due, resting_.top().until);
  return due;
}

LoadConnection* LoadGenerator::free_connection() {
  while (!free_.empty()) {
    LoadConnection* const connection = free_.front();
    free_.pop_front();
    connection->listed = false;
    if (connection->has_room()) return connection;
  }
  return nullptr;
}

void LoadGenerator::begin(LoadConnection& connection, TimePoint intended) {
  ++outstanding_;
  connection.begin(posts_.next(), intended);
  if (schedule_ && connection.has_room() && !connection.listed) {
    connection.listed = true;
    free_.push_back(&connection);
  }
}

void LoadGenerator::opened(LoadConnection& connection, TimePoint now) {
  if (settings_.new_connection_per_post) return;
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

void LoadGenerator::completed(const PreparedPost& post, TimePoint intended, unsigned status,
                              TimePoint now) {
  --outstanding_;
  if (status / 100 != 2) {
    ++totals_.errors[std::to_string(status)];
    return;
  }
  ++totals_.posts;
  totals_.records += post.records;
  totals_.bytes += post.body_bytes;
  if (intended >= measured_from_) latencies_.add(now - intended);
}

void LoadGenerator::failed(std::string_view why, std::size_t posts) {
  if (posts == 0) return;
  outstanding_ -= posts;
  totals_.errors[std::string(why)] += posts;
}

// In a closed loop the next post begins; the connection transmits when it is back from reading. In
// an open one, a post that has been waiting does, else the connection waits.
void LoadGenerator::has_room(LoadConnection& connection, TimePoint now) {
  if (!settings_.rate) {
    if (running_) begin(connection, now);
    return;
  }
  if (!waiting_.empty()) {
    begin(connection, waiting_.front());
    waiting_.pop_front();
  } else if (!connection.listed) {
    connection.listed = true;
    free_.push_back(&connection);
  }
}

void LoadGenerator::rest(LoadConnection& connection, TimePoint until) {
  resting_.push({&connection, until});
}

void LoadGenerator::give_up() {
  for (const auto& connection : connections_) {
    failed("unanswered", connection->outstanding());
    connection->close();
  }
  const std::size_t waiting = waiting_.size();
  if (waiting != 0) totals_.errors["unanswered"] += waiting;
  waiting_.clear();
}

in_addr LoadGenerator::next_source() noexcept {
  in_addr source{};
  if (settings_.sources <= 1) return source;
  source_ = (source_ + 1) % settings_.sources;
  source.s_addr = htonl(INADDR_LOOPBACK + source_);
  return source;
}

}  // namespace gateway::load

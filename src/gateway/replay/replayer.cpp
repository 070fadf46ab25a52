#include "gateway/replay/replayer.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <exception>
#include <utility>

#include "events/cloud_event.hpp"
#include "gateway/config/endpoint.hpp"
#include "runtime/tick_interval.hpp"

namespace gateway::replay {
namespace {

using egress::StoreKind;

constexpr std::size_t kOpenBytes = std::size_t{16} << 20;
// Noted rows between two checkpoints, which nobody else makes: about 16 MiB of the store's log.
constexpr std::size_t kRowsPerCheckpoint = 10'000;
// For counting what a replay that ended early has left.
constexpr std::chrono::milliseconds kCountWithin{1000};

// What is sent from a store is not to be stored again: its row stays until it is delivered.
config::Settings without_stores(config::Settings settings) {
  settings.spool = {};
  settings.dead_letter = {};
  return settings;
}

config::Endpoint endpoint_of(const config::Settings& settings) {
  return *config::parse_endpoint(settings.target, settings.eventbus, settings.delivery.profile);
}

std::unique_ptr<tls::TlsSource> tls_of(const config::Settings& settings) {
  if (!endpoint_of(settings).tls) return nullptr;
  return std::make_unique<tls::TlsSource>(tls::Side::client, settings.delivery.tls);
}

}  // namespace

Replayer::Replayer(const config::Settings& settings, egress::EventStore& store, StoreKind kind,
                   ReplayOptions options, OnProgress on_progress)
    : store_(store),
      kind_(kind),
      options_(std::move(options)),
      on_progress_(std::move(on_progress)),
      ledger_(metrics_, settings.delivery.deadline),
      turn_end_(context_.get_executor(), [this] { eventbus_.flush(); }),
      transports_(context_.get_executor(), clock_, turn_end_),
      tls_(tls_of(settings)),
      custody_({context_.get_executor(), clock_, ledger_, [this] { turn_end_.request(); }},
               without_stores(settings), endpoint_of(settings), egress::Stores()),
      eventbus_(
          {context_.get_executor(), clock_, ledger_, custody_, metrics_, turn_end_, transports_,
           tls_.get()},
          without_stores(settings), endpoint_of(settings)),
      walk_(store, options_.filter, options_.limit),
      pace_(options_.rate),
      window_(settings.delivery.deadline, std::size_t{2} * settings.delivery.connections),
      tick_every_(tick_interval(std::min(settings.delivery.timeout, settings.delivery.deadline))),
      tick_timer_(context_.get_executor()),
      signals_(context_),
      changed_(context_.get_executor()) {}

ReplayResult Replayer::run() {
  if (options_.on_signals) {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    watch_signals();
  }
  std::exception_ptr failure;
  const auto done = [this, &failure](const std::exception_ptr& error) {
    if (error) {
      failure = error;
      context_.stop();
    }
    ended_ = true;
    tick_timer_.cancel();
    signals_.cancel();
  };
  asio::co_spawn(context_.get_executor(), tick_loop(), done);
  asio::co_spawn(context_.get_executor(), live(), done);
  context_.run();
  if (failure) std::rethrow_exception(failure);
  return std::move(result_);
}

void Replayer::stop() {
  asio::post(context_, [this] { stop_now(); });
}

void Replayer::watch_signals() {
  signals_.async_wait([this](const error_code& error, int) {
    if (error) return;
    stop_now();
    watch_signals();
  });
}

void Replayer::stop_now() {
  const Instant now = clock_.refresh();
  stop_at_ = stop_at_ ? now : now + options_.grace;
  changed_.notify_all();
}

Task<void> Replayer::live() {
  transports_.start();
  eventbus_.start();
  for (;;) {
    take_answers();
    if (must_read()) read_on();
    hand_over();
    if (book_.must_note(clock_.now())) note_delivered();
    if (finished()) break;
    const Instant until = next_look();
    co_await changed_.wait_until(until);
  }
  co_await eventbus_.stop();
  transports_.stop();
  take_answers();
  note_delivered();
  result_.counts = book_.counts();
  count_rest();
  result_.selected = result_.counts.handed_over;
  result_.damaged = walk_.damaged();
  result_.not_marked = book_.unnoted().size();
  if (!result_.error.empty()) {
    result_.end = ReplayResult::End::store_failed;
  } else if (book_.unavailable()) {
    result_.end = ReplayResult::End::unavailable;
  } else if (stop_at_ && result_.counts.left != 0) {
    result_.end = ReplayResult::End::stopped;
  }
  report(clock_.refresh());
}

Task<void> Replayer::tick_loop() {
  while (!ended_) {
    clock_.tick();
    const Instant now = clock_.now();
    eventbus_.tick(now);
    window_.observe(book_.counts().delivered + book_.counts().refused, now);
    report(now);
    changed_.notify_all();
    tick_timer_.expires_at(now + tick_every_);
    co_await tick_timer_.async_wait(tuple);
  }
}

bool Replayer::ending() const noexcept {
  return stop_at_ || book_.unavailable() || !result_.error.empty();
}

bool Replayer::finished() const noexcept {
  if (book_.unavailable() || !result_.error.empty()) return true;
  if (flights_.empty()) return stop_at_ || (walk_.at_end() && !walk_.available());
  return stop_at_ && clock_.now() >= *stop_at_;
}

bool Replayer::must_read() const noexcept {
  return !ending() && !walk_.available() && !walk_.at_end();
}

Instant Replayer::next_look() const noexcept {
  const Instant now = clock_.now();
  // Reading is done in pieces, between which the connections are served.
  if (must_read()) return now;
  const Instant paced = pace_.next(now);
  const bool waits_for_pace = !ending() && walk_.available() && paced > now;
  return waits_for_pace ? paced : Instant::max();
}

void Replayer::read_on() {
  const auto read = walk_.read_on();
  if (!read) result_.error = read.error().text();
}

void Replayer::hand_over() {
  if (ending()) return;
  const Instant now = clock_.refresh();
  const std::size_t allowed = pace_.allowed(now);
  std::size_t taken = 0;
  while (taken < allowed && walk_.available() && flights_.size() < window_.size()) {
    const std::size_t bytes = walk_.front().event.json.size();
    if (!flights_.empty() && eventbus_.queue().bytes() + bytes > kOpenBytes) break;
    if (!eventbus_.queue().admits(1, bytes)) break;
    const egress::StoredRow row = walk_.take();
    auto event = events::read_structured_event(row.event.json);
    book_.handed_over();
    ++taken;
    if (!event) {  // not to be, as the store gives out no such row
      book_.refused(0, now);
      continue;
    }
    Post& post = ledger_.open(*this, now, clock_.wall(now));
    EventSlot slot;
    slot.post = &post;
    slot.length = static_cast<std::uint32_t>(event->data.size());
    post.passed_on.push_back(std::move(*event));
    ledger_.expect(post, 1);
    flights_.emplace(&post, ReplayBook::Flight{row.seq, now});
    eventbus_.queue().push(slot);
  }
  if (taken == 0) return;
  pace_.took(taken);
  turn_end_.request();
}

void Replayer::answer_ready(Post& post) {
  answered_.push_back(&post);
  changed_.notify_all();
}

void Replayer::take_answers() {
  const Instant now = clock_.now();
  for (Post* const post : answered_) take_answer(*post, now);
  answered_.clear();
}

void Replayer::take_answer(Post& post, Instant now) {
  const auto found = flights_.find(&post);
  const ReplayBook::Flight flight = found->second;
  flights_.erase(found);
  const unsigned refusal = post.failures.empty() ? 0 : post.failures.front().status;
  if (post.answer.status / 100 == 2) {
    book_.delivered(flight, now);
  } else if (post.expired) {
    book_.missed(flight);
  } else if (refusal != 0) {
    book_.refused(refusal, now);
  } else {
    book_.left();
  }
  ledger_.answer_taken(post, now);
}

void Replayer::note_delivered() {
  if (book_.unnoted().empty()) return;
  std::string error;
  if (kind_ == StoreKind::spool) {
    const auto removed = store_.remove(book_.unnoted());
    if (!removed) error = removed.error().text();
  } else {
    const auto marked = store_.mark_replayed(book_.unnoted(), clock_.wall(clock_.now()));
    if (!marked) error = marked.error().text();
  }
  if (!error.empty()) {
    result_.error = std::move(error);
    return;
  }
  since_checkpoint_ += book_.unnoted().size();
  book_.noted();
  if (since_checkpoint_ < kRowsPerCheckpoint) return;
  since_checkpoint_ = 0;
  if (const auto moved = store_.checkpoint(); !moved) result_.error = moved.error().text();
}

// What would have come next, in a second at most.
void Replayer::count_rest() {
  std::uint64_t rest = 0;
  const Instant deadline = clock_.refresh() + kCountWithin;
  const auto count = [&] {
    for (; walk_.available(); ++rest) static_cast<void>(walk_.take());
  };
  count();
  while (result_.error.empty() && !walk_.at_end() && clock_.refresh() < deadline) {
    read_on();
    count();
  }
  result_.more = !walk_.at_end();
  result_.counts.handed_over += rest;
  result_.counts.left += rest;
}

void Replayer::report(Instant now) const {
  if (!on_progress_) return;
  ReplayProgress progress;
  progress.counts = book_.counts();
  progress.fraction = walk_.fraction();
  progress.per_second = window_.per_second();
  on_progress_(progress, now);
}

}  // namespace gateway::replay

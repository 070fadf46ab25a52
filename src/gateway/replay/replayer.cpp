#include "gateway/replay/replayer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <csignal>
#include <exception>
#include <utility>

#include "gateway/config/targets.hpp"
#include "gateway/observe/observation.hpp"
#include "runtime/tick_interval.hpp"

namespace gateway::replay {
namespace {

using egress::StoreKind;

// How long the rest may be counted after a replay that ended early.
constexpr std::chrono::milliseconds kCountWithin{1000};

// An event that is sent from a store is not stored again: its row stays until it is delivered.
config::Settings without_stores(config::Settings settings) {
  settings.spool = {};
  settings.dead_letter = {};
  return settings;
}

config::Endpoint endpoint_of(const config::Settings& settings, const ReplayOptions& options) {
  return options.endpoint ? *options.endpoint : config::Targets(settings).endpoints().front();
}

std::unique_ptr<tls::TlsSource> tls_of(const config::Settings& settings,
                                       const config::Endpoint& endpoint) {
  if (!endpoint.tls) return nullptr;
  return std::make_unique<tls::TlsSource>(tls::Side::client, settings.delivery.tls);
}

}  // namespace

void ReplayResult::add(const ReplayResult& other) {
  end = std::max(end, other.end);
  if (error.empty()) error = other.error;
  counts.handed_over += other.counts.handed_over;
  counts.delivered += other.counts.delivered;
  counts.refused += other.counts.refused;
  counts.failed += other.counts.failed;
  counts.left += other.counts.left;
  for (const auto& [status, events] : other.counts.refusals) counts.refusals[status] += events;
  selected += other.selected;
  more = more || other.more;
  damaged += other.damaged;
  not_marked += other.not_marked;
}

Replayer::Replayer(const config::Settings& settings, egress::EventStore& store, StoreKind kind,
                   ReplayOptions options, OnProgress on_progress)
    : source_(store, kind, options.filter, options.limit, options.last),
      options_(std::move(options)),
      deadline_(settings.delivery.deadline),
      on_progress_(std::move(on_progress)),
      endpoint_(endpoint_of(settings, options_)),
      ledger_(metrics_, settings.delivery.deadline),
      turn_end_(context_.get_executor(), [this] { eventbus_.flush(); }),
      transports_(context_.get_executor(), clock_, turn_end_),
      tls_(tls_of(settings, endpoint_)),
      spooler_({context_.get_executor(), clock_, ledger_, [this] { turn_end_.request(); }},
               without_stores(settings), endpoint_, egress::Stores()),
      eventbus_({context_.get_executor(), clock_, ledger_, spooler_, pace_, metrics_, turn_end_,
                 transports_, supervisor_, tls_.get(),
                 [this](unsigned number) { token_keeper_->rejected(number); }},
                without_stores(settings), endpoint_),
      replay_({context_.get_executor(), clock_, ledger_, eventbus_}, source_,
              {0, {}, settings.delivery.deadline, options_.rate, this}),
      tick_every_(tick_interval(std::min(settings.delivery.timeout, settings.delivery.deadline))),
      tick_timer_(context_.get_executor()),
      signals_(context_),
      changed_(context_.get_executor()) {
  if (settings.delivery.oauth2.token_url.empty()) return;
  token_keeper_ = std::make_unique<egress::TokenKeeper>(
      context_.get_executor(), settings.delivery, supervisor_,
      [this](const egress::Authorization& authorization) { eventbus_.authorize(authorization); });
}

ReplayResult Replayer::run() {
  if (options_.on_signals) {
    signals_.add(SIGINT);
    signals_.add(SIGTERM);
    watch_signals();
  }
  std::exception_ptr failure;
  begun_ = clock_.refresh();
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
  replay_.pause();
  changed_.notify_all();
}

Task<void> Replayer::live() {
  transports_.start();
  if (token_keeper_) token_keeper_->start();
  eventbus_.start();
  while (!finished()) co_await changed_.wait();
  replay_.stop();
  if (token_keeper_) token_keeper_->stop();
  co_await eventbus_.stop();
  // The outcome of the last events is reported at the end of a turn.
  const Instant told_by = clock_.refresh() + kCountWithin;
  while (replay_.posts() != 0 && clock_.now() < told_by) co_await changed_.wait_until(told_by);
  transports_.stop();
  source_.finish();
  result_.counts = counts_;
  count_rest();
  result_.selected = result_.counts.handed_over;
  result_.damaged += source_.walk().damaged();
  result_.not_marked = source_.not_noted();
  result_.error = source_.error();
  if (!result_.error.empty()) {
    result_.end = ReplayResult::End::store_failed;
  } else if (unavailable_) {
    result_.end = ReplayResult::End::unavailable;
    if (const BusAnswer& last = eventbus_.last_answer(); last.at != Instant()) {
      result_.error = fmt::format("{}; {}", observe::described(last), observe::remedy_for(last));
    }
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
    ledger_.tick(now);
    replay_.tick(now);
    report(now);
    changed_.notify_all();
    tick_timer_.expires_at(now + tick_every_);
    co_await tick_timer_.async_wait(tuple);
  }
}

bool Replayer::finished() const {
  if (unavailable_ || !source_.error().empty()) return true;
  if (replay_.idle()) return stop_at_ || source_.at_end();
  return stop_at_ && clock_.now() >= *stop_at_;
}

void Replayer::delivered(std::size_t events, Instant now) {
  counts_.delivered += events;
  if (events != 0) last_answer_ = now;
}

void Replayer::refused(unsigned status, Instant now) {
  ++counts_.refused;
  ++counts_.refusals[status];
  last_answer_ = now;
}

void Replayer::put_off(std::size_t events, Instant now) {
  if (events == 0) return;
  counts_.handed_over -= events;
  if (now - last_answer_.value_or(begun_) > deadline_) unavailable_ = true;
}

void Replayer::not_delivered(std::size_t events, Instant begun, bool stopped) {
  (stopped ? counts_.left : counts_.failed) += events;
  if (stopped || events == 0) return;
  // If nothing else is left, it may only be these that the eventbus does not take.
  const bool only_these = last_answer_ && source_.at_end();
  if (!only_these && (!last_answer_ || *last_answer_ < begun)) unavailable_ = true;
}

void Replayer::unreadable(std::size_t rows) {
  counts_.handed_over -= rows;
  result_.damaged += rows;
}

// Counts the rows that would have come next, for a second at most.
void Replayer::count_rest() {
  const auto rest = source_.count_rest(clock_.refresh() + kCountWithin);
  result_.more = !source_.at_end();
  result_.counts.handed_over += rest;
  result_.counts.left += rest;
}

// Returns which share of the store is done: not what was read, but what of it is settled.
double Replayer::fraction() const {
  const egress::RowWalk& walk = source_.walk();
  if (walk.taken() == 0) return walk.fraction();
  const auto settled =
      static_cast<double>(counts_.delivered + counts_.refused + counts_.failed + result_.damaged);
  return walk.fraction() * settled / static_cast<double>(walk.taken());
}

void Replayer::report(Instant now) {
  constexpr std::chrono::milliseconds kRateOver{500};
  if (now - reported_at_ >= kRateOver) {
    const std::uint64_t answered = counts_.delivered + counts_.refused;
    if (reported_at_ != Instant()) {
      per_second_ = static_cast<double>(answered - answered_before_) /
                    std::chrono::duration<double>(now - reported_at_).count();
    }
    answered_before_ = answered;
    reported_at_ = now;
  }
  if (!on_progress_) return;
  ReplayProgress progress;
  progress.counts = counts_;
  progress.fraction = fraction();
  progress.per_second = per_second_;
  on_progress_(progress, now);
}

}  // namespace gateway::replay

#include "gateway/egress/access/token_keeper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

#include "gateway/config/endpoint.hpp"
#include "runtime/log.hpp"
#include "runtime/random_seed.hpp"

namespace gateway::egress {

TokenKeeper::TokenKeeper(const Executor& executor, const config::Delivery& delivery,
                         Supervisor& supervisor, OnChange on_change)
    : executor_(executor),
      where_(config::redacted_target(delivery.oauth2.token_url)),
      timeout_(delivery.timeout),
      part_(supervisor, "access token"),
      on_change_(std::move(on_change)),
      client_(executor, delivery),
      life_(random_seed()),
      wake_(executor) {}

void TokenKeeper::start() {
  const auto run = [this] { return keep(); };
  const auto holds_nothing = [] {};
  const auto stopping = [this] { return stopping_; };
  asio::co_spawn(executor_, keep_running(part_, executor_, run, holds_nothing, stopping),
                 asio::detached);
}

void TokenKeeper::stop() {
  stopping_ = true;
  client_.cancel();
  wake_.notify_all();
}

void TokenKeeper::rejected(unsigned number) {
  life_.rejected(number, SteadyClock::now());
  wake_.notify_all();
}

Task<void> TokenKeeper::keep() {
  while (!stopping_) {
    const Instant at = life_.fetch_at();
    if (SteadyClock::now() >= at) {
      co_await fetch();
    } else {
      co_await wake_.wait_until(at);
    }
  }
}

Task<void> TokenKeeper::fetch() {
  const Instant asked = SteadyClock::now();
  const TokenResult token = co_await client_.fetch(timeout_);
  if (stopping_) co_return;
  const bool was_well = current_.problem.empty();
  if (token) {
    life_.fetched(token->lifetime(), asked);
    current_.value = Secret("Bearer " + token->text().reveal());
    current_.number = life_.number();
    current_.valid_until = life_.valid_until();
    current_.problem.clear();
    if (current_.number == 1 || !was_well) {
      log::info("there is an access token for the eventbus", {{"token_url", where_}});
    } else {
      log::debug("access token renewed", {{"token_url", where_}});
    }
  } else {
    life_.failed(SteadyClock::now());
    current_.problem = client_.host() + " " + token.error().text();
    if (was_well) {
      const bool valid = current_.valid_until > SteadyClock::now();
      log::error(valid ? "the access token for the eventbus is not renewed; the one at hand is "
                         "still valid"
                       : "there is no access token for the eventbus: events wait; see "
                         "delivery.oauth2",
                 {{"token_url", where_}, {"error", token.error().text()}});
    }
  }
  on_change_(current_);
}

}  // namespace gateway::egress
